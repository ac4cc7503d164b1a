"""A database that does not exist: who is asked, what is said, what the journal keeps. SQLite files too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.cli.console import Console, toy_project
from tests.cli.terminal import on_terminal
from tests.support.admin import Admin
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy

COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")
WRONG = "shpo_of_test"
RIGHT = "shop_of_test"


@pytest.fixture
def missing(server: PostgresServer, _admin: Admin, console: Console) -> Iterator[Toy]:
    """The console's application, whose URL names a database that the server does not have."""
    _admin.run(f"CREATE DATABASE {RIGHT} STRATEGY file_copy")
    url = make_url(server.url("postgres")).set(database=WRONG)
    yield toy_project(console.folder, url.render_as_string(hide_password=False))
    server.start()
    for name in (WRONG, RIGHT):
        _admin.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def databases(server: PostgresServer) -> set[str]:
    """The names of the server's databases."""
    return {row[0] for row in server.admin_execute("SELECT datname FROM pg_database")}


def test_without_a_terminal_it_is_an_error_with_both_ways_out(
    console: Console, missing: Toy, server: PostgresServer
) -> None:
    """It names the near name, and creates nothing. The command that it prints creates it."""
    done = console.process("run")
    assert done.returncode == 1 and "unknown-database" in done.stderr
    assert f"{WRONG} on " in done.stderr and f"did you mean {RIGHT}?" in done.stderr
    assert WRONG not in databases(server)
    (fix,) = re.findall(r"initdb (run --create-database yes)", done.stderr)
    done = console.process(*fix.split())
    assert done.returncode == 0, done.stderr
    assert "waiting" not in done.stdout
    said = done.stdout.index(f"creating the database {WRONG} on ")
    assert said < done.stdout.index("the journal of toy was created")


def test_correcting_the_name_fixes_it_too(console: Console, missing: Toy) -> None:
    """The other way out."""
    assert console.process("run").returncode == 1
    assert console.process("run", DATABASE_URL=missing.url.replace(WRONG, RIGHT)).returncode == 0


def test_a_person_is_asked_and_no_is_the_default(
    console: Console, missing: Toy, server: PostgresServer
) -> None:
    """The name is shown. Return alone means no."""
    question = f"There is no database {WRONG} on "
    code, shown = on_terminal(["run"], console.folder, console.environ, {"Create it? [y/N]": ""})
    plain = COLOUR.sub("", shown)
    assert question in plain and f"did you mean {RIGHT}?" in plain
    assert code == 1 and "error: unknown-database" in plain
    assert WRONG not in databases(server)
    code, shown = on_terminal(["run"], console.folder, console.environ, {"Create it? [y/N]": "y"})
    assert code == 0, shown
    created = next(entry for entry in missing.initializer().entries() if entry.type == "database_created")
    assert (created.data["name"], created.data["allowed_by"]) == (WRONG, "person")


def test_a_person_who_is_in_doubt_leaves_by_ctrl_c(
    console: Console, missing: Toy, server: PostgresServer
) -> None:
    """At once, with the exit code of an interrupt."""
    code, shown = on_terminal(["run"], console.folder, console.environ, {"Create it? [y/N]": "\x03"})
    assert code == 130, shown
    assert WRONG not in databases(server)


def test_where_the_setting_says_no_nobody_is_asked(console: Console, missing: Toy) -> None:
    """Not at a terminal either."""
    code, shown = on_terminal(["run", "--create-database", "no"], console.folder, console.environ)
    assert code == 1 and "Create it?" not in shown and "unknown-database" in shown


def test_the_journal_says_that_this_run_created_it(console: Console, missing: Toy) -> None:
    """Second, in the run that created the journal; and a sentence for people."""
    assert console.process("run", INITDB_CREATE_DATABASE="true").returncode == 0
    first, second, third, *_ = missing.initializer().entries()
    assert [first.type, second.type, third.type] == ["journal_created", "database_created", "run_started"]
    assert first.run == second.run == third.run
    assert (second.data["name"], second.data["allowed_by"]) == (WRONG, "setting")
    assert f"created the database {WRONG} on " in console("journal").stdout
    assert console("journal", "verify").exit_code == 0


def test_a_role_that_may_not_create_it_is_not_asked(
    console: Console, missing: Toy, server: PostgresServer
) -> None:
    """The error says who can. The role's creator types that, and the next run is ready."""
    server.create_password_role("small_of_test", "sesame-4711")
    url = make_url(server.url(WRONG, user="small_of_test", password="sesame-4711", tcp=True))
    environ = {**console.environ, "INITDB_DATABASE_URL": url.render_as_string(hide_password=False)}
    try:
        code, shown = on_terminal(["run", "--create-database", "yes"], console.folder, environ)
        plain = COLOUR.sub("", shown)
        assert code == 1 and "The role small_of_test may not create databases." in plain
        (words,) = re.findall(r"createdb -O (\S+) (\S+), then", plain)
        server.admin_execute(f"CREATE DATABASE {words[1]} OWNER {words[0]}")
        assert on_terminal(["run"], console.folder, environ)[0] == 0
    finally:
        server.admin_execute(f"DROP DATABASE IF EXISTS {WRONG} WITH (FORCE)")
        server.admin_execute("DROP ROLE small_of_test")


def test_a_name_with_every_kind_of_sign(console: Console, server: PostgresServer) -> None:
    """It is created as it is written."""
    name = 'a "b":c%d e'
    url = make_url(server.url("postgres")).set(database=name)
    toy = toy_project(console.folder, url.render_as_string(hide_password=False))
    try:
        assert console.process("run", "--create-database", "yes").returncode == 0
        assert name in databases(server)
        assert toy.types()[1] == "database_created"
    finally:
        server.admin_execute('DROP DATABASE IF EXISTS "a ""b"":c%d e" WITH (FORCE)')


def test_of_several_first_boots_one_creates_it(console: Console, missing: Toy) -> None:
    """The others go on. The journal says it once."""
    boots = [console.start("run", "--create-database", "yes") for _ in range(4)]
    assert [boot.wait(60) for boot in boots] == [0, 0, 0, 0]
    assert missing.types().count("database_created") == 1


def test_a_command_that_only_looks_creates_nothing(
    console: Console, missing: Toy, server: PostgresServer
) -> None:
    """Whatever the setting says."""
    for words in (["status"], ["run", "--mode", "check"], ["run", "--mode", "wait"]):
        done = console.process(*words, INITDB_CREATE_DATABASE="yes")
        assert done.returncode == 1 and "unknown-database" in done.stderr, words
    for setting, does in (
        ("yes", "a boot creates it"),
        ("ask", "a boot at a terminal asks whether to create it, any other boot fails (unknown-database)"),
        ("no", "A boot would fail before it does anything (unknown-database)"),
    ):
        done = console.process("plan", INITDB_CREATE_DATABASE=setting)
        assert done.returncode == 0 and f"There is no database {WRONG} on " in done.stdout
        assert does in done.stdout and ("1. migrate " in done.stdout) == (setting != "no")
    assert WRONG not in databases(server)


def test_a_new_sqlite_file_is_named_and_nobody_is_asked(console: Console, tmp_path: Path) -> None:
    """By its whole path, since a relative one may begin elsewhere. The second run does not say it."""
    code, shown = on_terminal(["run"], console.folder, console.environ)
    assert code == 0 and f"creating the database {console.folder / 'initdb.db'}" in COLOUR.sub("", shown)
    assert "creating" not in console.process("run").stdout


def test_a_missing_folder_is_an_error_that_names_it(console: Console) -> None:
    """Nothing is made for a path that is mistyped."""
    done = console.process("run", "--database-url", "sqlite:///not/there.db")
    assert done.returncode == 1 and "folder-missing" in done.stderr
    assert str(console.folder / "not") in done.stderr and "creating" not in done.stderr
    assert not (console.folder / "not").exists()
