"""Where each setting comes from, and what hides, contradicts or betrays what."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.console import Console
from tests.doctor.examined import examine
from tests.support.toy import Toy

SECRET = "hunter2"


def add(console: Console, *lines: str) -> Path:
    """More lines in the settings file."""
    file = console.folder / "initdb.toml"
    with file.open("a") as opened:
        opened.writelines(f"{line}\n" for line in lines)
    return file


def test_each_value_and_its_place(console: Console, sqlite_toy: Toy) -> None:
    """A file, a variable, an option; defaults are not listed."""
    file = add(console, 'wait_limit = "2m"')
    found = examine(console, "--batch-size", "7", INITDB_ATTEMPTS="3")
    texts = found.of("ok")
    assert f"wait_limit = 120.0, from {file}." in texts
    assert "attempts = 3, from INITDB_ATTEMPTS." in texts
    assert "batch_size = 7, from this command." in texts
    assert not any("lock_timeout" in text for text in texts)


def test_nothing_is_configured(console: Console) -> None:
    """What a run would assume is said, and nothing is created."""
    found = examine(console)
    assert found.problems == []
    assert found.says("ok", "Nothing is set")
    assert found.says("ok", "Assumed, since nothing is configured: database: sqlite:///initdb.db")
    assert list(console.folder.iterdir()) == []


def test_a_variable_hides_a_file(console: Console, sqlite_toy: Toy) -> None:
    """Unless it says the same; unset, as the fix says, it is gone."""
    file = add(console, 'mode = "work"')
    found = examine(console, INITDB_MODE="wait")
    assert found.says("warning", f"mode: INITDB_MODE hides work in {file}.")
    assert found.fix("mode: INITDB_MODE").endswith("unset INITDB_MODE")
    assert not examine(console).says("warning", "INITDB_MODE hides")
    assert not examine(console, INITDB_MODE="work").says("warning", "INITDB_MODE hides")
    assert not examine(console, "--mode", "wait").says("warning", "hides work")


def test_two_files(console: Console, sqlite_toy: Toy) -> None:
    """pyproject.toml and initdb.toml in one folder."""
    add(console, "attempts = 4")
    (console.folder / "pyproject.toml").write_text("[tool.initdb]\nattempts = 3\n")
    found = examine(console)
    assert found.says("warning", "initdb.toml hides 3 in ")
    assert "Remove one of the two" in found.fix("hides 3")


def test_two_urls(console: Console, sqlite_toy: Toy, tmp_path: Path) -> None:
    """INITDB_DATABASE_URL and DATABASE_URL."""
    theirs = f"sqlite:///{tmp_path}/other.db"
    found = examine(console, INITDB_DATABASE_URL=sqlite_toy.url, DATABASE_URL=theirs)
    assert found.says("warning", f"INITDB_DATABASE_URL ({sqlite_toy.url}) hides DATABASE_URL ({theirs}).")
    assert not examine(console, INITDB_DATABASE_URL=sqlite_toy.url).says("warning", "DATABASE_URL (")


@pytest.mark.parametrize(
    ("line", "part"),
    [("retries = 3", "retries in"), ('mode = "sometimes"', "mode in"), ("mode = [", "initdb.toml, line")],
)
def test_what_is_no_setting(console: Console, sqlite_toy: Toy, line: str, part: str) -> None:
    """The finding is the error of a run. Taken out, all is well."""
    file = console.folder / "initdb.toml"
    before = file.read_text()
    file.write_text(f"{line}\n{before}")
    found = examine(console)
    if "line" not in part:
        assert found.says("problem", part)
    assert len(found.problems) == 1
    assert "initdb.toml" in found.problems[0]
    file.write_text(before)
    assert examine(console).problems == []


def test_work_on_another_database(console: Console, pg: Toy) -> None:
    """A typing error in one of the two."""
    other = pg.url.replace("/test_", "/text_")
    found = examine(console, INITDB_WORK_URL=other)
    assert found.says("problem", "leads to another database than database_url")
    assert "INITDB_WORK_URL" in found.fix("leads to another database")
    assert not examine(console, INITDB_WORK_URL=pg.url).says("problem", "another database")


@pytest.mark.parametrize("mode", ["off", "check"])
def test_boots_that_do_not_work(console: Console, sqlite_toy: Toy, mode: str) -> None:
    """Something else must."""
    found = examine(console, INITDB_MODE=mode)
    assert found.says("warning", f"mode = {mode}: a boot ")
    assert not examine(console).says("warning", "a boot ")


def test_a_password_that_others_can_read(console: Console, pg: Toy) -> None:
    """In the settings file; the fix hides it. It is never printed."""
    file = console.folder / "initdb.toml"
    file.write_text(file.read_text().replace("postgres@", f"postgres:{SECRET}@"))
    file.chmod(0o644)
    done = console("doctor")
    assert SECRET not in done.output
    assert SECRET not in console("doctor", "--json").output
    found = examine(console)
    assert found.fix("has a password in it") == f"chmod 600 {file}"
    file.chmod(0o600)
    assert not examine(console).says("warning", "has a password")


def test_the_administrators_password(console: Console, tmp_path: Path) -> None:
    """A file that is not there, then one that others can read."""
    file = tmp_path / "password"
    environ = {"INITDB_ADMIN_PASSWORD_FILE": str(file)}
    assert examine(console, **environ).says(
        "problem", f"admin_password_file names {file}, which does not exist."
    )
    file.write_text(SECRET)
    file.chmod(0o644)
    assert examine(console, **environ).fix("has a password in it") == f"chmod 600 {file}"
    file.chmod(0o600)
    assert examine(console, **environ).problems == []


def test_a_database_that_none_is_called(console: Console, sqlite_toy: Toy) -> None:
    """Of several databases: the names that there are, and no traceback."""
    found = examine(console, "--database", "stock")
    assert len(found.problems) == 1
    assert "database is 'stock'" in found.problems[0]
    assert examine(console).problems == []
