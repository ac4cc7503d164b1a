"""Real failures of a real PostgreSQL server get the right reference."""

from __future__ import annotations

import os
import signal
import socket
import threading
from typing import Any

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from initdb.errors.classify import (
    classify,
    is_connection_lost,
    is_lock_timeout,
    is_made_meanwhile,
    is_missing_table,
    is_passing,
    is_read_only,
    is_serialization,
    is_too_many_connections,
)
from tests.errors.raising import caught, failure, told
from tests.support.postgres_server import PostgresServer
from tests.support.waiting import wait_until

TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER NOT NULL DEFAULT 0)"
HIDDEN = "wr@ng:pass/word"


def connect(url: str) -> Any:
    """A raw connection of psycopg2 to `url`."""
    return psycopg2.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))


@pytest.fixture
def role(server: PostgresServer) -> Any:
    """A role with a password that may log in and nothing more."""
    server.create_password_role("small", "right")
    yield "small"
    server.start()
    server.admin_execute("DROP OWNED BY small")
    server.admin_execute("DROP ROLE small")


def test_a_refused_connection_is_told(server: PostgresServer) -> None:
    """On a port and on a socket where nothing listens."""
    for url in (
        f"postgresql+psycopg2://app:{'s3cret'}@127.0.0.1:1/shop",
        "postgresql+psycopg2:///x?host=/nowhere",
    ):
        error = told(url)
        assert error.reference == "connection-refused"
        assert error.row.passing
        assert any("pg_isready" in line for line in error.rendered().advice)
        assert "s3cret" not in str(error)


def test_an_unknown_host_is_told() -> None:
    """The name is in the message; .invalid is reserved for never being found (RFC 2606)."""
    assert told("postgresql+psycopg2://db.invalid/shop").reference == "host-not-found"


def test_a_silent_server_is_told() -> None:
    """Something accepts the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        error = told(f"postgresql+psycopg2://app@127.0.0.1:{port}/shop", connect_timeout=1)
    assert error.reference == "connection-timeout"


def test_a_wrong_password_is_told_without_it(server: PostgresServer, role: str) -> None:
    """Neither the error nor its stored form holds what was given as the password."""
    error = told(server.url(tcp=True, user=role, password=HIDDEN))
    assert error.reference == "authentication-failed"
    assert error.context[1] == "The server refused the password"
    stored = repr(error.rendered().as_data())
    assert not any(part in stored for part in (HIDDEN, "wr@ng", "wr%40ng", "pass/word"))
    assert not error.row.passing


def test_a_missing_password_and_an_unknown_role_are_told(server: PostgresServer, role: str) -> None:
    """Both are matters of the credentials."""
    assert told(server.url(user=role)).reference == "authentication-failed"
    assert told(server.url(user="nobody_at_all")).reference == "authentication-failed"


def test_an_unknown_database_is_told(server: PostgresServer) -> None:
    """The server is there, the database is not."""
    error = told(server.url("no_such_database"))
    assert error.reference == "unknown-database"
    assert error.context[1] == "The server has no such database"


def test_a_server_without_tls_is_told(server: PostgresServer) -> None:
    """sslmode asks for what the server does not offer."""
    assert told(server.url(tcp=True), sslmode="require").reference == "tls-failed"


def test_too_many_connections_are_told(server: PostgresServer, role: str) -> None:
    """A role's limit is recognised, as waiting and not as failure."""
    server.admin_execute("ALTER ROLE small CONNECTION LIMIT 1")
    url = server.url(tcp=True, user=role, password="right")
    first = connect(url)
    raised = failure(url)
    first.close()
    assert classify(raised, doing="connect", database="postgresql").reference == "too-many-connections"
    assert is_too_many_connections(raised)
    assert is_passing(raised)
    assert not is_connection_lost(raised)


def test_a_database_that_may_not_be_entered_is_told(
    server: PostgresServer, postgresql_url: str, role: str
) -> None:
    """CONNECT was revoked."""
    database = str(make_url(postgresql_url).database)
    server.admin_execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
    assert told(server.url(database, user=role, password="right")).reference == "database-permission-denied"


def test_a_server_that_shuts_down_is_told(server: PostgresServer) -> None:
    """It accepts no new sessions while an old one lasts: try again later."""
    session = connect(server.url())
    os.kill(server.pid, signal.SIGTERM)
    seen: list[str] = []

    def is_told() -> bool:
        if not seen:
            outcome = told(server.url(), "SELECT 1") if _is_refused(server) else None
            seen.extend([outcome.reference] if outcome else [])
        return bool(seen)

    assert wait_until(is_told)
    session.close()
    server.stop()
    assert seen == ["server-starting"]


def _is_refused(server: PostgresServer) -> bool:
    try:
        connect(server.url()).close()
    except psycopg2.OperationalError:
        return True
    return False


def test_a_stopped_server_is_told(server: PostgresServer) -> None:
    """A server that is gone refuses."""
    server.stop_immediate()
    assert told(server.url(tcp=True)).reference == "connection-refused"


@pytest.mark.parametrize(
    ("statements", "doing", "reference", "sqlstate"),
    [
        (["SELEC 1"], "migrate", "revision-failed", "42601"),
        (["SELEC 1"], "schema", "table-creation-failed", "42601"),
        (["SELECT * FROM nowhere"], "seed", "seed-table-unknown", "42P01"),
        (["SELECT * FROM nowhere"], "inspect", "inspection-failed", "42P01"),
        ([TABLE, "SELECT colour FROM t"], "seed", "seed-column-unknown", "42703"),
        ([TABLE, TABLE], "schema", "conflicting-object", "42P07"),
        ([TABLE, TABLE], "migrate", "revision-failed", "42P07"),
        (
            [TABLE, "ALTER TABLE t ADD CHECK (nowhere > 0)"],
            "constraint",
            "constraint-creation-failed",
            "42703",
        ),
        ([TABLE, "INSERT INTO t VALUES (1), (1)"], "seed", "seed-rejected", "23505"),
        ([TABLE, "INSERT INTO t VALUES (1), (1)"], "migrate", "data-migration-failed", "23505"),
        ([TABLE, "INSERT INTO t (id, n) VALUES (1, NULL)"], "seed", "seed-rejected", "23502"),
        (["SELECT 'x'::integer"], "migrate", "data-migration-failed", "22P02"),
        (["SELECT 'x'::integer"], "seed", "seed-rejected", "22P02"),
        ([TABLE, "INSERT INTO t VALUES (1), (1)"], "repair", "constraint-violation", "23505"),
        (
            [TABLE, "INSERT INTO t VALUES (1, 'a', 0), (2, 'b', 0)", "CREATE UNIQUE INDEX i ON t (n)"],
            "index",
            "index-creation-failed",
            "23505",
        ),
        (["SET TRANSACTION READ ONLY", TABLE], "schema", "read-only-database", "25006"),
        (["SET statement_timeout = 20", "SELECT pg_sleep(10)"], "migrate", "statement-timeout", "57014"),
        (["SELECT pg_cancel_backend(pg_backend_pid())"], "migrate", "statement-cancelled", "57014"),
        (
            [
                "SET work_mem = '64kB'",
                "SET temp_file_limit = 64",
                "SELECT n FROM generate_series(1, 200000) AS n ORDER BY md5(n::text)",
            ],
            "migrate",
            "server-out-of-resources",
            "53400",
        ),
        (["DO $$ BEGIN RAISE 'no' USING ERRCODE = '53100'; END $$"], "migrate", "disk-full", "53100"),
        (["DO $$ BEGIN RAISE 'no' USING ERRCODE = 'XX001'; END $$"], "inspect", "database-corrupt", "XX001"),
        (["DO $$ BEGIN RAISE 'no' USING ERRCODE = '57P03'; END $$"], "journal", "server-starting", "57P03"),
        (
            ["DO $$ BEGIN RAISE 'no' USING ERRCODE = '28P01'; END $$"],
            "connect",
            "authentication-failed",
            "28P01",
        ),
        (["DO $$ BEGIN RAISE 'connection refused'; END $$"], "migrate", "revision-failed", "P0001"),
    ],
)
def test_a_refused_statement_is_told_by_its_state(
    postgresql_url: str, statements: list[str], doing: str, reference: str, sqlstate: str
) -> None:
    """The SQLSTATE and the work decide, whatever the message says; the error names SQLSTATE and statement."""
    error = told(postgresql_url, *statements, doing=doing)
    assert error.reference == reference
    assert error.rendered().sqlstate == sqlstate
    assert f"({sqlstate})" in error.context[1]
    assert any(line.startswith("statement: ") for line in error.context)


def test_the_row_that_failed_is_not_told_whole(postgresql_url: str) -> None:
    """Neither the key that exists nor the row that is refused: both may hold a password."""
    twice = told(postgresql_url, TABLE, "INSERT INTO t VALUES (1, 'admin'), (2, 'admin')", doing="seed")
    assert "admin" not in str(twice)
    assert "Another row has the same value already (23505): table t" in twice.context
    insert = "INSERT INTO t (id, name, n) VALUES (:id, :name, NULL)"
    raised = failure(postgresql_url, TABLE, insert, parameters={"id": 1, "name": "s3cret"})
    assert "s3cret" in str(raised)
    assert "s3cret" not in str(classify(raised, doing="seed", database="postgresql"))


def test_missing_permissions_are_told_with_the_grant(
    server: PostgresServer, postgresql_url: str, role: str
) -> None:
    """The journal's own tables have a reference of their own, with the GRANTs."""
    server.admin_execute(TABLE, database=str(make_url(postgresql_url).database))
    url = server.url(str(make_url(postgresql_url).database), user=role, password="right")
    schema = told(url, "CREATE TABLE x (id INTEGER)", doing="schema")
    assert schema.reference == "database-permission-denied"
    assert any("GRANT USAGE, CREATE ON SCHEMA" in line for line in schema.rendered().advice)
    journal = told(url, "SELECT * FROM t", doing="journal")
    assert journal.reference == "journal-permission"
    assert any("GRANT" in line for line in journal.rendered().advice)


@pytest.mark.parametrize("how", ["SET lock_timeout = 20", "NOWAIT"])
def test_a_lock_that_is_not_given_is_told(postgresql_url: str, how: str) -> None:
    """55P03, after a while or at once."""
    holder = connect(postgresql_url)
    holder.cursor().execute(TABLE)
    holder.commit()
    holder.cursor().execute("LOCK TABLE t")
    statements = (how, "LOCK TABLE t") if how != "NOWAIT" else ("LOCK TABLE t NOWAIT",)
    raised = failure(postgresql_url, *statements)
    holder.close()
    assert classify(raised, doing="migrate", database="postgresql").reference == "lock-timeout"
    assert is_lock_timeout(raised)
    assert is_passing(raised)
    assert not is_serialization(raised)


def test_a_lost_race_is_told(postgresql_url: str) -> None:
    """40001: the transaction may be tried again."""
    first, second = connect(postgresql_url), connect(postgresql_url)
    for connection in (first, second):
        connection.set_session(isolation_level="REPEATABLE READ")
    first.cursor().execute(TABLE + "; INSERT INTO t VALUES (1, 'a', 0)")
    first.commit()
    second.cursor().execute("SELECT * FROM t")
    first.cursor().execute("UPDATE t SET n = 1")
    first.commit()
    raised = caught(lambda: second.cursor().execute("UPDATE t SET n = 2"))
    first.close()
    second.close()
    assert classify(raised, doing="seed", database="postgresql").reference == "serialization-failure"
    assert is_serialization(raised)


def test_what_another_transaction_makes_at_the_same_time_is_told(postgresql_url: str) -> None:
    """IF NOT EXISTS does not see it yet. A row that is there twice is something else."""
    first, second, raised = connect(postgresql_url), connect(postgresql_url), list[Any]()
    first.cursor().execute(TABLE)
    again = TABLE.replace("TABLE", "TABLE IF NOT EXISTS")
    waiting = threading.Thread(target=lambda: raised.append(caught(lambda: second.cursor().execute(again))))
    waiting.start()
    asked = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
    with connect(postgresql_url) as other, other.cursor() as cursor:
        wait_until(lambda: cursor.execute(asked, (second.info.backend_pid,)) or cursor.fetchone())
    first.commit()
    waiting.join()
    for one in (first, second, other):
        one.close()
    twice = failure(postgresql_url, "INSERT INTO t VALUES (1, 'a', 0), (1, 'b', 0)")
    assert raised[0].pgcode == twice.orig.pgcode == "23505"
    assert is_made_meanwhile(raised[0])
    assert not is_made_meanwhile(twice)


def test_a_deadlock_is_told(postgresql_url: str) -> None:
    """40P01: one of the two is ended."""
    first, second = connect(postgresql_url), connect(postgresql_url)
    first.cursor().execute(TABLE + "; INSERT INTO t VALUES (1, 'a', 0), (2, 'b', 0)")
    first.commit()
    first.cursor().execute("SET deadlock_timeout = '1h'; UPDATE t SET n = 1 WHERE id = 1")
    second.cursor().execute("SET deadlock_timeout = 10; UPDATE t SET n = 1 WHERE id = 2")
    waiting = threading.Thread(target=lambda: first.cursor().execute("UPDATE t SET n = 2 WHERE id = 2"))
    waiting.start()
    raised = caught(lambda: second.cursor().execute("UPDATE t SET n = 2 WHERE id = 1"))
    second.close()
    waiting.join()
    first.close()
    assert classify(raised, doing="migrate", database="postgresql").reference == "deadlock"
    assert is_serialization(raised)


@pytest.mark.parametrize("moment", ["statement", "commit", "afterwards"])
def test_a_lost_connection_is_told(postgresql_url: str, moment: str) -> None:
    """A backend that is ended leaves no SQLSTATE, in a statement, at the commit, and for what follows."""
    connection, killer = connect(postgresql_url), connect(postgresql_url)
    cursor = connection.cursor()
    cursor.execute(TABLE)
    killer.cursor().execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
    killer.close()
    calls = {"statement": lambda: cursor.execute("SELECT 1"), "commit": connection.commit}
    if moment == "afterwards":
        caught(connection.commit)
    raised = caught(calls.get(moment, connection.cursor))
    assert getattr(raised, "pgcode", None) is None
    assert is_connection_lost(raised)
    error = classify(raised, doing="migrate", database="postgresql", target="0003")
    assert error.reference == "connection-lost"
    assert error.row.passing


def test_sqlalchemy_says_that_the_connection_is_gone(postgresql_url: str) -> None:
    """A session that ends in the middle of its own statement."""
    raised = failure(postgresql_url, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert is_connection_lost(raised)
    assert classify(raised, doing="seed", database="postgresql").reference == "connection-lost"


def test_a_mistake_on_a_connection_that_was_closed_since_is_no_lost_connection(postgresql_url: str) -> None:
    """The engine closes the connection while the error travels up; that is not the server's doing."""
    raised = failure(postgresql_url, "SELECT :what", parameters={"what": object()})
    assert "can't adapt type" in str(raised)
    assert not is_connection_lost(raised)
    assert classify(raised, doing="migrate", database="postgresql").reference == "revision-failed"


def test_conditions_are_told_apart(postgresql_url: str) -> None:
    """Each question is answered with yes for its own state only."""
    missing = failure(postgresql_url, "SELECT * FROM no_such_schema.init_journal_head")
    assert is_missing_table(missing)
    syntax = failure(postgresql_url, "SELEC 1")
    read_only = failure(postgresql_url, "SET TRANSACTION READ ONLY", TABLE)
    assert is_read_only(read_only)
    questions = (is_connection_lost, is_lock_timeout, is_serialization, is_too_many_connections, is_passing)
    for raised in (missing, syntax, read_only):
        assert not any(question(raised) for question in questions)
    assert not is_missing_table(syntax)
    assert not is_read_only(syntax)
