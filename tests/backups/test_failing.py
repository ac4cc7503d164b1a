"""A backup that cannot be made stops the run before anything is changed, and says why."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from initdb.errors import Rendered, render
from initdb.errors.fields import fields_in
from initdb.errors.withheld import shown_to
from initdb.events.spool import Spool
from tests.backups.kept import PG_DUMP, Kept
from tests.errors.plain_user import as_plain_user
from tests.support.postgres_server import PostgresServer
from tests.support.small_disk import small_disk
from tests.support.toy import Toy


def failed(kept: Kept) -> Rendered:
    """Boot; it must fail before its first change, and leave nothing half."""
    before = kept.names()
    outcome = kept.toy.initializer().attend()
    assert outcome.error is not None
    assert kept.names() == before and not kept.events()
    assert [path for path in kept.files() if path.name != "ballast"] == []
    assert "Nothing was changed" in outcome.error.kept
    return outcome.error


def script(folder: Path, text: str) -> str:
    """A command that runs this Python program."""
    program = folder / "program.py"
    program.write_text(text)
    return f"{sys.executable} {program} {{file}}"


def test_a_command_that_fails_is_shown_without_its_secrets(kept_server: Kept) -> None:
    """By its exit code. What it prints is for who asks for it. The next boot tries again by itself."""
    said = "import sys; sys.exit('pg_dump: error: password=hunter2 is wrong')"
    kept_server.toy.options["backup_command"] = script(kept_server.toy.folder, said)
    printed = list[str]()
    with shown_to(printed.append):
        error = failed(kept_server)
    assert error.reference == "backup-failed" and error.passing
    assert any("ended with exit code 1" in line for line in error.context)
    assert any("pg_dump: error: password=hunter2 is wrong" in text for text in printed)
    assert "pg_dump: error" not in str(error)
    assert "hunter2" not in json.dumps([entry.data for entry in kept_server.events("step_failed")])
    kept_server.toy.options["backup_command"] = PG_DUMP
    kept_server.run()
    assert len(kept_server.events()) == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-program {file}", "no program no-such-program in PATH"),
        ("true {file}", "has written nothing"),
    ],
)
def test_a_command_that_makes_no_backup(kept_server: Kept, command: str, said: str) -> None:
    """It is missing, or it ends well and has made nothing."""
    kept_server.toy.options["backup_command"] = command
    error = failed(kept_server)
    assert error.reference == "backup-failed" and said in " ".join(error.context)


def test_a_command_knows_the_database_by_its_environment(
    server: PostgresServer, kept_server: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its arguments have no password. What the environment says of another database does not reach it."""
    monkeypatch.setenv("PGHOST", "another.example.org")
    text = (
        "import json, os, sys\n"
        "names = [name for name in os.environ if name.startswith('PG')]\n"
        "json.dump([sys.argv, {name: os.environ[name] for name in names}], open(sys.argv[1], 'w'))\n"
    )
    toy = kept_server.toy
    toy.options["backup_command"] = script(toy.folder, text)
    name = toy.initializer().engine.url.database or ""
    server.create_password_role("backer", "sesame-4711")
    try:
        server.admin_execute("GRANT postgres TO backer")
        toy.url = server.url(name, user="backer", password="sesame-4711", tcp=True) + "?sslmode=disable"
        kept_server.run()
    finally:
        server.admin_execute("REASSIGN OWNED BY backer TO postgres", database=name)
        server.admin_execute("DROP OWNED BY backer", database=name)
        server.admin_execute("DROP ROLE backer")
    words, said = json.loads(kept_server.files()[0].read_text())
    assert "sesame" not in " ".join(words)
    assert said == said | {
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": "backer",
        "PGPASSWORD": "sesame-4711",
        "PGDATABASE": name,
        "PGSSLMODE": "disable",
    }


def test_a_command_may_keep_the_backup_elsewhere(kept_server: Kept) -> None:
    """Then the journal has the program, and no file. Its arguments may hold a password."""
    del kept_server.toy.options["backup_folder"]
    kept_server.toy.options["backup_command"] = "true --stanza={database} --password=hunter2"
    kept_server.run()
    (event,) = kept_server.events()
    assert event.data == {"command": "true", "ms": event.data["ms"]}


def test_a_backup_that_is_a_folder(kept_server: Kept) -> None:
    """pg_dump's directory format. Its size and digest are those of its files."""
    kept_server.toy.options["backup_command"] = "pg_dump --format=directory --file={file}"
    kept_server.run()
    (backup,), (event,) = kept_server.files(), kept_server.events()
    assert backup.is_dir() and event.data["file"] == str(backup)
    assert event.data["size"] == sum(file.stat().st_size for file in backup.iterdir())


def test_a_full_disk_is_named_and_nothing_is_changed(kept: Kept) -> None:
    """The half is removed. Once there is room, a boot goes on by itself."""
    kept.toy.sql("CREATE TABLE much (id INTEGER, name TEXT)")
    kept.toy.sql(*(f"INSERT INTO much VALUES ({n}, '{os.urandom(3000).hex()}')" for n in range(60)))
    with small_disk(kept.folder, 1) as disk:
        disk.fill(leave=65536)
        error = failed(kept)
        assert error.reference == "disk-full" and str(kept.folder) in error.context[0]
        assert not fields_in(render(error))
        disk.free()
        kept.run()
        assert len(kept.events()) == 1


def test_a_folder_that_cannot_be_made(kept: Kept) -> None:
    """Only its last part is made: a mistyped path is no place for backups."""
    kept.toy.options["backup_folder"] = str(kept.toy.folder / "not" / "there")
    error = failed(kept)
    assert error.reference == "backup-failed"
    assert str(kept.toy.folder / "not") in " ".join(error.context)


def test_a_folder_that_must_not_be_written(kept_file: Kept) -> None:
    """Its error is about the backup, not about the file of the database; no name is left in it."""
    kept_file.folder.mkdir(mode=0o555)
    for path in (kept_file.toy.folder, *kept_file.toy.folder.rglob("*")):
        if path != kept_file.folder:
            path.chmod(0o777)
    for parent in kept_file.toy.folder.parents:
        if parent.name.startswith(("pytest-", "popen-")):
            parent.chmod(0o755)
    error = as_plain_user(lambda: failed(kept_file))
    assert error.reference == "backup-failed" and "Permission denied" in error.context[0]
    assert not fields_in(render(error))


def test_a_damaged_database_is_not_backed_up(kept_file: Kept) -> None:
    """A copy of it would only look like a backup."""
    toy, file = kept_file.toy, Path(kept_file.toy.url.removeprefix("sqlite:///"))
    toy.sql("CREATE TABLE much (id INTEGER PRIMARY KEY, name TEXT)")
    toy.sql(*(f"INSERT INTO much VALUES ({n}, '{'x' * 900}')" for n in range(40)))
    toy.sql("CREATE INDEX of_much ON much (name)")
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'of_much'").fetchone()
    connection.close()
    with file.open("r+b") as stream:
        stream.seek((page - 1) * 4096 + 12)
        stream.write(b"\xff" * 200)
    error = failed(kept_file)
    assert error.reference == "database-corrupt"


def test_a_database_in_memory_cannot_be_backed_up(tmp_path: Path) -> None:
    """It is gone with the process. That is said, and stops nothing."""
    toy = Toy(tmp_path, "sqlite://", options={"backup": "before-changes"})
    initializer = toy.initializer()
    result = initializer.initialize()
    assert result.success and any("no file to back up" in said for said in result.warnings)
    assert "backup_made" not in [entry.type for entry in initializer.entries()]
    assert Spool.beside("sqlite://").waiting() == ()
