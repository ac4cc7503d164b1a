"""PostgreSQL's side of the journal: tables, guarding triggers, the head's lock, the session's settings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from initdb.events.chain import GENESIS
from initdb.events.head import SCHEMA_VERSION, WRITER, Head, HeadBusy, NoJournal

SESSION = {
    "idle_in_transaction_session_timeout": "0",
    "client_connection_check_interval": "1s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20s",
}
"""Set for one transaction at a time: behind PgBouncer a session's settings would leak to others."""

REFUSED = "IJ001"
"""The SQLSTATE of the triggers; a class of its own, so that it is never mistaken for the application's."""


def settings(connection: Connection) -> dict[str, str]:
    """The session settings that this server knows; transaction_timeout came with PostgreSQL 17."""
    version = connection.dialect.server_version_info or (0,)
    return SESSION | ({"transaction_timeout": "0"} if version >= (17,) else {})


def prefix(connection: Connection, schema: str | None) -> str:
    """`"schema".`, quoted as PostgreSQL quotes it."""
    return f"{connection.dialect.identifier_preparer.quote_schema(schema)}." if schema else ""


def prepare(connection: Connection) -> None:
    """READ COMMITTED, whatever the engine says: a snapshot held for long would hide what others committed."""
    connection.dialect.set_isolation_level(driver(connection), "READ COMMITTED")


def driver(connection: Connection) -> Any:
    """The DBAPI connection below SQLAlchemy's facade."""
    return connection.connection.dbapi_connection


def begin(connection: Connection) -> None:
    """Nothing to send: the driver begins with the first statement."""


def commit(connection: Connection) -> None:
    """COMMIT below the facade, whose own transaction stays open for the whole run."""
    connection.dialect.do_commit(driver(connection))


def rollback(connection: Connection) -> None:
    """ROLLBACK below the facade."""
    connection.dialect.do_rollback(driver(connection))


def lock_head(connection: Connection, schema: str | None, lock_timeout: float | None) -> Head:
    """Lock the head and read it. Raises HeadBusy where another transaction holds it, NoJournal where none is.

    The settings travel in the same message; `lock_timeout` (s) is for the step's own statements.
    """
    wanted = settings(connection)
    if lock_timeout is not None:
        wanted["lock_timeout"] = f"{round(lock_timeout * 1000)}ms"
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in sorted(wanted.items()))
    head = f"{prefix(connection, schema)}init_journal_head"
    row = connection.execute(
        text(
            "SELECT seq, hash, schema_version, min_writer, extract(epoch FROM clock_timestamp())::float8, "
            f"{calls} FROM {head} WHERE id = 1 FOR UPDATE SKIP LOCKED"
        )
    ).first()
    if row is None:
        known = connection.execute(text(f"SELECT seq FROM {head} WHERE id = 1")).first()
        raise NoJournal if known is None else HeadBusy
    return Head(*row[:5])


def before_append(connection: Connection) -> None:
    """Be the session's own role again for the rest of the transaction: a revision may have SET ROLE."""
    connection.exec_driver_sql("SET LOCAL ROLE NONE")


def lock_nothing(connection: Connection, key: int) -> None:
    """Take the lock that stands for the head while there is none. Raises HeadBusy where another has it."""
    if not connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}).scalar():
        raise HeadBusy


def schemas(connection: Connection) -> list[str]:
    """The schemas that hold a table init_journal_head, the session's own first."""
    rows = connection.execute(
        text(
            "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relname = 'init_journal_head' AND c.relkind = 'r'"
            " ORDER BY n.nspname <> current_schema(), n.nspname"
        )
    )
    return [row[0] for row in rows]


def default_schema(connection: Connection) -> str | None:
    """The schema in which a new table would be made."""
    return connection.execute(text("SELECT current_schema()")).scalar()


def guards(connection: Connection, schema: str | None) -> frozenset[str]:
    """The names of the triggers that stand and are enabled on the journal's two tables."""
    rows = connection.execute(
        text(
            "SELECT t.tgname FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = coalesce(:schema, current_schema()) AND NOT t.tgisinternal"
            " AND t.tgenabled IN ('O', 'A') AND c.relname IN ('init_journal', 'init_journal_head')"
        ),
        {"schema": schema},
    )
    return frozenset(row[0] for row in rows)


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
    """Make the whole journal, empty, at this code's version; the caller's transaction commits it."""
    for statement in ddl(prefix(connection, schema)):
        connection.execute(text(statement))


def ddl(at: str) -> list[str]:
    """The statements that make the journal; `at` is the quoted schema with its dot, or nothing."""
    return [
        f"CREATE TABLE {at}init_journal (seq BIGINT PRIMARY KEY, run TEXT NOT NULL, at TEXT NOT NULL,"
        " type TEXT NOT NULL, source TEXT NOT NULL, dest TEXT NOT NULL, event TEXT NOT NULL,"
        " prev_hash TEXT NOT NULL, hash TEXT NOT NULL)",
        f"CREATE TABLE {at}init_journal_head (id INTEGER PRIMARY KEY CHECK (id = 1), seq BIGINT NOT NULL,"
        " hash TEXT NOT NULL, schema_version INTEGER NOT NULL, min_writer INTEGER NOT NULL)",
        f"INSERT INTO {at}init_journal_head VALUES (1, 0, '{GENESIS}', {SCHEMA_VERSION}, {WRITER})",
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
    opening = "RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN"
    return [
        f"CREATE FUNCTION {at}init_journal_append() {opening}"
        f" UPDATE {at}init_journal_head SET seq = NEW.seq, hash = NEW.hash"
        " WHERE id = 1 AND seq = NEW.seq - 1 AND hash = NEW.prev_hash;"
        " IF NOT FOUND THEN RAISE EXCEPTION 'init_journal: event % does not follow the head', NEW.seq"
        f" USING ERRCODE = '{REFUSED}'; END IF; RETURN NULL; END $$",
        f"CREATE FUNCTION {at}init_journal_move() {opening}"
        " IF NEW.id = OLD.id AND NEW.seq = OLD.seq + 1 AND NEW.schema_version = OLD.schema_version"
        " AND NEW.min_writer = OLD.min_writer"
        f" AND EXISTS (SELECT 1 FROM {at}init_journal WHERE seq = NEW.seq AND hash = NEW.hash"
        " AND prev_hash = OLD.hash) THEN RETURN NEW; END IF;"
        f" RAISE EXCEPTION 'init_journal_head moves by an event only' USING ERRCODE = '{REFUSED}'; END $$",
        f"CREATE FUNCTION {at}init_journal_refuse() {opening}"
        " IF TG_OP = 'INSERT' THEN"
        f" IF NOT EXISTS (SELECT 1 FROM {at}init_journal_head) THEN RETURN NEW; END IF; END IF;"
        " RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP"
        f" USING ERRCODE = '{REFUSED}'; END $$",
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
