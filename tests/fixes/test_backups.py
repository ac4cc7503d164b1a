"""Backups that cannot be made before a change, and how they then can."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.cli.console import toy_project
from tests.fixes.claims import fixes
from tests.fixes.conftest import with_server
from tests.fixes.person import Person
from tests.fixes.test_settings import set_to
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy
from tests.support.waiting import wait_until

CHANGE = "    op.execute(\"UPDATE t1 SET name = name || '!'\")"


@pytest.fixture
def sqlite_toy(person: Person, sqlite_url: str) -> Toy:
    """The application on SQLite alone."""
    return toy_project(person.folder, sqlite_url)


@pytest.fixture
def server_toy(person: Person, postgresql_url: str, server: PostgresServer) -> Toy:
    """The application on PostgreSQL alone."""
    with_server(person, server, postgresql_url)
    return toy_project(person.folder, postgresql_url)


def to_be_backed_up(person: Person, toy: Toy) -> None:
    """A ready database, a revision that is pending, and the wish for a backup before it."""
    person.runs("initdb run")
    toy.revision(4, CHANGE)
    set_to(person, "backup", '"before-changes"')


def set_as_printed(person: Person, name: str, **instead: str) -> None:
    """A setting, as the last error has it; with another value of which the machine of a test has none."""
    key, _, value = person.printed(f"{name} = ").partition(" = ")
    set_to(person, key, instead.get(key, value))


@fixes("backup-not-set-up")
def test_no_command(person: Person, toy: Toy) -> None:
    """On PostgreSQL both are named at once. A SQLite file needs neither."""
    to_be_backed_up(person, toy)
    kept = person.folder / "kept"
    if person.database is None:
        toy.url, toy.options = "postgresql://nobody@localhost/shop", {}
        set_to(person, "database_url", json.dumps(toy.url))
        person.fails("initdb run", "backup-not-set-up")
        set_as_printed(person, "backup_command")
        set_to(person, "database_url", json.dumps(f"sqlite:///{person.folder}/app.db"))
        person.runs(person.printed("initdb run"))
        return
    person.fails("initdb run", "backup-not-set-up")
    set_as_printed(person, "backup_command")
    person.fails("initdb run", "backup-not-set-up")
    set_as_printed(person, "backup_folder", backup_folder=json.dumps(str(kept)))
    person.runs(person.printed("initdb run"))
    assert [path.suffix for path in kept.iterdir()] == [".backup"]


@fixes("backup-failed")
def test_no_folder(person: Person, toy: Toy) -> None:
    """Once it can be made, the order goes on. Or it goes on without a backup."""
    to_be_backed_up(person, toy)
    set_to(person, "backup_folder", '"not/there"')
    set_to(person, "backup_command", '"pg_dump --format=custom --file={file}"')
    person.fails("initdb run", "backup-failed")
    assert f"{person.folder}/not" in person.error
    (person.folder / "not").mkdir()
    person.runs(person.printed("initdb resume"))
    assert len(list((person.folder / "not" / "there").iterdir())) == 1
    toy.revision(5, CHANGE)
    set_to(person, "backup_folder", '"nor/there"')
    person.fails("initdb run", "backup-failed")
    person.runs(person.printed("initdb resume --backup off"))


def changed(person: Person, toy: Toy) -> list[str]:
    """A ready database after a change, and the backup from before it."""
    to_be_backed_up(person, toy)
    person.runs("initdb run")
    return [path.name for path in person.folder.glob("app.db.*.backup")]


def names(toy: Toy) -> set[str]:
    """What the change has changed."""
    return {row[0][-1] for row in toy.sql("SELECT name FROM t1")}


@fixes("backup-not-found")
def test_a_mistyped_backup(person: Person, sqlite_toy: Toy) -> None:
    """The list has its name."""
    (backup,) = changed(person, sqlite_toy)
    person.fails("initdb restore before.backup --yes", "backup-not-found")
    assert backup in person.runs(person.printed("initdb restore --list")).stdout
    person.runs(f"initdb restore {backup} --yes")
    assert names(sqlite_toy) != {"!"}


@fixes("backup-unusable")
def test_a_damaged_backup(person: Person, sqlite_toy: Toy) -> None:
    """SQLite says so too. The list has another one."""
    (backup,) = changed(person, sqlite_toy)
    (person.folder / "torn.backup").write_bytes((person.folder / backup).read_bytes()[:-4096])
    person.fails("initdb restore torn.backup --yes", "backup-unusable")
    assert "torn.backup" in person.looks()[0].command
    assert backup in person.runs(person.printed("initdb restore --list")).stdout


@fixes("restore-refused")
def test_nobody_was_asked_and_a_shell_is_open(person: Person, sqlite_toy: Toy) -> None:
    """What uses it is named; then what is printed restores it, and a boot goes on."""
    changed(person, sqlite_toy)
    shell = subprocess.Popen(["sqlite3", "app.db"], cwd=person.folder, stdin=subprocess.PIPE, text=True)
    assert shell.stdin is not None
    with shell:
        shell.stdin.write("SELECT count(*) FROM t1;\n")
        shell.stdin.flush()
        wait_until(lambda: "app.db" in person.shell(f"ls -l /proc/{shell.pid}/fd").stdout)
        person.fails("initdb restore --yes", "restore-refused")
        assert f"sqlite3 (process {shell.pid})" in person.error
        assert str(shell.pid) in person.looks()[0].output
        shell.stdin.close()
    person.fails("initdb restore", "restore-refused")
    person.runs(person.printed("initdb restore"))
    assert names(sqlite_toy) != {"!"}
    person.runs("initdb run")
    assert names(sqlite_toy) == {"!"}


@fixes("restore-elsewhere")
def test_a_postgresql_database(person: Person, server_toy: Toy) -> None:
    """The printed commands restore it beside the present one, and swap the names."""
    set_to(person, "backup_command", '"pg_dump --format=custom --file={file}"')
    set_to(person, "backup_folder", '"kept"')
    changed(person, server_toy)
    assert names(server_toy) == {"!"}
    person.fails("initdb restore", "restore-elsewhere")
    server_toy.initializer().engine.dispose()
    person.runs(person.printed("createdb "))
    assert names(server_toy) != {"!"}
    person.runs("initdb run")
    assert names(server_toy) == {"!"}
    person.shell(f"psql -X {person.database} -c 'DROP DATABASE replaced'")
