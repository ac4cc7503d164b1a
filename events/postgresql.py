"""PostgreSQL's side of the journal: tables, guarding triggers, the head's lock, the session's settings."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.driver import driver_error
from initdb.events import naming
from initdb.events.chain import GENESIS
from initdb.events.head import MIN_WRITER, SCHEMA_VERSION, Head, HeadBusy
from initdb.events.shape import OF_THE_JOURNAL, Relation

SESSION = {
    "idle_in_transaction_session_timeout": "0",
    "client_connection_check_interval": "1s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20s",
}
"""Set for one transaction at a time: behind PgBouncer a session's settings would leak to others."""

LINE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 20_000}
"""The same at this end, as options of the socket (s, s, probes, ms), as far as the system has them."""

LOOK_PATIENCE = "1s"
"""How long a look waits for a table that somebody keeps in ACCESS EXCLUSIVE mode."""

REFUSED = "IJ001"
"""The SQLSTATE of the triggers; a class of its own, so that it is never mistaken for the application's."""


def settings(connection: Connection) -> dict[str, str]:
    """The session settings that this server knows; transaction_timeout came with PostgreSQL 17."""
    version = connection.dialect.server_version_info or (0,)
    return SESSION | ({"transaction_timeout": "0"} if version >= (17,) else {})


PERMISSION_DENIED = "42501"

UNIT = "initdb_unit"
"""Key of Connection.info: the id of the transaction that locked the head, while a unit of work is open."""

ROLE = "initdb_role"
"""Key of Connection.info: the role in which the head was locked, "none" for the session's own."""


def prefix(connection: Connection, schema: str | None) -> str:
    """`"schema".`"""
    return naming.prefix(schema)


def prepare(connection: Connection) -> None:
    """READ COMMITTED, whatever the engine says: a snapshot held for long would hide what others committed."""
    dbapi = driver(connection)
    _keep_alive(dbapi)
    connection.dialect.set_isolation_level(dbapi, "READ COMMITTED")


def _keep_alive(dbapi: Any) -> None:
    """A server's host that dies says nothing: by the system's defaults its answer is awaited for two hours.

    What libpq's parameters of these names would do, for an engine that somebody else has made.
    """
    fileno = getattr(dbapi, "fileno", None)
    if fileno is None:
        return
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fileno())) as line:
        if line.family in (socket.AF_INET, socket.AF_INET6):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in LINE.items():
                if hasattr(socket, name):
                    line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def restore(connection: Connection) -> None:
    """Nothing to put back: a session of ours is closed."""


def driver(connection: Connection) -> Any:
    """The DBAPI connection below SQLAlchemy's facade."""
    return connection.connection.dbapi_connection


def begin(connection: Connection) -> None:
    """End what was only read; the driver begins with the next statement."""
    rollback(connection)


def commit(connection: Connection, hurried: Callable[[], bool] = bool) -> None:
    """COMMIT below the facade, whose own transaction stays open for the whole run; it waits for nobody."""
    connection.info.pop(UNIT, None)
    connection.dialect.do_commit(driver(connection))


def rollback(connection: Connection) -> None:
    """ROLLBACK below the facade."""
    connection.info.pop(UNIT, None)
    connection.dialect.do_rollback(driver(connection))


def lock_head(connection: Connection, schema: str | None, lock_timeout: float | None) -> Head:
    """Lock the head and read it. Raises HeadBusy where another transaction holds it.

    The settings travel in the same message; `lock_timeout` (s) is for the step's own statements. Where a
    revision or an env.py has put the session into a role that may not lock it, the head is locked in the role
    of the time before, and the session put back.
    """
    try:
        return _lock(connection, schema, lock_timeout)
    except DBAPIError as error:
        found = driver_error(error)
        if found is None or found.sqlstate != PERMISSION_DENIED:
            raise
        rollback(connection)
        role = connection.execute(text("SELECT current_setting('role')")).scalar_one()
        own = connection.info.get(ROLE, "none")
        if role == own:
            raise
    _become(connection, own)
    head = _lock(connection, schema, lock_timeout)
    _become(connection, role)
    return head


def _lock(connection: Connection, schema: str | None, lock_timeout: float | None) -> Head:
    wanted = settings(connection)
    if lock_timeout is not None:
        wanted["lock_timeout"] = f"{round(lock_timeout * 1000)}ms"
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in sorted(wanted.items()))
    head = f"{naming.literal(prefix(connection, schema))}init_journal_head"
    row = connection.execute(
        text(
            "SELECT current_setting('role'), pg_current_xact_id()::text, seq, hash, schema_version,"
            f" min_writer, extract(epoch FROM clock_timestamp())::float8, {calls}"
            f" FROM {head} WHERE id = 1 FOR UPDATE SKIP LOCKED"
        )
    ).first()
    if row is not None:
        connection.info[ROLE], connection.info[UNIT] = row[:2]
        return Head(*row[2:7])
    if connection.execute(text(f"SELECT seq FROM {head} WHERE id = 1")).first() is None:
        raise InitError("journal-unreadable", "init_journal_head has no row", database="postgresql")
    raise HeadBusy


def _become(connection: Connection, role: str) -> None:
    connection.execute(text("SELECT set_config('role', :role, true)"), {"role": role})


def before_append(connection: Connection) -> None:
    """Undo, for the rest of the transaction, what a revision may have set and what would hinder the append.

    SET ROLE: be again who locked the head. session_replication_role: under `replica` no trigger would fire,
    and the head stay behind. Raises InitError("transaction-ended") where the transaction is not the one in
    which the head was locked: the step has committed or rolled back what it did.
    """
    now = connection.execute(
        text(
            "SELECT pg_current_xact_id_if_assigned()::text, set_config('role', :role, true),"
            " CASE WHEN current_setting('session_replication_role') <> 'origin'"
            " THEN set_config('session_replication_role', 'origin', true) END"
        ),
        {"role": connection.info.get(ROLE, "none")},
    ).scalar()
    if connection.info.get(UNIT, now) != now:
        raise InitError("transaction-ended", database="postgresql")


def lock_nothing(connection: Connection, key: int) -> None:
    """Take the lock that stands for the head while there is none. Raises HeadBusy where another has it."""
    if not connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}).scalar():
        raise HeadBusy


def schemas(connection: Connection) -> dict[str, bool]:
    """The schemas that hold a table init_journal_head, and whether they hold init_journal; the session's own
    first.

    Every look begins with it, so in the same message it limits how long the look may wait for a lock.
    """
    rows = connection.execute(
        text(
            "SELECT n.nspname, EXISTS (SELECT FROM pg_catalog.pg_class o WHERE o.relnamespace = n.oid"
            " AND o.relname = 'init_journal' AND o.relkind = 'r'), patience"
            f" FROM set_config('lock_timeout', '{LOOK_PATIENCE}', true) patience"
            " LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " AND c.relname = 'init_journal_head' AND c.relkind = 'r' AND c.relpersistence <> 't') ON true"
            " ORDER BY n.nspname <> current_schema(), n.nspname"
        )
    )
    return {row[0]: row[1] for row in rows if row[0] is not None}


def default_schema(connection: Connection) -> str | None:
    """The schema in which a new table would be made."""
    return connection.execute(text("SELECT current_schema()")).scalar()


def guards(connection: Connection, schema: str | None) -> frozenset[str]:
    """The names of the triggers that stand, are enabled and mean the journal's two tables.

    The functions name their tables with the schema: of a journal that was moved they mean what is no more.
    """
    rows = connection.execute(
        text(
            "SELECT t.tgname FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid AND strpos(p.prosrc, :table) > 0"
            " WHERE n.nspname = coalesce(:schema, current_schema()) AND NOT t.tgisinternal"
            " AND t.tgenabled IN ('O', 'A') AND c.relname IN ('init_journal', 'init_journal_head')"
        ),
        {"schema": schema, "table": f"{prefix(connection, schema)}init_journal"},
    )
    return frozenset(row[0] for row in rows)


def relations(connection: Connection, schema: str | None) -> dict[str, Relation]:
    """What has one of the journal's names in `schema`: tables, indexes, and what is neither."""
    rows = connection.execute(
        text(
            "SELECT c.relname, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'i' THEN 'index'"
            " WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'"
            " WHEN 'f' THEN 'foreign table' WHEN 'p' THEN 'partitioned table' ELSE 'type' END,"
            " ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a"
            " WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)"
            " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = coalesce(:schema, current_schema()) AND c.relname = ANY(:names)"
        ),
        {"schema": schema, "names": list(OF_THE_JOURNAL)},
    )
    return {row[0]: Relation(row[1], frozenset(row[2])) for row in rows}


GUARDS = frozenset(
    {
        "init_journal_append",
        "init_journal_keep",
        "init_journal_keep_all",
        "init_journal_head_move",
        "init_journal_head_keep",
        "init_journal_head_keep_all",
    }
)


def create(connection: Connection, schema: str | None) -> None:
    """Make the whole journal, empty, at this code's version, and its schema where there is none yet.

    The caller's transaction commits it.
    """
    there = text("SELECT current_setting('role'), to_regnamespace(quote_ident(:schema)) IS NULL")
    connection.info[ROLE], missing = connection.execute(there, {"schema": schema}).one()
    if schema and missing:
        connection.execute(text(naming.literal(f"CREATE SCHEMA {prefix(connection, schema)[:-1]}")))
    for statement in ddl(prefix(connection, schema)):
        connection.execute(text(naming.literal(statement)))


def ddl(at: str) -> list[str]:
    """The statements that make the journal; `at` is the quoted schema with its dot, or nothing."""
    return [
        f"CREATE TABLE {at}init_journal (seq BIGINT PRIMARY KEY, run TEXT NOT NULL, at TEXT NOT NULL,"
        " type TEXT NOT NULL, source TEXT NOT NULL, dest TEXT NOT NULL, event TEXT NOT NULL,"
        " prev_hash TEXT NOT NULL, hash TEXT NOT NULL)",
        f"CREATE TABLE {at}init_journal_head (id INTEGER PRIMARY KEY CHECK (id = 1), seq BIGINT NOT NULL,"
        " hash TEXT NOT NULL, schema_version INTEGER NOT NULL, min_writer INTEGER NOT NULL)",
        f"INSERT INTO {at}init_journal_head VALUES (1, 0, '{GENESIS}', {SCHEMA_VERSION}, {MIN_WRITER})",
        *_functions(at),
        *_triggers(at),
        f"CREATE INDEX init_journal_run ON {at}init_journal (run)",
        f"CREATE INDEX init_journal_type ON {at}init_journal (type)",
        f"CREATE TABLE {at}init_journal_version (version_num VARCHAR(32) NOT NULL,"
        " CONSTRAINT init_journal_version_pkc PRIMARY KEY (version_num))",
        f"INSERT INTO {at}init_journal_version VALUES ('{SCHEMA_VERSION:04d}')",
    ]


def _functions(at: str) -> list[str]:
    """SECURITY DEFINER: a role that may only insert events has the head moved for it."""
    opening = (
        "RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
        " AS $initdb$ BEGIN"
    )
    return [
        f"CREATE FUNCTION {at}init_journal_append() {opening}"
        f" UPDATE {at}init_journal_head SET seq = NEW.seq, hash = NEW.hash"
        " WHERE id = 1 AND seq = NEW.seq - 1 AND hash = NEW.prev_hash;"
        " IF NOT FOUND THEN RAISE EXCEPTION 'init_journal: event % does not follow the head', NEW.seq"
        f" USING ERRCODE = '{REFUSED}'; END IF; RETURN NULL; END $initdb$",
        f"CREATE FUNCTION {at}init_journal_move() {opening}"
        " IF NEW.id = OLD.id AND NEW.seq = OLD.seq + 1 AND NEW.schema_version = OLD.schema_version"
        " AND NEW.min_writer = OLD.min_writer"
        f" AND EXISTS (SELECT 1 FROM {at}init_journal WHERE seq = NEW.seq AND hash = NEW.hash"
        " AND prev_hash = OLD.hash) THEN RETURN NEW; END IF;"
        " RAISE EXCEPTION 'init_journal_head moves by an event only'"
        f" USING ERRCODE = '{REFUSED}'; END $initdb$",
        f"CREATE FUNCTION {at}init_journal_refuse() {opening}"
        " IF TG_OP = 'INSERT' THEN"
        f" IF NOT EXISTS (SELECT 1 FROM {at}init_journal_head) THEN RETURN NEW; END IF; END IF;"
        " RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP"
        f" USING ERRCODE = '{REFUSED}'; END $initdb$",
    ]


def _triggers(at: str) -> list[str]:
    refuse = f"EXECUTE FUNCTION {at}init_journal_refuse()"
    journal, head = f"{at}init_journal", f"{at}init_journal_head"
    return [
        f"CREATE TRIGGER init_journal_append AFTER INSERT ON {journal}"
        f" FOR EACH ROW EXECUTE FUNCTION {at}init_journal_append()",
        f"CREATE TRIGGER init_journal_keep BEFORE UPDATE OR DELETE ON {journal} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER init_journal_keep_all BEFORE TRUNCATE ON {journal} FOR EACH STATEMENT {refuse}",
        f"CREATE TRIGGER init_journal_head_move BEFORE UPDATE ON {head}"
        f" FOR EACH ROW EXECUTE FUNCTION {at}init_journal_move()",
        f"CREATE TRIGGER init_journal_head_keep BEFORE INSERT OR DELETE ON {head} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER init_journal_head_keep_all BEFORE TRUNCATE ON {head} FOR EACH STATEMENT {refuse}",
    ]
