"""The baton: one process holds it, it ends with that process, and it blocks no other work."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine

from initdb.errors import InitError
from initdb.events.baton import Baton, try_baton
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.events.side_file import SIDE_SUFFIX
from tests.events.journals import append_committed, commit, make, schema_of
from tests.support.postgres_server import PostgresServer
from tests.support.waiting import wait_until

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

HOLD = """
import sys
from sqlalchemy import create_engine
from initdb.events.baton import try_baton
from initdb.events.journal import Journal
baton = try_baton(create_engine(sys.argv[1]), Journal(sys.argv[2], "shop"))
print("held" if baton else "refused", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """The journal that the baton is of. It does not have to exist."""
    return Journal(schema_of(engine), "shop")


@pytest.fixture
def holder(database_url: str, journal: Journal) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the baton."""
    if database_url.startswith("sqlite"):
        Path(create_engine(database_url).url.database or "").touch()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, database_url, journal.schema or ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def _taken(engine: Engine, journal: Journal) -> bool:
    baton = try_baton(engine, journal)
    if baton is None:
        return False
    baton.release()
    return True


def _take(engine: Engine, journal: Journal) -> Baton:
    baton = try_baton(engine, journal)
    assert baton is not None
    return baton


def test_one_gets_it(engine: Engine, journal: Journal) -> None:
    """The others get it after it is released. A second release is no error."""
    baton = _take(engine, journal)
    assert baton.alive() and not _taken(engine, journal)
    baton.release()
    baton.release()
    assert _taken(engine, journal)


def test_of_many_threads_one_gets_it(engine: Engine, journal: Journal) -> None:
    """They ask at the same time, and the side file does not exist yet."""
    found: list[Baton | None] = []
    start = threading.Barrier(8)

    def try_() -> None:
        start.wait()
        found.append(try_baton(engine, journal))

    threads = [threading.Thread(target=try_) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (baton,) = [one for one in found if one is not None]
    assert not _taken(engine, journal)
    baton.release()


def test_it_goes_with_its_process(engine: Engine, journal: Journal, holder: subprocess.Popen[str]) -> None:
    """After a SIGKILL the baton is free within a second."""
    assert not _taken(engine, journal)
    holder.kill()
    assert wait_until(lambda: _taken(engine, journal), limit=1.0)


def test_a_stopped_process_keeps_it(engine: Engine, journal: Journal, holder: subprocess.Popen[str]) -> None:
    """A process that got SIGSTOP may go on at any moment."""
    holder.send_signal(signal.SIGSTOP)
    assert not wait_until(lambda: _taken(engine, journal), limit=0.2)
    holder.send_signal(signal.SIGCONT)
    assert not _taken(engine, journal)


def test_the_holder_can_be_found(engine: Engine, journal: Journal) -> None:
    """On PostgreSQL the baton names its backend. On SQLite the holder is the process itself."""
    baton = _take(engine, journal)
    try:
        if engine.dialect.name == "sqlite":
            assert baton.backend() is None
            return
        with session(engine) as connection:
            row = connection.exec_driver_sql(
                f"SELECT state, backend_xid, backend_xmin FROM pg_stat_activity WHERE pid = {baton.backend()}"
            ).one()
        assert tuple(row) == ("idle in transaction", None, None)
    finally:
        baton.release()


def test_it_does_not_hinder_appends(engine: Engine) -> None:
    """The baton says who works. It does not protect the journal."""
    journal = make(engine)
    baton = _take(engine, journal)
    append_committed(journal, engine)
    baton.release()


@ON_POSTGRESQL
def test_it_holds_no_snapshot_and_no_xid(server: PostgresServer, engine: Engine, journal: Journal) -> None:
    """VACUUM and CREATE INDEX CONCURRENTLY do not wait for it, also after it was asked whether it lives."""
    baton = _take(engine, journal)
    assert baton.alive()
    name = engine.url.database or ""
    state = f"SELECT backend_xid, backend_xmin FROM pg_stat_activity WHERE pid = {baton.backend()}"
    assert server.admin_execute(state) == [(None, None)]
    server.admin_execute("CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n", database=name)
    server.admin_execute("SET statement_timeout = '5s'; CREATE TABLE u ()", database=name)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("SET statement_timeout = '5s'")
        connection.exec_driver_sql("DELETE FROM t WHERE n > 50")
        connection.exec_driver_sql("CREATE INDEX CONCURRENTLY t_n ON t (n)")
        connection.exec_driver_sql("VACUUM (FULL) t")
        horizon = connection.exec_driver_sql("SELECT pg_relation_size('t')").scalar()
    assert horizon == 8192 and baton.alive()
    baton.release()


@ON_POSTGRESQL
def test_its_transaction_does_not_time_out(server: PostgresServer, engine: Engine, journal: Journal) -> None:
    """A server that ends idle transactions does not end this one."""
    name = engine.url.database or ""
    names = "'idle_in_transaction_session_timeout', 'transaction_timeout'"  # the second since version 17
    for (timeout,) in server.admin_execute(f"SELECT name FROM pg_settings WHERE name IN ({names})"):
        server.admin_execute(f"ALTER DATABASE {name} SET {timeout} = '50ms'")
    baton = _take(engine, journal)
    assert not wait_until(lambda: not baton.alive(), limit=0.3)
    baton.release()


@ON_POSTGRESQL
def test_a_lost_connection_is_a_lost_baton(server: PostgresServer, engine: Engine, journal: Journal) -> None:
    """The baton says so each time that it is asked, and never comes back."""
    baton = _take(engine, journal)
    server.admin_execute(f"SELECT pg_terminate_backend({baton.backend()}, 5000)")
    assert [baton.alive() for _ in range(3)] == [False, False, False]
    baton.release()
    assert _taken(engine, journal)


@ON_POSTGRESQL
@pytest.mark.parametrize("level", ["SERIALIZABLE", "REPEATABLE READ", "AUTOCOMMIT"])
def test_the_level_of_the_engine_does_not_matter(database_url: str, journal: Journal, level: str) -> None:
    """Under AUTOCOMMIT the lock would end with its statement. Under the other levels a snapshot
    would stay."""
    engine = create_engine(database_url, isolation_level=level)
    baton = _take(engine, journal)
    assert not _taken(engine, journal)
    with session(engine) as connection:
        query = f"SELECT backend_xmin FROM pg_stat_activity WHERE pid = {baton.backend()}"
        assert connection.exec_driver_sql(query).scalar() is None
    baton.release()


@ON_SQLITE
def test_a_symlink_is_the_same_baton(engine: Engine, journal: Journal, tmp_path: Path) -> None:
    """A path and a symbolic link to it are one database."""
    make(engine)
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to(tmp_path / "test.db")
    baton = _take(engine, journal)
    assert not _taken(create_engine(f"sqlite:///{link}"), journal)
    baton.release()
    assert not (tmp_path / "elsewhere" / f"link.db{SIDE_SUFFIX}").exists()


@ON_SQLITE
def test_the_side_file_is_the_databases_like(engine: Engine, journal: Journal, tmp_path: Path) -> None:
    """It has the mode and the owner of the database's file, so that the same users may write both. It stays
    empty."""
    main = tmp_path / "test.db"
    main.touch()
    main.chmod(0o660)
    if os.geteuid() == 0:
        os.chown(main, 1234, 4321)
    baton = _take(engine, journal)
    beside = (tmp_path / f"test.db{SIDE_SUFFIX}").stat()
    assert (beside.st_mode & 0o777, beside.st_size) == (0o660, 0)
    assert (beside.st_uid, beside.st_gid) == (main.stat().st_uid, main.stat().st_gid)
    baton.release()


@ON_SQLITE
def test_a_name_with_the_signs_of_an_address(tmp_path: Path, journal: Journal) -> None:
    """Signs that mean something in a URI mean nothing in the name of the side file."""
    file = tmp_path / "a b?mode=ro&x#%41.db"
    file.touch()
    engine = create_engine("sqlite://", poolclass=NullPool).url.set(database=str(file))
    baton = _take(create_engine(engine), journal)
    assert (tmp_path / f"{file.name}{SIDE_SUFFIX}").exists()
    assert not _taken(create_engine(engine), journal)
    baton.release()


@ON_SQLITE
def test_a_side_file_that_cannot_be_written_is_an_error(
    engine: Engine, journal: Journal, tmp_path: Path
) -> None:
    """Else each process would believe that it has the baton."""
    beside = tmp_path / f"test.db{SIDE_SUFFIX}"
    beside.touch()
    beside.chmod(0o444)
    if os.geteuid() == 0:
        assert "baton-unwritable" in _as_nobody(tmp_path, journal)
        return
    with pytest.raises(InitError) as error:
        try_baton(engine, journal)
    assert error.value.reference == "baton-unwritable" and str(beside) in error.value.context[0]


def _as_nobody(folder: Path, journal: Journal) -> str:
    """The error that a user without rights gets. A process of root may write any file."""
    for path in (folder, *folder.parents):
        if not path.stat().st_mode & 0o001:
            path.chmod(0o755)
    shutil.chown(folder, "nobody")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        try:
            told = repr(try_baton(create_engine(f"sqlite:///{folder}/test.db"), journal))
        except BaseException as error:
            told = repr(getattr(error, "reference", error))
        os.write(writer, told.encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        return answers.read()


@ON_SQLITE
def test_a_database_in_memory_needs_none(journal: Journal, tmp_path: Path) -> None:
    """Only one process can use it, and no file is made."""
    for url in ("sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?cache=shared&uri=true"):
        baton = _take(create_engine(url), journal)
        assert baton.alive() and baton.backend() is None
        baton.release()
    assert list(tmp_path.iterdir()) == []
    assert not list(Path.cwd().glob(f"*{SIDE_SUFFIX}"))


@ON_SQLITE
def test_a_crash_of_its_holder_leaves_nothing_in_the_way(
    engine: Engine, journal: Journal, holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    """SQLite cleans up what the dead holder's transaction left beside the side file."""
    holder.kill()
    holder.wait()
    assert _taken(engine, journal)
    assert sorted(path.name for path in tmp_path.glob("*-journal")) == []
    with session(engine) as connection:
        commit(connection)
