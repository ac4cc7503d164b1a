"""The journal's own tables are the same, whether they were created at once or upgraded by the scripts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from initdb.errors import InitError
from initdb.events.find import find
from initdb.events.head import MIN_WRITER, SCHEMA_VERSION, WRITER, HeadBusy
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.events.verify import verify
from initdb.events.views import VIEWS
from initdb.steps.upgrade_journal import FOLDER, upgrade
from tests.events.journals import append, append_committed, begin, commit, make, rollback, schema_of, stored
from tests.support.states import database_state
from tests.support.waiting import wait_until

SCHEMAS = pytest.mark.parametrize(
    ("database_url", "schema"),
    [("sqlite", "main"), ("postgresql", "public"), ("postgresql", 'odd "x :y% name')],
    indirect=["database_url"],
)


def _build(engine: Engine, schema: str, *versions: int) -> Journal:
    """Create a journal as an older initdb did, then upgrade it version by version, one transaction each."""
    journal, found = Journal(schema, "shop"), 0
    with session(engine) as connection:
        begin(connection)
        if schema not in ("main", "public"):
            connection.exec_driver_sql(f"CREATE SCHEMA {_quoted(schema)}")
        commit(connection)
        for version in versions:
            begin(connection)
            found = upgrade(connection, schema, found, version)
            assert found == version
            commit(connection)
    return journal


def _quoted(schema: str) -> str:
    name = schema.replace('"', '""').replace("%", "%%")
    return f'"{name}"'


def _version(engine: Engine, journal: Journal) -> list[str]:
    with session(engine) as connection:
        table = journal.table(connection, "init_journal_version")
        return list(connection.execute(text(f"SELECT version_num FROM {table}")).scalars())


def _state(engine: Engine) -> dict[str, Any]:
    """All tables, with the state of each trigger, which its definition does not have."""
    state = database_state(engine, journal=True)
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            query = (
                "SELECT tgname, tgenabled::text FROM pg_trigger WHERE tgname LIKE 'init_journal%' ORDER BY 1"
            )
            state["enabled"] = [tuple(row) for row in connection.execute(text(query))]
    return state


@SCHEMAS
def test_made_whole_and_upgraded_are_the_same(engine: Engine, schema: str) -> None:
    """Tables, columns, indexes, functions, triggers and the rows of head and version table are compared."""
    journal = Journal(schema, "shop")
    with session(engine) as connection:
        begin(connection)
        journal.create(connection)
        commit(connection)
    whole = _state(engine)
    _drop(engine, schema)
    _build(engine, schema, *range(1, SCHEMA_VERSION + 1))
    assert _state(engine) == whole
    _drop(engine, schema)
    _build(engine, schema, SCHEMA_VERSION)
    assert _state(engine) == whole


def _drop(engine: Engine, schema: str) -> None:
    with session(engine) as connection:
        begin(connection)
        at = f"{_quoted(schema)}."
        for view in VIEWS:
            connection.exec_driver_sql(f"DROP VIEW IF EXISTS {at}{view}")
        for table in ("init_journal_version", "init_journal_head", "init_journal"):
            connection.exec_driver_sql(f"DROP TABLE {at}{table}")
        if engine.dialect.name == "postgresql":
            for function in ("append", "check", "move", "refuse"):
                connection.exec_driver_sql(f"DROP FUNCTION {at}init_journal_{function}")
        if schema not in ("main", "public"):
            connection.exec_driver_sql(f"DROP SCHEMA {at[:-1]}")
        commit(connection)


@SCHEMAS
def test_an_upgrade_keeps_the_history(engine: Engine, schema: str) -> None:
    """Entries, chain and head remain, the guards work, and appends go on."""
    journal = _build(engine, schema, 1)
    for number in range(3):
        append_committed(journal, engine, number=number)
    with session(engine) as connection:
        before = stored(journal, connection)
        begin(connection)
        head = journal.lock_head(connection)
        assert head.schema_version == 1
        assert upgrade(connection, schema, head.schema_version) == SCHEMA_VERSION
        append(journal, connection, "journal_upgraded", {"from": 1, "to": SCHEMA_VERSION})
        commit(connection)
        assert stored(journal, connection)[:-1] == before
        after = journal.head(connection)
        assert (after.seq, after.schema_version, after.min_writer) == (4, SCHEMA_VERSION, MIN_WRITER)
        assert verify(stored(journal, connection), after) == []
        journal.check_guards(connection)
        with pytest.raises(Exception, match="moves by an event only"):
            connection.execute(
                text(f"UPDATE {journal.table(connection, 'init_journal_head')} SET schema_version = 9")
            )
        rollback(connection)
    assert _version(engine, journal) == [f"{SCHEMA_VERSION:04d}"]


def test_a_journal_without_a_version_table_is_stamped(engine: Engine) -> None:
    """Its tables are those of the version in the head."""
    journal = _build(engine, schema_of(engine), 1)
    with session(engine) as connection:
        connection.exec_driver_sql("DROP TABLE init_journal_version")
        commit(connection)
        begin(connection)
        assert upgrade(connection, journal.schema, 1) == SCHEMA_VERSION
        commit(connection)
    assert _version(engine, journal) == [f"{SCHEMA_VERSION:04d}"]


def test_a_current_journal_is_left_alone(engine: Engine) -> None:
    """So is a newer one: a journal is never downgraded."""
    journal = make(engine)
    before = _state(engine)
    with session(engine) as connection:
        begin(connection)
        assert upgrade(connection, journal.schema, SCHEMA_VERSION) == SCHEMA_VERSION
        assert upgrade(connection, journal.schema, SCHEMA_VERSION + 5) == SCHEMA_VERSION + 5
        commit(connection)
    assert _state(engine) == before


def test_a_version_table_that_contradicts_the_head_is_an_error(engine: Engine) -> None:
    """Nothing is guessed, and nothing is done."""
    journal = _build(engine, schema_of(engine), 1)
    with session(engine) as connection:
        connection.exec_driver_sql("UPDATE init_journal_version SET version_num = '0002'")
        commit(connection)
        before = _state(engine)
        begin(connection)
        with pytest.raises(InitError) as error:
            upgrade(connection, journal.schema, 1)
        rollback(connection)
        assert error.value.reference == "journal-unreadable"
    assert _state(engine) == before


def test_an_upgrade_that_is_rolled_back_leaves_the_old_version(engine: Engine) -> None:
    """DDL, head, version row and guard are one transaction on both databases."""
    journal = _build(engine, schema_of(engine), 1)
    before = _state(engine)
    with session(engine) as connection:
        begin(connection)
        upgrade(connection, journal.schema, 1)
        append(journal, connection, "journal_created")
        rollback(connection)
    assert _state(engine) == before


KILLED = """
import os, signal, sys
from sqlalchemy import NullPool, create_engine, event
from initdb.events.database import database_of
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.steps.upgrade_journal import upgrade
engine = create_engine(sys.argv[1], poolclass=NullPool)
left = int(sys.argv[3])

@event.listens_for(engine, "after_cursor_execute")
def count(connection, cursor, statement, *rest):
    global left
    if not statement.lstrip().startswith(("SELECT", "PRAGMA")):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

with session(engine) as connection:
    database_of(connection).begin(connection)
    head = Journal(sys.argv[2], "shop").lock_head(connection)
    upgrade(connection, sys.argv[2], head.schema_version)
    database_of(connection).commit(connection)
"""


@pytest.mark.parametrize("after", [1, 4])
def test_an_upgrade_that_is_killed_leaves_the_old_version(
    engine: Engine, database_url: str, after: int
) -> None:
    """It is killed after the first index, while the guard is away. The next upgrade does all of it."""
    journal = _build(engine, schema_of(engine), 1)
    before = _state(engine)
    command = [sys.executable, "-c", KILLED, database_url, journal.schema or "", str(after)]
    ended = subprocess.run(command, env={**os.environ}, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert _state(engine) == before
    with session(engine) as connection:
        assert wait_until(lambda: _locked(journal, connection))
        head = journal.head(connection)
        assert upgrade(connection, journal.schema, head.schema_version) == SCHEMA_VERSION
        commit(connection)
    assert _version(engine, journal) == [f"{SCHEMA_VERSION:04d}"]


def _locked(journal: Journal, connection: Connection) -> bool:
    """Whether the head can be locked. The dead process's backend may hold it for a moment."""
    try:
        begin(connection)
        journal.lock_head(connection)
    except HeadBusy:
        rollback(connection)
        return False
    return True


@pytest.fixture
def newer(engine: Engine) -> Iterator[tuple[Journal, Connection]]:
    """A journal that a later initdb upgraded: it has one more column, one more index and a higher version."""
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        connection.exec_driver_sql("ALTER TABLE init_journal ADD COLUMN signature TEXT")
        connection.exec_driver_sql("ALTER TABLE init_journal_head ADD COLUMN note TEXT DEFAULT 'x'")
        commit(connection)
        yield journal, connection


def test_older_code_goes_on_appending_to_a_newer_schema(
    engine: Engine, newer: tuple[Journal, Connection]
) -> None:
    """It names its columns, reads its own, and neither upgrades nor downgrades."""
    journal, connection = newer
    begin(connection)
    head = journal.lock_head(connection)
    assert upgrade(connection, journal.schema, SCHEMA_VERSION + 1) == SCHEMA_VERSION + 1
    append(journal, connection, head=head)
    commit(connection)
    assert find(connection, "shop", None)[1]
    assert [entry.seq for entry in journal.read(connection)] == [1, 2]
    assert verify(stored(journal, connection), journal.head(connection)) == []


def test_what_this_code_makes_it_may_write() -> None:
    """The head requires no newer writer than the code itself."""
    assert MIN_WRITER <= WRITER


def test_there_is_a_script_for_each_version() -> None:
    """The last one is the version that this code creates."""
    names = sorted(path.name for path in (FOLDER / "versions").glob("journal_*.py"))
    assert [name.split("_")[1] for name in names] == [
        f"{number:04d}" for number in range(1, SCHEMA_VERSION + 1)
    ]


def test_the_scripts_are_frozen() -> None:
    """They import Alembic, and no code that may change."""
    for path in (FOLDER / "versions").glob("*.py"):
        lines = [line for line in path.read_text().splitlines() if line.startswith(("import", "from"))]
        assert lines == ["from __future__ import annotations", "from alembic import op"], path


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_only_the_owner_upgrades(engine: Engine, database_url: str) -> None:
    """The database refuses a role that may only append, and nothing changes."""
    journal = _build(engine, "public", 1)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE ROLE appender_of_upgrade LOGIN")
        connection.exec_driver_sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO appender_of_upgrade")
    before = _state(engine)
    login = create_engine(engine.url.set(username="appender_of_upgrade"), poolclass=NullPool)
    try:
        with session(login) as connection:
            begin(connection)
            with pytest.raises(Exception, match="must be owner"):
                upgrade(connection, journal.schema, 1)
            rollback(connection)
        assert _state(engine) == before
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP OWNED BY appender_of_upgrade")
            connection.exec_driver_sql("DROP ROLE appender_of_upgrade")


@SCHEMAS
def test_an_upgrade_in_the_middle_of_the_check(
    engine: Engine, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that has lost its baton looks while another one upgrades. The journal is complete before and
    after."""
    journal = _build(engine, schema, 1)
    amendments = Journal._amendments

    def after_the_upgrade(self: Journal, connection: Connection, version: int) -> tuple[str, ...]:
        if version == 1:
            with session(engine) as other:
                begin(other)
                upgrade(other, schema, version, SCHEMA_VERSION)
                commit(other)
        return amendments(self, connection, version)

    monkeypatch.setattr(Journal, "_amendments", after_the_upgrade)
    with session(engine) as connection:
        journal.check_version(connection)
        assert journal.head(connection).schema_version == SCHEMA_VERSION
