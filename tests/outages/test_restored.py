"""A backup is restored between two boots, during one process, or while a boot is at work."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import make_url

from initdb.events.baton import try_baton
from tests.outages.conftest import database_of, outages
from tests.support.boot import Boot, Gate
from tests.support.postgres_server import SUPERUSER, PostgresServer
from tests.support.settled import assert_settled
from tests.support.toy import Toy


def _file_backup(toy: Toy) -> Callable[[], None]:
    """A copy of the file; gives what puts it back, where nobody has the file open."""
    file = Path(make_url(toy.url).database or "")
    copy = shutil.copy(file, toy.folder / "backup")

    def restore() -> None:
        for beside in ("-wal", "-shm"):
            file.with_name(file.name + beside).unlink(missing_ok=True)
        shutil.copy(copy, file)

    return restore


def _dump(server: PostgresServer, toy: Toy) -> Callable[[], None]:
    """A dump by pg_dump; gives what restores it by psql into a new database of the name."""
    name, where = database_of(toy), ["-h", str(server.folder), "-p", str(server.port), "-U", SUPERUSER]
    dump = toy.folder / "dump.sql"
    subprocess.run([server.bin / "pg_dump", *where, "-f", dump, name], check=True)

    def restore() -> None:
        server.admin_execute(f"DROP DATABASE {name} WITH (FORCE)")
        server.admin_execute(f"CREATE DATABASE {name}")
        words = [*where, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", str(dump), name]
        subprocess.run([server.bin / "psql", *words], check=True)

    return restore


def _backup(server: PostgresServer, toy: Toy) -> Callable[[], None]:
    return _file_backup(toy) if toy.url.startswith("sqlite") else _dump(server, toy)


def test_a_backup_between_two_boots(server: PostgresServer, toy: Toy) -> None:
    """What the backup has not is done again; a process that knew of more writes that history went back."""
    assert toy.initializer().initialize().success
    restore = _backup(server, toy)
    toy.tables = 5
    toy.with_revisions()
    knowing = toy.initializer()
    assert knowing.initialize().success
    for process, told in ((toy.initializer(), 0), (knowing, 1)):
        restore()
        assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]
        assert process.initialize().success
        types = [one.type for one in assert_settled(toy, tables=5)]
        assert types.count("history_rewound") == told


def test_a_database_that_is_restored_while_a_boot_is_at_work(
    server: PostgresServer, postgresql_toy: Toy
) -> None:
    """The boot does not create it again during the restore: it waits, and goes on from the backup."""
    toy, name = postgresql_toy, database_of(postgresql_toy)
    gate = Gate(toy, 3)
    boot = Boot(toy)
    assert gate.reached()
    server.admin_execute(f"CREATE DATABASE backup_{name}")
    try:
        server.admin_execute(f"DROP DATABASE {name} WITH (FORCE)")
        gate.open()
        assert boot.waits("The server has no such database")
        server.admin_execute(f"CREATE DATABASE {name} TEMPLATE backup_{name}")
    finally:
        server.admin_execute(f"DROP DATABASE backup_{name}")
    boot.is_ready()
    entries = assert_settled(toy)
    assert len(outages(entries)) == 1
    assert "history_rewound" in [one.type for one in entries]


def test_a_dump_that_is_restored_in_parts(server: PostgresServer, postgresql_toy: Toy) -> None:
    """First all tables, then their rows, at last the triggers: the boot waits for all of it."""
    toy, name = postgresql_toy, database_of(postgresql_toy)
    assert toy.initializer().initialize().success
    where = ["-h", str(server.folder), "-p", str(server.port), "-U", SUPERUSER]
    for part in ("pre-data", "data", "post-data"):
        words = [*where, "--section", part, "-f", str(toy.folder / part), name]
        subprocess.run([server.bin / "pg_dump", *words], check=True)
    server.admin_execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.admin_execute(f"CREATE DATABASE {name}")

    def restore(part: str) -> None:
        words = [*where, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", str(toy.folder / part)]
        subprocess.run([server.bin / "psql", *words, name], check=True)

    restore("pre-data")
    error = toy.initializer().attend(mode="check").error
    assert error is not None and error.reference == "restore-unfinished"
    toy.tables = 4
    toy.with_revisions()
    boot = Boot(toy)
    assert boot.waits("a backup is being restored"), boot.said
    restore("data")
    assert boot.waits("The triggers that guard the journal are missing"), boot.said
    restore("post-data")
    boot.is_ready()
    (outage,) = outages(assert_settled(toy, tables=4))
    assert outage["reference"] == "restore-unfinished"


def test_a_file_that_is_restored_while_a_boot_waits(sqlite_toy: Toy) -> None:
    """The same on SQLite, where a boot would make a missing file."""
    toy = sqlite_toy
    assert toy.initializer().initialize().success
    restore = _file_backup(toy)
    file = Path(make_url(toy.url).database or "")
    toy.tables = 4
    toy.with_revisions()
    initializer = toy.initializer()
    baton = try_baton(initializer.engine, initializer.look().journal)
    assert baton is not None
    boot = Boot(toy)
    assert boot.waits("is at work")
    file.unlink()
    assert boot.waits("was there, and is gone")
    restore()
    baton.release()
    boot.is_ready()
    assert_settled(toy, tables=4)
