"""The disk is full: for a table, the whole database, the log, or temporary files."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from initdb.events.entry import Entry
from tests.outages.conftest import database_of, outages
from tests.support.boot import Boot, Gate
from tests.support.postgres_server import PostgresServer, roomy_parent
from tests.support.settled import assert_settled
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.toy import Toy, migrated, table_up

MUCH = (
    "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)"
    " INSERT INTO t2 SELECT i, 'much of nothing ' || i FROM n"
)
"""More than what a small disk has left once it is filled."""

WRITES_MUCH = f"op.execute({MUCH!r})\nop.execute('DELETE FROM t2 WHERE id >= 10')"


@contextlib.contextmanager
def _tablespace(server: PostgresServer, megabytes: float) -> Iterator[SmallDisk]:
    with small_disk(server.folder / "small", megabytes, server.account) as disk:
        server.admin_execute(f"CREATE TABLESPACE small LOCATION '{disk.path}'")
        server.admin_execute("GRANT CREATE ON TABLESPACE small TO app")
        yield disk
        server.admin_execute("DROP TABLESPACE small")


def test_a_disk_that_is_full_under_a_table(small_server: PostgresServer, small_toy: Toy) -> None:
    """53100 is the step's failure, and passes: once there is room a later boot goes on."""
    toy = small_toy
    move = "op.execute('ALTER TABLE t2 SET TABLESPACE small')"
    gate = Gate(toy, before=move, after=WRITES_MUCH)
    with _tablespace(small_server, 4) as disk:
        boot = Boot(toy)
        assert gate.reached()
        disk.fill()
        gate.open()
        error = boot.end().error
        assert error is not None and (error.reference, error.sqlstate) == ("disk-full", "53100")
        assert error.passing and boot.events[-1] == "step_failed"
        disk.free()
        assert toy.initializer().initialize().success
        assert_settled(toy)
        small_server.admin_execute(f"DROP DATABASE {database_of(toy)}")


def test_a_disk_that_is_full_under_the_database(small_server: PostgresServer, small_toy: Toy) -> None:
    """Where not even the journal has room, it waits and goes on by itself."""
    toy = small_toy
    name = database_of(toy)
    with _tablespace(small_server, 24) as disk:
        small_server.admin_execute(f"ALTER DATABASE {name} SET TABLESPACE small")
        toy.sql("SELECT 1")  # the first session writes files of its own
        disk.fill()
        boot = Boot(toy)
        assert boot.waits("is full"), boot.said
        disk.free()
        boot.is_ready()
        (outage,) = outages(assert_settled(toy))
        assert outage["reference"] == "disk-full"
        small_server.admin_execute(f"DROP DATABASE {name}")


def test_a_disk_that_is_full_under_the_log(tmp_path: Path) -> None:
    """PANIC: every session is cut, and the server is down until it has recovered; the run goes on then."""
    folder = roomy_parent() / f"initdb-wal-{uuid.uuid4().hex[:8]}"
    owner = "nobody"
    with small_disk(folder, 40, owner) as disk:
        server = PostgresServer(
            {"min_wal_size": "2MB", "max_wal_size": "4MB"}, ("-X", str(disk.path / "wal"), "--wal-segsize=1")
        )
        try:
            toy = migrated(tmp_path, server.url())
            gate = Gate(toy, after=WRITES_MUCH)
            boot = Boot(toy, attempts=1000)
            assert gate.reached()
            disk.fill()
            gate.open()
            assert boot.sees(lambda: "PANIC" in server.log.read_text())
            assert boot.sees(lambda: bool(boot.said))
            disk.free()
            server.start()
            boot.is_ready()
            assert_settled(toy)
        finally:
            server.remove()
    folder.rmdir()


def test_a_limit_of_temporary_files(server: PostgresServer, postgresql_toy: Toy) -> None:
    """53400 does not pass by itself: somebody raises the limit and says resume."""
    toy = postgresql_toy
    sort = "SET LOCAL work_mem = '64kB'; SELECT n FROM generate_series(1, 60000) n ORDER BY -n"
    toy.revision(2, f"{table_up(2)}\n    op.execute({sort!r})")
    server.admin_execute(f"ALTER DATABASE {database_of(toy)} SET temp_file_limit = '64kB'")
    error = Boot(toy).end().error
    assert error is not None and (error.reference, error.sqlstate) == ("server-out-of-resources", "53400")
    assert not error.passing
    server.admin_execute(f"ALTER DATABASE {database_of(toy)} RESET temp_file_limit")
    assert toy.initializer().resume().success
    assert_settled(toy)


@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
def test_a_disk_that_is_full_under_a_file(tmp_path: Path, journal_mode: str) -> None:
    """SQLite has no room for the journal either: the boot waits, and goes on by itself."""
    with small_disk(tmp_path / "small", 4) as disk:
        toy = migrated(tmp_path, f"sqlite:///{disk.path / 'test.db'}")
        toy.sql(f"PRAGMA journal_mode = {journal_mode}")
        gate = Gate(toy, after=WRITES_MUCH)
        boot = Boot(toy)
        assert gate.reached()
        disk.fill()
        gate.open()
        assert boot.waits("is full")
        disk.free()
        boot.is_ready()
        (outage,) = outages(assert_settled(toy))
        assert outage["reference"] == "disk-full"


def _grown(rows: int) -> str:
    """Python that puts so many rows into t2, of about 60 bytes each."""
    return f"op.execute({MUCH.replace('40000', str(rows))!r})"


ROWS = 150_000
"""More than SQLite keeps in its cache, so that the disk is written to before COMMIT."""

REBUILDS = """
with op.batch_alter_table("t2", recreate="always") as batch:
    batch.add_column(sa.Column("note", sa.String(40)))
with op.batch_alter_table("t2") as batch:
    batch.drop_column("note")
"""
"""Copies the table twice. Where there is no room, Alembic's clean-up fails as well, for another reason."""

SWALLOWS = f"try:\n    {_grown(ROWS)}\nexcept Exception:\n    pass"
FILLS = {"room": SmallDisk.fill, "files": SmallDisk.fill_inodes}
"""What a disk may have no more of."""


@pytest.mark.parametrize("lacks", FILLS)
@pytest.mark.parametrize("journal_mode", ["", "wal", "delete"])
def test_a_disk_that_is_full_at_a_boot(tmp_path: Path, lacks: str, journal_mode: str) -> None:
    """Without inodes SQLite only says that it cannot open a file: the database, its WAL or its side file."""
    with small_disk(tmp_path / "small", 8, inodes=50) as disk:
        toy = migrated(tmp_path, f"sqlite:///{disk.path / 'test.db'}")
        if journal_mode:
            toy.sql(f"PRAGMA journal_mode = {journal_mode}", "CREATE TABLE other (id)")
        FILLS[lacks](disk)
        boot = Boot(toy)
        assert boot.waits("is full"), boot.end().error
        disk.free()
        boot.is_ready()
        assert_settled(toy)


GOES_ON = f"{SWALLOWS}\nop.execute('SELECT 1 FROM t1')\nop.execute('UPDATE t1 SET name = name')"
RENAMES = f"{SWALLOWS} from error".replace("pass", "raise RuntimeError('no')").replace(
    ":\n    r", " as error:\n    r"
)

CURSOR = SWALLOWS.replace("op.execute(", "op.get_bind().connection.cursor().execute(")

HIDES = {"rebuilds": REBUILDS, "swallows": SWALLOWS, "goes on": GOES_ON, "renames": RENAMES}
"""What a revision does on a full disk, so that the error that it ends with is about something else."""


def _fails_with_a_full_disk(toy: Toy, gate: Gate, disk: SmallDisk) -> None:
    """The journal has room for the failure, the revision had not. With more room a later boot is ready."""
    boot = Boot(toy)
    assert gate.reached()
    disk.fill(leave=400_000)
    gate.open()
    error = boot.end().error
    assert error is not None and error.reference == "disk-full", error
    assert error.passing and re.match(r"revision r2, .*_r2.py line \d+$", error.context[0]), error
    assert boot.events[-1] == "step_failed"
    disk.free()
    assert toy.initializer().initialize().success
    assert_settled(toy)


@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
@pytest.mark.parametrize("how", [*HIDES, "a cursor"])
def test_a_revision_that_hides_a_full_disk(tmp_path: Path, journal_mode: str, how: str) -> None:
    """SQLite has rolled back by itself: what comes after the first error is not what is told."""
    with small_disk(tmp_path / "small", 64) as disk:
        toy = migrated(tmp_path, f"sqlite:///{disk.path / 'test.db'}")
        toy.sql(f"PRAGMA journal_mode = {journal_mode}")
        before = _grown(ROWS) if how == "rebuilds" else ""
        hidden = HIDES.get(how, CURSOR)
        gate = Gate(toy, before=before, after=f"{hidden}\nop.execute('DELETE FROM t2 WHERE id >= 10')")
        _fails_with_a_full_disk(toy, gate, disk)


@pytest.mark.parametrize("how", HIDES)
def test_a_revision_that_hides_a_full_tablespace(
    small_server: PostgresServer, small_toy: Toy, how: str
) -> None:
    """PostgreSQL answers every later statement with 25P02."""
    move = "op.execute('ALTER TABLE t2 SET TABLESPACE small')"
    if how == "rebuilds":
        move += f"\n{_grown(ROWS)}"
    with _tablespace(small_server, 64) as disk:
        gate = Gate(
            small_toy, before=move, after=f"{HIDES[how]}\nop.execute('DELETE FROM t2 WHERE id >= 10')"
        )
        _fails_with_a_full_disk(small_toy, gate, disk)
        small_server.admin_execute(f"DROP DATABASE {database_of(small_toy)}")


SEED = f"""
def seed(connection):
    try:
        connection.exec_driver_sql({MUCH.replace("40000", str(ROWS))!r})
    except Exception:
        pass
    connection.exec_driver_sql("DELETE FROM t2 WHERE id >= 10")
"""


@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
def test_a_seed_that_hides_a_full_disk(tmp_path: Path, journal_mode: str) -> None:
    """The same for a seeding function, which `unit.open` surrounds like any step."""
    with small_disk(tmp_path / "small", 64) as disk:
        toy = migrated(tmp_path, f"sqlite:///{disk.path / 'test.db'}")
        toy.sql(f"PRAGMA journal_mode = {journal_mode}")
        (toy.seeds / "20_more.py").write_text(SEED)

        def watch(entry: Entry) -> None:
            if entry.data.get("revision") == "r3":
                disk.fill(leave=400_000)

        error = Boot(toy, watch=watch).end().error
        assert error is not None and error.reference == "disk-full" and error.passing, error
        disk.free()
        assert toy.initializer().initialize().success
        assert_settled(toy)
