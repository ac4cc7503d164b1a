"""Whatever is wrong: the error says what and how to mend it, with 1 or 2, without a traceback or a secret."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.console import Console
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy

SECRET = "hunter2-is-not-shown"
HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "a\x00b",
    "\ud800lone",
    "'; DROP TABLE init_journal; --",
    "[bold]markup[/bold] :smile: {0} %s %(x)s",
    "x" * 5000,
    "\u202eright-to-left",
    "line\nbreak\r\tand tab",
    f"postgresql://u:{SECRET}@h/d",
    "",
    "   ",
]
SETTINGS_WITH_TEXT = [
    "--database-url",
    "--work-url",
    "--app",
    "--metadata",
    "--migrations",
    "--seeds",
    "--base",
    "--schema-from",
    "--ignore",
    "--lock-timeout",
    "--wait-limit",
    "--attempts",
    "--batch-size",
    "--admin-password-file",
    "--application",
    "--journal-schema",
    "--mode",
]


def well_told(done: Result, reference: str, code: int) -> None:
    """The shape that every failure has."""
    assert done.exit_code == code, done.output
    assert f"error: {reference}\n" in done.stderr
    assert f"more: initdb explain {reference}" in done.stderr
    assert "mend:" in done.stderr
    harmless(done)


def harmless(done: Result) -> None:
    """No traceback, no secret, nothing that moves the cursor."""
    assert done.exit_code in (0, 1, 2, 3), done.output
    assert "Traceback" not in done.output
    assert "internal-error" not in done.output
    assert SECRET not in done.output
    assert done.output.replace("\n", "").isprintable()


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
        ('app = "shop:create_app"', "bad-app"),
        ('seeds = ["nowhere"]\ndatabase_url = "sqlite:///app.db"', "seeds-not-found"),
    ],
)
def test_a_configuration_with_a_mistake(console: Console, content: str, reference: str) -> None:
    """The file and the nearest name are told; nothing was made."""
    (console.folder / "initdb.toml").write_text(content + "\n")
    well_told(console("run"), reference, 2)
    assert not (console.folder / "app.db").exists()
    if reference == "unknown-setting":
        assert "did you mean database_url?" in console("run").stderr


@pytest.mark.parametrize(
    ("body", "reference"),
    [
        ("    op.execute('SELECT 1'", "revision-unparsable"),
        ("    op.get_bind().commit()", "revision-committed-itself"),
        ("    op.execute('SELECT * FROM nowhere')", "revision-failed"),
    ],
)
def test_a_revision_with_a_mistake(console: Console, toy: Toy, body: str, reference: str) -> None:
    """What came before it stands, and it left nothing."""
    toy.revision(4, body)
    well_told(console("run"), reference, 1)
    assert "004_r4.py" in console("run").stderr


def test_two_heads(console: Console, sqlite_toy: Toy) -> None:
    """Two developers added a revision each."""
    path = sqlite_toy.revision(4, "    pass")
    path.with_name("other.py").write_text(path.read_text().replace('"r4"', '"other"'))
    well_told(console("run"), "multiple-heads", 1)


def test_a_seed_with_a_missing_column(console: Console, toy: Toy) -> None:
    """The revisions stand; the seed's column is named."""
    columns = 'sa.Column("name", sa.String(9), unique=True), sa.Column("kind", sa.String(9), nullable=False)'
    toy.revision(4, f'    op.create_table("t4", sa.Column("id", sa.Integer, primary_key=True), {columns})')
    (toy.seeds / "20_t4.csv").write_text("name\nfirst\n")
    done = console("run")
    well_told(done, "seed-rejected", 1)
    assert "20_t4.csv line 2: t4" in done.stderr
    assert "kind" in done.stderr
    assert toy.sql("SELECT count(*) FROM t1") == [(6,)]


@pytest.mark.parametrize("option", SETTINGS_WITH_TEXT)
def test_hostile_text_in_every_setting(console: Console, option: str) -> None:
    """Whatever a setting holds, it is refused or taken, and printed harmlessly."""
    for number, text in enumerate(HOSTILE):
        url = () if option == "--database-url" else ("--database-url", f"sqlite:///h{number}.db")
        harmless(console("status", *url, option, text))


def test_hostile_text_in_names_and_arguments(console: Console, sqlite_toy: Toy) -> None:
    """Revisions, runs, types, states, times, references, users."""
    console("run")
    commands = [
        ("rollback", "--to"),
        ("release",),
        ("resume", "--retry"),
        ("resume", "--mark-applied"),
        ("journal", "--run"),
        ("journal", "--type"),
        ("journal", "--state"),
        ("journal", "--since"),
        ("journal", "--last"),
        ("explain",),
        ("admin", "set-password"),
    ]
    for words in commands:
        for text in HOSTILE:
            harmless(console(*words, text, typed="a long enough pass phrase\n"))


def test_hostile_text_in_the_application_is_stored_and_printed_harmlessly(console: Console, toy: Toy) -> None:
    """A revision's docstring and an error's text reach journal and terminal, escapes spelled out."""
    message = f"\\x1b]0;title\\x07 \\x1b[2J [red]x[/red] :boom: postgresql://u:{SECRET}@h/d password={SECRET}"
    toy.revision(4, f"    raise ValueError('{message}')", doc="\\x1b[31m [bold]doc[/bold]")
    toy.revision(5, "    pass", doc="[link=file:///etc/passwd]x[/link]")
    for command in ("plan", "run", "journal", "status"):
        done = console(command)
        harmless(done)
        assert "\x1b" not in done.output
    assert "[red]x[/red]" in console("journal").stdout


def test_a_working_directory_that_is_gone(console: Console, tmp_path: Path) -> None:
    """The shell stands in a folder that somebody deleted."""
    import subprocess
    import sys

    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m initdb status"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, env=console.environ)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "error: settings-file-unreadable" in done.stderr
