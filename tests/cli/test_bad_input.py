"""A database that cannot be reached, or a bad configuration: what is wrong, exit 1 or 2, no secret."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.console import Console
from tests.cli.failures import SECRET, well_told
from tests.support.postgres_server import PostgresServer


def test_no_such_driver(console: Console) -> None:
    """A driver that is not installed."""
    done = console("run", "--database-url", f"postgresql+nosuch://app:{SECRET}@localhost/shop")
    well_told(done, "no-such-driver", 2)


def test_a_database_that_is_not_supported(console: Console) -> None:
    """MySQL is named as what it is."""
    well_told(
        console("run", "--database-url", f"mysql://app:{SECRET}@localhost/shop"), "unsupported-database", 2
    )


def test_a_wrong_password(console: Console, server: PostgresServer) -> None:
    """The server says no; neither the right nor the wrong password is shown."""
    role, right = f"role_{secrets.token_hex(4)}", f"{SECRET}-right"
    server.create_password_role(role, right)
    url = server.url("postgres", tcp=True, user=role, password=f"{SECRET}-wrong")
    try:
        for words in (("run",), ("status",), ("journal",), ("plan",), ("validate",), ("resume",)):
            well_told(console(*words, "--database-url", url), "authentication-failed", 1)
    finally:
        server.admin_execute(f'DROP ROLE "{role}"')


def test_nobody_listens(console: Console) -> None:
    """Refused, and given up at once where the limit is none."""
    url = f"postgresql://app:{SECRET}@127.0.0.1:1/shop"
    well_told(console("run", "--database-url", url, "--wait-limit", "0"), "connection-refused", 1)
    well_told(console("status", "--database-url", url), "connection-refused", 1)


def test_a_file_that_is_not_a_database_is_left_as_it_is(console: Console) -> None:
    """Every command says so, and none writes to it."""
    text = "this is a letter, not a database\n" * 100
    file = console.folder / "letter.db"
    file.write_text(text)
    for command in ("run", "status", "journal", "plan", "validate", "repair", "resume"):
        well_told(console(command, "--database-url", "sqlite:///letter.db"), "not-a-database", 1)
    assert file.read_text() == text


def test_a_folder_that_is_not_there(console: Console) -> None:
    """SQLite makes files, not folders."""
    well_told(console("run", "--database-url", "sqlite:///not/there/app.db"), "folder-missing", 1)


@pytest.mark.parametrize(
    ("content", "reference"),
    [
        ('databse_url = "sqlite:///app.db"', "unknown-setting"),
        ('lock_timeout = "soon"', "bad-setting"),
        ("database_url = ", "settings-file-unreadable"),
        ('migrations = "nowhere"\ndatabase_url = "sqlite:///app.db"', "migrations-not-found"),
        ('metadata = "shop.models:db"\ndatabase_url = "sqlite:///app.db"', "bad-metadata"),
        ('base = "shop.legacy:make"\ndatabase_url = "sqlite:///app.db"', "bad-base"),
        ('app = "shop:create_app"', "bad-app"),
        ('seeds = ["nowhere"]\ndatabase_url = "sqlite:///app.db"', "seeds-not-found"),
    ],
)
def test_a_configuration_with_a_mistake(console: Console, content: str, reference: str) -> None:
    """The error names the file and the nearest name; nothing was created."""
    (console.folder / "initdb.toml").write_text(content + "\n")
    well_told(console("run"), reference, 2)
    assert not (console.folder / "app.db").exists()
    if reference == "unknown-setting":
        assert "did you mean database_url?" in console("run").stderr


def test_a_working_directory_that_is_gone(console: Console, tmp_path: Path) -> None:
    """The shell stands in a folder that somebody deleted."""
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m initdb status"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, env=console.environ)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "error: settings-file-unreadable" in done.stderr
