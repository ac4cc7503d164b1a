"""A server that does not promise that a commit is on the disk: it is said, and no failure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.console import Console
from tests.env_py.project import project
from tests.outages.conftest import database_of
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy, table_up
from tests.support.waiting import wait_until

SETTINGS = ("fsync", "full_page_writes")
FIX = "ALTER SYSTEM SET fsync = on;"


def _set(server: PostgresServer, value: str) -> None:
    for name in SETTINGS:
        server.admin_execute(f"ALTER SYSTEM SET {name} = {value}")
    server.admin_execute("SELECT pg_reload_conf()")
    assert wait_until(lambda: {server.admin_execute(f"SHOW {name}")[0][0] for name in SETTINGS} == {value})


@pytest.fixture
def unsafe(small_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server with both settings off."""
    _set(small_server, "off")
    yield small_server
    _set(small_server, "on")


def test_a_server_that_may_lose_a_commit(unsafe: PostgresServer, small_toy: Toy) -> None:
    """Each command says it once, with what an administrator does. No event has it."""
    toy = small_toy
    first, again = toy.initializer().initialize(), toy.initializer().initialize()
    for result in (first, again):
        assert result.success
        assert [name in said for name, said in zip(SETTINGS, result.warnings, strict=True)] == [True, True]
        assert all("ALTER SYSTEM SET" in said for said in result.warnings)
    assert not any("fsync" in json.dumps(dict(entry.data)) for entry in toy.initializer().entries())
    (toy.folder / "initdb.toml").write_text(
        f'database_url = {json.dumps(toy.url)}\nmigrations = "alembic"\nseeds = "seeds"\n'
    )
    console = Console(toy.folder, {"HOME": str(toy.folder)})
    for command in ("run", "status", "validate"):
        result = console(command)
        assert result.exit_code == 0
        assert result.output.count(f"{FIX} SELECT pg_reload_conf();") == 1, result.output
    _set(unsafe, "on")
    assert toy.initializer().initialize().warnings == []


ASYNCHRONOUS = """
    op.execute("CREATE TABLE levels (level text)")
    op.execute('''CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO levels VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$''')
    op.execute("CREATE CONSTRAINT TRIGGER note AFTER INSERT ON t2 DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION note()")
    op.execute("INSERT INTO t2 (id, name) VALUES (2, 'noted')")
    op.execute("DELETE FROM t2 WHERE id = 2")
"""
"""A revision whose trigger notes, in COMMIT, what the commit waits for."""


def test_what_is_answered_is_on_the_disk(server: PostgresServer, postgresql_toy: Toy) -> None:
    """Although the database says that commits need not wait for the log."""
    toy = postgresql_toy
    toy.revision(2, f"{table_up(2)}{ASYNCHRONOUS}")
    server.admin_execute(f"ALTER DATABASE {database_of(toy)} SET synchronous_commit = off")
    assert toy.initializer().initialize().success
    assert toy.sql("SELECT level FROM levels") == [("on",)]
    assert toy.sql("SHOW synchronous_commit") == [("off",)]


LEVELS = """
        import pathlib
        levels = pathlib.Path({levels!r})
        engine = create_engine(url, poolclass=pool.StaticPool)

        @event.listens_for(engine, "connect")
        def connected(dbapi, record):
            dbapi.execute("PRAGMA synchronous = {level}")

        with engine.connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
            with levels.open("a") as file:
                print(connection.exec_driver_sql("PRAGMA synchronous").scalar(), file=file)
        """
"""An env.py that trades durability for speed."""

TELLS = """
    import pathlib
    op.create_table("t2", sa.Column("id", sa.Integer, primary_key=True))
    with pathlib.Path({levels!r}).open("a") as file:
        print(op.get_bind().exec_driver_sql("PRAGMA synchronous").scalar(), file=file)
    with op.get_context().autocommit_block():
        op.execute("PRAGMA synchronous = OFF")
    with pathlib.Path({levels!r}).open("a") as file:
        print(op.get_bind().exec_driver_sql("PRAGMA synchronous").scalar(), file=file)
"""


@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_commit_reaches_the_disk(tmp_path: Path, sqlite_url: str, journal_mode: str, level: int) -> None:
    """EXTRA, as long as the connection of env.py is ours. Afterwards it has its level back."""
    levels = tmp_path / "levels"
    made = project(tmp_path, sqlite_url)
    made.sql(f"PRAGMA journal_mode = {journal_mode}", "CREATE TABLE other (id)")
    made.env(LEVELS.format(levels=str(levels), level=level))
    made.revision(2, TELLS.format(levels=str(levels)))
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert levels.read_text().split() == ["3", "3", str(level)]
