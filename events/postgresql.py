"""The port to PostgreSQL: its settings and locks, and the tables, functions and triggers of the journal."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager

from initdb.errors import InitError
from initdb.errors.driver import driver_error
from initdb.errors.predicates import is_lock_timeout
from initdb.events import (
    naming,
    postgresql_ddl,
    postgresql_facts,
    postgresql_parts,
    postgresql_trust,
    shadows,
)
from initdb.events.fact import Fact
from initdb.events.head import Head, HeadBusy, HeadMoved
from initdb.events.memory import memory
from initdb.events.parts import Part
from initdb.events.postgresql_ddl import FUNCTIONS
from initdb.events.search_path import forget_path, pinned
from initdb.events.server import Server
from initdb.events.shape import HEAD, JOURNAL, OF_THE_JOURNAL, Relation
from initdb.events.statements import (
    AnyConnection,
    DriverConnection,
    database_errors,
    driver,
    is_sqlalchemy,
    run,
)
from initdb.events.trust import Around, Place
from initdb.events.views import VIEWS, is_taken

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

LIMITS_WAITING = f"pg_catalog.set_config('lock_timeout', '{LOOK_PATIENCE}', true)"
"""A call that sets it for the rest of the transaction."""

_TURN_ON = "An administrator turns it on: ALTER SYSTEM SET {0} = on; SELECT pg_reload_conf();"

AT_RISK = {
    "fsync": "The server runs with fsync = off: if its machine stops, committed data can be lost or damaged. "
    + _TURN_ON.format("fsync"),
    "full_page_writes": "The server runs with full_page_writes = off: if its machine stops in the middle of "
    "a write, data can be damaged. " + _TURN_ON.format("full_page_writes"),
}
"""Settings of the whole server, which no session can change, and what is said if they are off."""

_CLOCK = "extract(epoch FROM pg_catalog.clock_timestamp())::pg_catalog.float8"
_SERVER = (
    f"SELECT {_CLOCK}, pg_catalog.pg_is_in_recovery(),"
    " pg_catalog.current_setting('default_transaction_read_only'), "
    + ", ".join(f"pg_catalog.current_setting('{name}')" for name in AT_RISK)
)

PERMISSION_DENIED = "42501"

UNIT = "initdb_unit"
"""Key of a connection's memory: the id of the transaction that locked the head, until it ends."""

ROLE = "initdb_role"
"""Key of a connection's memory: the role that locked the head; "none" is the session's own."""


class PostgreSQL:
    """`initdb.events.database.Database` says what a method means; here is what is special to PostgreSQL."""

    name = "postgresql"
    equals = "OPERATOR(pg_catalog.=)"
    above = "OPERATOR(pg_catalog.>)"
    upto, below = "OPERATOR(pg_catalog.<=)", "OPERATOR(pg_catalog.<)"

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
        _forget(connection)
        if is_sqlalchemy(connection):
            connection.dialect.do_commit(driver(connection))
        else:
            connection.commit()

    def rollback(self, connection: AnyConnection) -> None:
        """Below SQLAlchemy's Connection."""
        _forget(connection)
        if is_sqlalchemy(connection):
            connection.dialect.do_rollback(driver(connection))
        else:
            connection.rollback()

    def in_transaction(self, connection: AnyConnection) -> bool:
        """psycopg2 and psycopg know the status of the transaction. asyncpg is never asked."""
        info = getattr(driver(connection), "info", None)
        return bool(info is not None and info.transaction_status)

    def lock_head(
        self,
        connection: AnyConnection,
        schema: str | None,
        lock_timeout: float | None,
        stamp: str | None = None,
    ) -> Head:
        """One statement makes the settings and locks the head.

        A revision or an env.py may have put the session into a role that may not lock the head. Then the role
        of the unit before locks it, and the session gets its role back.
        """
        try:
            return self._lock(connection, schema, lock_timeout, stamp)
        except database_errors(connection) as error:
            if is_lock_timeout(error):
                raise HeadBusy from error
            found = driver_error(error)
            if found is None or found.sqlstate != PERMISSION_DENIED:
                raise
            self.rollback(connection)
            role = run(connection, "SELECT pg_catalog.current_setting('role')")[0][0]
            own = memory(connection).get(ROLE, "none")
            if role == own:
                raise
        _become(connection, own)
        head = self._lock(connection, schema, lock_timeout, stamp)
        _become(connection, role)
        return head

    def _lock(
        self,
        connection: AnyConnection,
        schema: str | None,
        lock_timeout: float | None,
        stamp: str | None = None,
    ) -> Head:
        # The table is locked when the statement is read: a limit that it sets itself comes too late.
        run(connection, f"SELECT {LIMITS_WAITING}")
        wanted = self.settings(connection)
        if lock_timeout is not None:
            wanted["lock_timeout"] = f"{round(lock_timeout * 1000)}ms"
        calls = _set_locally(wanted)
        head = f"{naming.literal(naming.prefix(schema))}{HEAD}"
        is_first = f"id {self.equals} 1"
        rows = run(
            connection,
            "SELECT pg_catalog.current_setting('role'), pg_catalog.pg_current_xact_id()::pg_catalog.text,"
            f" seq, hash, schema_version, min_writer, {_CLOCK}, {postgresql_facts.STAMP}, {calls}"
            f" FROM {head} WHERE {is_first} FOR UPDATE SKIP LOCKED",
            {"schema": schema},
        )
        if rows:
            known = memory(connection)
            known[ROLE], known[UNIT] = rows[0][:2]
            if stamp is not None and rows[0][7] != stamp:
                raise HeadMoved
            return Head(*rows[0][2:7])
        if not run(connection, f"SELECT seq FROM {head} WHERE {is_first}"):
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
        said = f"SELECT pg_catalog.pg_try_advisory_xact_lock(:key), {LIMITS_WAITING}"
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
            "SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text,"
            " pg_catalog.set_config('role', :role, true),"
            f" CASE WHEN pg_catalog.current_setting('session_replication_role') {self.equals} 'origin'"
            " THEN NULL ELSE pg_catalog.set_config('session_replication_role', 'origin', true) END,"
            f" CASE WHEN pg_catalog.current_setting('synchronous_commit') {self.equals}"
            " ANY ('{off,local,remote_write}'::pg_catalog.text[])"
            " THEN pg_catalog.set_config('synchronous_commit', 'on', true) END",
            {"role": memory(connection).get(ROLE, "none")},
        )[0][0]
        if memory(connection).get(UNIT, now) != now:
            raise InitError("transaction-ended", database=self.name)

    def pinned(self, connection: AnyConnection) -> AbstractContextManager[tuple[str, ...]]:
        """See `initdb.events.search_path`."""
        return pinned(connection)

    def shadows(self, connection: AnyConnection) -> tuple[str, ...]:
        """See `initdb.events.shadows`."""
        return tuple(shadows.shadows(connection).values())

    def shielded(self, connection: AnyConnection) -> AbstractContextManager[str | None]:
        """See `initdb.events.shadows`."""
        return shadows.shielded(connection)

    def around(self, connection: AnyConnection, trusted: Collection[str], tables: Collection[str]) -> Around:
        """Every look begins with this query, so it also sets how long the look may wait for a lock."""
        run(connection, f"SELECT {LIMITS_WAITING}")
        return postgresql_trust.around(connection, trusted, tables)

    def places(
        self, connection: AnyConnection, names: Collection[str], trusted: Collection[str]
    ) -> dict[str, Place]:
        """Schemas."""
        return postgresql_trust.places(connection, names, trusted)

    def lock_to_read(self, connection: AnyConnection, schema: str | None) -> str:
        """ONLY: the children of a table that inherits are somebody else's."""
        at = naming.literal(naming.prefix(schema))
        run(connection, f"LOCK TABLE ONLY {at}{HEAD}, ONLY {at}{JOURNAL} IN ACCESS SHARE MODE")
        return str(run(connection, f"SELECT {postgresql_facts.STAMP}", {"schema": schema})[0][0])

    def facts(self, connection: AnyConnection, schema: str | None) -> tuple[Fact, ...]:
        """From the catalogue alone."""
        return postgresql_facts.facts(connection, schema)

    def strangers(
        self, connection: AnyConnection, owners: Collection[str], trusted: Collection[str]
    ) -> Collection[str]:
        """By membership."""
        with pinned(connection):
            return postgresql_trust.strangers(connection, owners, trusted)

    def expected(self, schema: str | None, version: int) -> tuple[Fact, ...]:
        """Those of the statements in `ddl`."""
        return postgresql_ddl.expected(schema or "", version)

    def at(self, schema: str | None) -> str:
        """The schema, quoted."""
        return naming.prefix(schema)

    def renamed(self, sql: str, schema: str | None) -> str:
        """Each schema has the same names."""
        return sql

    def default_schema(self, connection: AnyConnection) -> str | None:
        """The first schema of the search_path that exists."""
        found = run(connection, "SELECT pg_catalog.current_schema()")[0][0]
        return str(found) if found is not None else None

    def relations(self, connection: AnyConnection, schema: str | None) -> dict[str, Relation]:
        """Read from pg_class."""
        with pinned(connection) as path:
            rows = run(
                connection,
                "SELECT c.relname, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'i' THEN 'index'"
                " WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'"
                " WHEN 'f' THEN 'foreign table' WHEN 'p' THEN 'partitioned table' ELSE 'type' END,"
                " ARRAY(SELECT a.attname::text FROM pg_attribute a"
                " WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)"
                " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = :schema AND c.relname = ANY(:names)",
                {"schema": schema or (path[0] if path else ""), "names": list(OF_THE_JOURNAL)},
            )
        return {row[0]: Relation(row[1], frozenset(row[2])) for row in rows}

    def create(self, connection: AnyConnection, schema: str | None) -> bool:
        """By the statements of `ddl`, after CREATE SCHEMA if the schema is missing.

        The default privileges of the owner or of the schema may have given others rights on the tables. They
        are taken back: whoever may create a trigger there has the rights of the owner.
        """
        there = (
            "SELECT pg_catalog.current_setting('role'),"
            " pg_catalog.to_regnamespace(pg_catalog.quote_ident(:schema)) IS NULL"
        )
        memory(connection)[ROLE], missing = run(connection, there, {"schema": schema})[0]
        if schema and missing:
            run(connection, naming.literal(f"CREATE SCHEMA {naming.prefix(schema)[:-1]}"))
        at = naming.prefix(schema)
        # Whoever drops a journal's tables leaves its functions. They may be of an older version.
        left = ", ".join(f"{at}{name}()" for name in FUNCTIONS)
        run(connection, naming.literal(f"DROP FUNCTION IF EXISTS {left}"))
        named = (
            "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
            f" ON n.oid {self.equals} c.relnamespace"
            f" WHERE n.nspname {self.equals} CAST(:schema AS pg_catalog.name)"
            f" AND c.relname {self.equals} ANY (CAST(:views AS pg_catalog.name[]))"
        )
        taken = {row[0] for row in run(connection, named, {"schema": schema, "views": list(VIEWS)})}
        with pinned(connection):  # it decides what operators and types mean in the views
            for statement in self.ddl(at):
                if not is_taken(statement, taken):
                    run(connection, naming.literal(statement))
        self.revoke(connection, schema)
        return bool(schema and missing)

    def revoke(self, connection: AnyConnection, schema: str | None) -> None:
        """From everybody but the owner."""
        for statement in postgresql_facts.revokes(connection, schema):
            run(connection, naming.literal(statement))

    def parts(self, connection: AnyConnection, schema: str | None) -> tuple[Part, ...]:
        """Tables and functions."""
        return postgresql_parts.parts(connection, schema, FUNCTIONS)

    def dependents(self, connection: AnyConnection, schema: str | None) -> tuple[Part, ...]:
        """Read from pg_depend."""
        return postgresql_parts.dependents(connection, schema, FUNCTIONS)

    def ddl(self, at: str) -> list[str]:
        """The journal, its head, the functions, the triggers, the indexes and the version table."""
        return postgresql_ddl.ddl(at)

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


def _forget(connection: AnyConnection) -> None:
    memory(connection).pop(UNIT, None)
    forget_path(connection)


def _version(connection: AnyConnection) -> int:
    """The server's major version."""
    if is_sqlalchemy(connection):
        return int((connection.dialect.server_version_info or (0,))[0])
    return int(run(connection, "SELECT pg_catalog.current_setting('server_version_num')")[0][0]) // 10000


def _become(connection: AnyConnection, role: str) -> None:
    run(connection, "SELECT pg_catalog.set_config('role', :role, true)", {"role": role})


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


def _set_locally(settings: Mapping[str, str]) -> str:
    """The calls that make settings for the open transaction, as columns of a SELECT."""
    return ", ".join(
        f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in sorted(settings.items())
    )
