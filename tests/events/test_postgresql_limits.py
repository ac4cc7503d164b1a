"""PostgreSQL's part of the journal at its limits: roles, settings, locks, and what else has its names."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.events import postgresql
from initdb.events.head import HeadBusy
from initdb.events.journal import Journal
from initdb.events.postgresql import POSTGRESQL
from initdb.events.postgresql_ddl import FUNCTIONS, GUARDS
from initdb.events.server import Server
from initdb.events.sessions import session
from initdb.events.statements import DriverConnection, driver
from tests.events.journals import append, begin, commit, make, rollback
from tests.events.test_roles import Roles, _as, _work, roles, working_as
from tests.support.postgres_server import PostgresServer

__all__ = ["roles"]

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def test_the_role_of_the_unit_before_locks_the_head(
    server: PostgresServer, database_url: str, engine: Engine, roles: Roles
) -> None:
    """A revision changed to a role without rights. The engine works in another role than it logged in with,
    and the journal has a schema of its own."""
    server.admin_execute(f"ALTER ROLE {roles.small} NOINHERIT")
    for role in (roles.other, "pg_monitor"):
        server.admin_execute(f"GRANT {role} TO {roles.small}")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA audit AUTHORIZATION {roles.other}")
    login = working_as(_as(database_url, roles.small), roles.other)
    journal = make(login, "audit")
    with session(login) as connection:
        _work(journal, connection, "SET ROLE pg_monitor")
        begin(connection)
        head = journal.lock_head(connection, 1.5)
        assert connection.exec_driver_sql("SELECT current_user").scalar() == "pg_monitor"
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "1500ms"
        append(journal, connection, head=head)
        commit(connection)
        rollback(connection)
        connection.exec_driver_sql("RESET ROLE")
        connection.exec_driver_sql(f"SET ROLE {roles.other}")
        assert journal.head(connection).seq == 3


@pytest.mark.parametrize(
    ("level", "then"),
    [("off", "on"), ("local", "on"), ("remote_write", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
)
def test_a_commit_is_on_the_disk_whatever_a_revision_set(engine: Engine, level: str, then: str) -> None:
    """A stronger level stays."""
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        head = journal.lock_head(connection)
        connection.exec_driver_sql(f"SET LOCAL synchronous_commit = {level}")
        append(journal, connection, head=head)
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == then


@pytest.mark.parametrize("version", [15, 16, 17, 18])
def test_only_a_server_that_knows_a_setting_gets_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """transaction_timeout came with PostgreSQL 17."""
    with session(engine) as connection:
        monkeypatch.setattr(connection.dialect, "server_version_info", (version, 4))
        found = POSTGRESQL.settings(connection)
    assert found == postgresql.SESSION | ({"transaction_timeout": "0"} if version >= 17 else {})


def test_each_session_notices_a_dead_server(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own connection is the one that is prepared."""
    prepared: list[object] = []
    monkeypatch.setattr(postgresql, "_keep_alive", prepared.append)
    with session(engine) as connection:
        assert prepared == [driver(connection)]


def test_the_version_of_a_server(engine: Engine, server: PostgresServer) -> None:
    """It is the major one, also for a connection of the driver."""
    (said,) = server.admin_execute("SHOW server_version_num")
    with session(engine) as connection:
        assert postgresql._version(connection) == int(said[0]) // 10000
        found = postgresql._version(driver(connection))
    assert (found, type(found)) == (int(said[0]) // 10000, int)


def test_this_end_of_a_connection_notices_a_dead_server(database_url: str) -> None:
    """Its socket asks after some seconds whether the other end is there. A local socket needs none of it."""
    options = [(getattr(socket, name), value) for name, value in postgresql.LINE.items()]
    with socket.create_server(("localhost", 0)) as listening, socket.socket() as line:
        line.connect(listening.getsockname())
        postgresql._keep_alive(_of(line))
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert [line.getsockopt(socket.IPPROTO_TCP, option) for option, _ in options] == [
            value for _, value in options
        ]
    postgresql._keep_alive(_of(line))
    postgresql._keep_alive(cast("DriverConnection", object()))
    for local in socket.socketpair():
        postgresql._keep_alive(_of(local))
        assert local.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
        local.close()


def _of(line: socket.socket) -> DriverConnection:
    return cast("DriverConnection", SimpleNamespace(fileno=line.fileno))


@pytest.mark.parametrize("ends", [commit, rollback])
def test_a_unit_that_ended_does_not_count_in_the_next(engine: Engine, ends: object) -> None:
    """The next transaction may append without the lock: the triggers check the entry."""
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        journal.lock_head(connection)
        assert callable(ends)
        ends(connection)
        append(journal, connection)
        commit(connection)
        assert journal.head(connection).seq == 2


def test_a_table_that_is_locked_is_busy(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another session alters the head's table."""
    monkeypatch.setattr(postgresql, "LIMITS_WAITING", "set_config('lock_timeout', '20ms', true)")
    journal = make(engine)
    with engine.connect() as other, session(engine) as connection:
        other.exec_driver_sql("LOCK TABLE init_journal_head")
        begin(connection)
        with pytest.raises(HeadBusy):
            journal.lock_head(connection)


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        ("CREATE VIEW init_journal AS SELECT 1 AS seq", "view"),
        ("CREATE MATERIALIZED VIEW init_journal AS SELECT 1 AS seq", "materialized view"),
        ("CREATE SEQUENCE init_journal", "sequence"),
        ("CREATE TABLE init_journal (seq int) PARTITION BY LIST (seq)", "partitioned table"),
        ("CREATE TYPE init_journal AS (seq int)", "type"),
        ("CREATE TABLE t (seq int); CREATE INDEX init_journal ON t (seq)", "index"),
        (
            "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
            " CREATE FOREIGN TABLE init_journal (seq int) SERVER s",
            "foreign table",
        ),
    ],
)
def test_what_else_has_the_name_is_named(engine: Engine, made: str, kind: str) -> None:
    """The error says what it is."""
    with session(engine) as connection:
        connection.exec_driver_sql(made)
        with pytest.raises(InitError) as error:
            Journal("public", "shop").check_tables(connection)
        assert kind in error.value.context[0]


READER = "default_transaction_read_only is on for this role, this database or the server."
STANDBY = "The server is a standby: only its primary can be written."


@pytest.mark.parametrize(
    ("row", "read_only", "cautions"),
    [
        ((7.0, False, "off", "on", "on"), "", []),
        ((7.0, False, "on", "on", "on"), READER, []),
        ((7.0, True, "off", "on", "on"), STANDBY, []),
        ((7.0, True, "on", "off", "off"), STANDBY, ["fsync", "full_page_writes"]),
        ((7.0, False, "off", "on", "off"), "", ["full_page_writes"]),
    ],
)
def test_what_a_server_says_of_itself(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    row: tuple[object, ...],
    read_only: str,
    cautions: list[str],
) -> None:
    """Why nothing can be written, and what puts commits at risk. These servers are not at hand."""
    with session(engine) as connection:
        assert POSTGRESQL.server(connection).read_only == ""
        monkeypatch.setattr(postgresql, "run", lambda *_: [row])
        found = POSTGRESQL.server(connection)
    assert found == Server(7.0, read_only, tuple(postgresql.AT_RISK[name] for name in cautions))


def test_the_guards_of_a_schema_that_was_renamed_are_not_in_force(engine: Engine) -> None:
    """Their functions name the tables of the schema as it was."""
    journal = make(engine, "audit")
    with session(engine) as connection:
        journal.check_guards(connection)
        connection.exec_driver_sql("ALTER SCHEMA audit RENAME TO moved")
        with pytest.raises(InitError) as error:
            Journal("moved", "shop").check_guards(connection)
        functions = {
            f"The function {name} is not as initdb makes it."
            for name in set(FUNCTIONS) - {"init_journal_check"}
        }
        assert functions <= set(error.value.context)


@pytest.mark.parametrize("kept", [(), ("init_journal_append", "init_journal_move", "init_journal_refuse")])
def test_a_journal_after_one_that_was_dropped(engine: Engine, kept: tuple[str, ...]) -> None:
    """Whoever drops the tables leaves the functions, perhaps not all of them."""
    make(engine)
    with engine.begin() as connection:
        for name in ("init_journal", "init_journal_head", "init_journal_version"):
            connection.exec_driver_sql(f"DROP TABLE {name} CASCADE")
        for name in {"init_journal_append", "init_journal_move"} - {*kept}:
            connection.exec_driver_sql(f"DROP FUNCTION {name}()")
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        append(journal, connection)
        commit(connection)
        guards = {
            fact.name for fact in POSTGRESQL.facts(connection, journal.schema) if fact.kind == "trigger"
        }
        assert guards == set(GUARDS)
        journal.check_guards(connection)
