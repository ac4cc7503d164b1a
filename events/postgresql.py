"""The port to PostgreSQL: its settings and locks, and the tables, functions and triggers of the journal."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping, MutableMapping
from weakref import WeakKeyDictionary

from initdb.errors import InitError
from initdb.errors.driver import driver_error
from initdb.errors.predicates import is_lock_timeout
from initdb.events import naming, postgresql_parts
from initdb.events.chain import GENESIS
from initdb.events.head import MIN_WRITER, SCHEMA_VERSION, Head, HeadBusy
from initdb.events.parts import Part
from initdb.events.server import Server
from initdb.events.shape import OF_THE_JOURNAL, Relation
from initdb.events.statements import (
    AnyConnection,
    DriverConnection,
    database_errors,
    driver,
    is_sqlalchemy,
    run,
)

SESSION = {
    "idle_in_transaction_session_timeout": "0",
    "client_connection_check_interval": "1s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20s",
}
"""The settings of each transaction. Settings of the session would reach other clients of PgBouncer."""

LINE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 20_000}
"""The same for this end of the connection: options of its socket, in s, s, probes and ms."""

LOOK_PATIENCE = "1s"
"""How long a look waits for a table that another session has locked in ACCESS EXCLUSIVE mode."""

LIMITS_WAITING = f"set_config('lock_timeout', '{LOOK_PATIENCE}', true)"
"""A call that sets it for the rest of the transaction."""

_TURN_ON = "An administrator turns it on: ALTER SYSTEM SET {0} = on; SELECT pg_reload_conf();"

AT_RISK = {
    "fsync": "The server runs with fsync = off: if its machine stops, committed data can be lost or damaged. "
    + _TURN_ON.format("fsync"),
    "full_page_writes": "The server runs with full_page_writes = off: if its machine stops in the middle of "
    "a write, data can be damaged. " + _TURN_ON.format("full_page_writes"),
}
"""Settings of the whole server, which no session can change, and what is said if they are off."""

_SERVER = (
    "SELECT extract(epoch FROM clock_timestamp())::float8, pg_is_in_recovery(),"
    " current_setting('default_transaction_read_only'), "
    + ", ".join(f"current_setting('{name}')" for name in AT_RISK)
)

REFUSED = "IJ001"
"""The SQLSTATE that the journal's triggers raise. No trigger of an application has one of its class."""

PERMISSION_DENIED = "42501"

UNIT = "initdb_unit"
"""Key of a connection's memory: the id of the transaction that locked the head, until it ends."""

ROLE = "initdb_role"
"""Key of a connection's memory: the role that locked the head; "none" is the session's own."""

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


class PostgreSQL:
    """`initdb.events.database.Database` says what a method means; here is what is special to PostgreSQL."""

    name = "postgresql"
    guards = GUARDS

    def prepare(self, connection: AnyConnection) -> Callable[[], None]:
        """READ COMMITTED, whatever the engine has: an old snapshot would hide what others committed."""
        dbapi = driver(connection)
        _keep_alive(dbapi)
        if is_sqlalchemy(connection):
            connection.dialect.set_isolation_level(dbapi, "READ COMMITTED")
        # There is nothing to restore: initdb closes its sessions.
        return lambda: None

    def begin(self, connection: AnyConnection) -> None:
        """The rollback ends what was only read. The driver begins a transaction with the next statement."""
        self.rollback(connection)

    def commit(self, connection: AnyConnection, hurried: Callable[[], bool] = bool) -> None:
        """Below SQLAlchemy's Connection, whose own transaction is open for the whole run."""
        _memory(connection).pop(UNIT, None)
        if is_sqlalchemy(connection):
            connection.dialect.do_commit(driver(connection))
        else:
            connection.commit()

    def rollback(self, connection: AnyConnection) -> None:
        """Below SQLAlchemy's Connection."""
        _memory(connection).pop(UNIT, None)
        if is_sqlalchemy(connection):
            connection.dialect.do_rollback(driver(connection))
        else:
            connection.rollback()

    def in_transaction(self, connection: AnyConnection) -> bool:
        """psycopg2 and psycopg know the status of the transaction. asyncpg is never asked."""
        info = getattr(driver(connection), "info", None)
        return bool(info is not None and info.transaction_status)

    def lock_head(self, connection: AnyConnection, schema: str | None, lock_timeout: float | None) -> Head:
        """One statement makes the settings and locks the head.

        A revision or an env.py may have put the session into a role that may not lock the head. Then the role
        of the unit before locks it, and the session gets its role back.
        """
        try:
            return self._lock(connection, schema, lock_timeout)
        except database_errors(connection) as error:
            if is_lock_timeout(error):
                raise HeadBusy from error
            found = driver_error(error)
            if found is None or found.sqlstate != PERMISSION_DENIED:
                raise
            self.rollback(connection)
            role = run(connection, "SELECT current_setting('role')")[0][0]
            own = _memory(connection).get(ROLE, "none")
            if role == own:
                raise
        _become(connection, own)
        head = self._lock(connection, schema, lock_timeout)
        _become(connection, role)
        return head

    def _lock(self, connection: AnyConnection, schema: str | None, lock_timeout: float | None) -> Head:
        # The table is locked when the statement is read: a limit that it sets itself comes too late.
        run(connection, f"SELECT {LIMITS_WAITING}")
        wanted = self.settings(connection)
        if lock_timeout is not None:
            wanted["lock_timeout"] = f"{round(lock_timeout * 1000)}ms"
        calls = _set_locally(wanted)
        head = f"{naming.literal(naming.prefix(schema))}init_journal_head"
        rows = run(
            connection,
            "SELECT current_setting('role'), pg_current_xact_id()::text, seq, hash, schema_version,"
            f" min_writer, extract(epoch FROM clock_timestamp())::float8, {calls}"
            f" FROM {head} WHERE id = 1 FOR UPDATE SKIP LOCKED",
        )
        if rows:
            memory = _memory(connection)
            memory[ROLE], memory[UNIT] = rows[0][:2]
            return Head(*rows[0][2:7])
        if not run(connection, f"SELECT seq FROM {head} WHERE id = 1"):
            raise InitError("journal-unreadable", "init_journal_head has no row", database=self.name)
        raise HeadBusy

    def lift_limits(self, connection: AnyConnection) -> None:
        """The statement makes the settings: a validation may take longer than transaction_timeout allows."""
        run(connection, f"SELECT {_set_locally(self.settings(connection))}")

    def settings(self, connection: AnyConnection) -> dict[str, str]:
        """The session settings that this server knows; transaction_timeout came with PostgreSQL 17."""
        return SESSION | ({"transaction_timeout": "0"} if _version(connection) >= 17 else {})

    def lock_first(self, connection: AnyConnection, key: int) -> None:
        """An advisory lock. A transaction whose COMMIT is in doubt holds it until the COMMIT arrives."""
        said = f"SELECT pg_try_advisory_xact_lock(:key), {LIMITS_WAITING}"
        if not run(connection, said, {"key": key})[0][0]:
            raise HeadBusy

    def before_append(self, connection: AnyConnection) -> None:
        """Three settings are corrected.

        * role: that of the lock on the head.
        * session_replication_role: under `replica` no trigger would fire, and the head would stay behind.
        * synchronous_commit: a COMMIT must be on the disk when it returns.
        """
        now = run(
            connection,
            "SELECT pg_current_xact_id_if_assigned()::text, set_config('role', :role, true),"
            " CASE WHEN current_setting('session_replication_role') <> 'origin'"
            " THEN set_config('session_replication_role', 'origin', true) END,"
            " CASE WHEN current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')"
            " THEN set_config('synchronous_commit', 'on', true) END",
            {"role": _memory(connection).get(ROLE, "none")},
        )[0][0]
        if _memory(connection).get(UNIT, now) != now:
            raise InitError("transaction-ended", database=self.name)

    def schemas(self, connection: AnyConnection) -> dict[str, bool]:
        """Every look begins with this query, so it also sets how long the look may wait for a lock."""
        rows = run(
            connection,
            "SELECT n.nspname, EXISTS (SELECT FROM pg_catalog.pg_class o WHERE o.relnamespace = n.oid"
            " AND o.relname = 'init_journal' AND o.relkind = 'r'), patience"
            f" FROM {LIMITS_WAITING} patience"
            " LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " AND c.relname = 'init_journal_head' AND c.relkind = 'r' AND c.relpersistence <> 't') ON true"
            " ORDER BY n.nspname <> current_schema(), n.nspname",
        )
        return {row[0]: row[1] for row in rows if row[0] is not None}

    def at(self, schema: str | None) -> str:
        """The schema, quoted."""
        return naming.prefix(schema)

    def renamed(self, sql: str, schema: str | None) -> str:
        """Each schema has the same names."""
        return sql

    def default_schema(self, connection: AnyConnection) -> str | None:
        """The first schema of the search_path that exists."""
        found = run(connection, "SELECT current_schema()")[0][0]
        return str(found) if found is not None else None

    def standing_guards(self, connection: AnyConnection, schema: str | None) -> frozenset[str]:
        """A trigger is in force if it is enabled, and if its function names the tables of this schema.

        Functions name the tables with their schema. After a move to another schema they name tables that no
        longer exist.
        """
        rows = run(
            connection,
            "SELECT t.tgname FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid AND strpos(p.prosrc, :table) > 0"
            " WHERE n.nspname = coalesce(:schema, current_schema()) AND NOT t.tgisinternal"
            " AND t.tgenabled IN ('O', 'A') AND c.relname IN ('init_journal', 'init_journal_head')",
            {"schema": schema, "table": f"{naming.prefix(schema)}init_journal"},
        )
        return frozenset(row[0] for row in rows)

    def relations(self, connection: AnyConnection, schema: str | None) -> dict[str, Relation]:
        """Read from pg_class."""
        rows = run(
            connection,
            "SELECT c.relname, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'i' THEN 'index'"
            " WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'"
            " WHEN 'f' THEN 'foreign table' WHEN 'p' THEN 'partitioned table' ELSE 'type' END,"
            " ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a"
            " WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)"
            " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = coalesce(:schema, current_schema()) AND c.relname = ANY(:names)",
            {"schema": schema, "names": list(OF_THE_JOURNAL)},
        )
        return {row[0]: Relation(row[1], frozenset(row[2])) for row in rows}

    def create(self, connection: AnyConnection, schema: str | None) -> bool:
        """By the statements of `ddl`, after CREATE SCHEMA if the schema is missing."""
        there = "SELECT current_setting('role'), to_regnamespace(quote_ident(:schema)) IS NULL"
        _memory(connection)[ROLE], missing = run(connection, there, {"schema": schema})[0]
        if schema and missing:
            run(connection, naming.literal(f"CREATE SCHEMA {naming.prefix(schema)[:-1]}"))
        at = naming.prefix(schema)
        # Whoever drops a journal's tables leaves its functions. They may be of an older version.
        left = ", ".join(f"{at}{name}()" for name in _FUNCTIONS)
        run(connection, naming.literal(f"DROP FUNCTION IF EXISTS {left}"))
        for statement in self.ddl(at):
            run(connection, naming.literal(statement))
        return bool(schema and missing)

    def parts(self, connection: AnyConnection, schema: str | None) -> tuple[Part, ...]:
        """Tables and functions."""
        return postgresql_parts.parts(connection, schema, _FUNCTIONS)

    def dependents(self, connection: AnyConnection, schema: str | None) -> tuple[Part, ...]:
        """Read from pg_depend."""
        return postgresql_parts.dependents(connection, schema, _FUNCTIONS)

    def ddl(self, at: str) -> list[str]:
        """The journal, its head, the functions, the triggers, the indexes and the version table."""
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
            f"CREATE INDEX init_journal_type_seq ON {at}init_journal (type, seq)",
            f"CREATE TABLE {at}init_journal_version (version_num VARCHAR(32) NOT NULL,"
            " CONSTRAINT init_journal_version_pkc PRIMARY KEY (version_num))",
            f"INSERT INTO {at}init_journal_version VALUES ('{SCHEMA_VERSION:04d}')",
        ]

    def server(self, connection: AnyConnection) -> Server:
        """In one message."""
        clock, standby, reader, *safe = run(connection, _SERVER)[0]
        read_only = ""
        if standby:
            read_only = "The server is a standby: only its primary can be written."
        elif reader == "on":
            read_only = "default_transaction_read_only is on for this role, this database or the server."
        settings = zip(AT_RISK, safe, strict=True)
        return Server(clock, read_only, tuple(AT_RISK[name] for name, value in settings if value == "off"))


POSTGRESQL = PostgreSQL()

_MEMORIES: WeakKeyDictionary[DriverConnection, dict[str, str]] = WeakKeyDictionary()
"""The memory of each driver's connection. SQLAlchemy's Connection has one of its own: `info`."""


def _memory(connection: AnyConnection) -> MutableMapping[str, str]:
    return connection.info if is_sqlalchemy(connection) else _MEMORIES.setdefault(connection, {})


def _version(connection: AnyConnection) -> int:
    """The server's major version."""
    if is_sqlalchemy(connection):
        return int((connection.dialect.server_version_info or (0,))[0])
    return int(run(connection, "SELECT current_setting('server_version_num')")[0][0]) // 10000


def _become(connection: AnyConnection, role: str) -> None:
    run(connection, "SELECT set_config('role', :role, true)", {"role": role})


def _keep_alive(dbapi: DriverConnection) -> None:
    """Notice within seconds that the server's host died. By default the system waits for two hours.

    libpq has parameters for this, but the application made the engine.
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


_FUNCTIONS = ("init_journal_append", "init_journal_move", "init_journal_refuse")


def _functions(at: str) -> list[str]:
    """The functions of the triggers. SECURITY DEFINER: they move the head for a role that may only insert."""
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


def _set_locally(settings: Mapping[str, str]) -> str:
    """The calls that make settings for the open transaction, as columns of a SELECT."""
    return ", ".join(f"set_config('{name}', '{value}', true)" for name, value in sorted(settings.items()))
