"""What is true of a PostgreSQL server, of the role and of the session that a run would have. It only asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from initdb.doctor.haste import within
from initdb.events.head import NAMES
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.events.statements import Row, driver, run

WAITING = 3.0
"""How many seconds a pooler may take to give a second session. In session mode it may have none to give."""

LONGEST = "5s"
"""How long one question to the server may take."""

OF_INTEREST = (
    "default_transaction_read_only",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "statement_timeout",
    "transaction_timeout",
    "TimeZone",
    "search_path",
)

_ROLE = """
SELECT current_setting('server_version'), current_setting('server_version_num')::int, current_user::text,
    r.rolsuper, r.rolconnlimit, d.datname::text, pg_catalog.pg_get_userbyid(d.datdba)::text, d.datconnlimit,
    pg_catalog.has_database_privilege(d.oid, 'CREATE'), pg_catalog.current_schema()::text,
    pg_catalog.pg_encoding_to_char(d.encoding), pg_catalog.pg_is_in_recovery(),
    (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usesysid = r.oid AND pid <> pg_backend_pid()),
    (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datid = d.oid AND pid <> pg_backend_pid())
FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
WHERE r.rolname = current_user AND d.datname = current_database()
"""
_SETTINGS = "SELECT name, reset_val, source FROM pg_catalog.pg_settings WHERE name = ANY(:names)"
_SCHEMAS = """
SELECT n.nspname::text, pg_catalog.has_schema_privilege(n.oid, 'CREATE'),
    pg_catalog.has_schema_privilege('public', n.oid, 'CREATE'), n.nspname = ANY(current_schemas(false))
FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY(current_schemas(false)) OR n.nspname = :schema
"""
_OTHERS_TABLES = """
SELECT pg_catalog.pg_get_userbyid(c.relowner)::text,
    array_agg(pg_catalog.format('%I.%I', n.nspname, c.relname) ORDER BY n.nspname, c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(current_schemas(false)) AND c.relkind IN ('r', 'p') AND c.relname <> ALL(:ours)
    AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
GROUP BY 1 ORDER BY 1
"""
_JOURNAL = """
SELECT pg_catalog.pg_get_userbyid(j.relowner)::text, pg_catalog.pg_has_role(j.relowner, 'USAGE'),
    pg_catalog.has_table_privilege(j.oid, 'SELECT') AND pg_catalog.has_table_privilege(h.oid, 'SELECT'),
    pg_catalog.has_table_privilege(j.oid, 'INSERT')
        AND pg_catalog.has_column_privilege(h.oid, 'id', 'UPDATE'),
    ARRAY(SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee)::text END
        FROM pg_catalog.aclexplode(j.relacl) x
        WHERE x.privilege_type = 'INSERT' AND x.grantee <> j.relowner ORDER BY 1)
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class j ON j.relnamespace = n.oid AND j.relname = 'init_journal'
JOIN pg_catalog.pg_class h ON h.relnamespace = n.oid AND h.relname = 'init_journal_head'
WHERE n.nspname = :schema
"""
_IDLE = """
SELECT pid, coalesce(usename, '')::text, application_name, extract(epoch FROM now() - xact_start)::float8
FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()
ORDER BY xact_start
"""
_PREPARED = """
SELECT gid, owner::text, extract(epoch FROM now() - prepared)::float8
FROM pg_catalog.pg_prepared_xacts WHERE database = current_database() ORDER BY prepared
"""
_COLLATION = """
SELECT datcollversion, pg_catalog.pg_database_collation_actual_version(oid)
FROM pg_catalog.pg_database WHERE datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the session: its value, and what set it (pg_settings.source)."""

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema: whether this role may create in it, whether every role may, whether it is on the path."""

    name: str
    ours: bool
    everybodys: bool
    on_path: bool


@dataclass(frozen=True, slots=True)
class Access:
    """What roles may do with the journal.

    Attributes:
        owner: Its owner.
        owns: Whether this role has the owner's rights.
        reads: Whether this role may read it.
        writes: Whether this role may append to it.
        writers: Who else than its owner may append to it: roles, or PUBLIC.
        loose: The statements that take rights from others which nobody but its owner should have.
    """

    owner: str
    owns: bool
    reads: bool
    writes: bool
    writers: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Idle:
    """A session in an open transaction that does nothing: its process, role, application, and age in s."""

    pid: int
    role: str
    application: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared transaction: its name, its role, and its age in s."""

    name: str
    role: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Server:
    """What is true of a server, and of the role that initdb works as.

    Attributes:
        version: The server's version.
        version_number: The same as a number: 160004.
        role: The role.
        superuser: Whether it is a superuser.
        connections: How many more connections it may open; None for no limit of the role or the database, as
            for a superuser.
        database: The database.
        owner: Its owner.
        creates_schemas: Whether the role may create schemas.
        default_schema: Where tables are created; None if there is no such schema.
        encoding: The encoding of the database.
        standby: Whether the server only follows another one.
        settings: Name → setting, of those in OF_INTEREST.
        schemas: Those on the search_path, and that of the journal.
        others_tables: Each other owner, with the quoted names of its tables.
        journal: What the role may do with the journal; None if there is none.
        idle: Sessions in an open transaction that do nothing, but the one at work.
        prepared: The prepared transactions of the database.
        collation: The version of the collation that the database was created with, and that of the system.
        pooled: Whether a pooler is between this process and the server.
        shares: Whether that gives two clients one session in turn: transaction pooling.
    """

    version: str
    version_number: int
    role: str
    superuser: bool
    connections: int | None
    database: str
    owner: str
    creates_schemas: bool
    default_schema: str | None
    encoding: str
    standby: bool
    settings: dict[str, Setting]
    schemas: tuple[Schema, ...]
    others_tables: tuple[tuple[str, tuple[str, ...]], ...]
    journal: Access | None
    idle: tuple[Idle, ...]
    prepared: tuple[Prepared, ...]
    collation: tuple[str, str] | None
    pooled: bool = False
    shares: bool = False


def gather_server(engine: Engine, connection: Connection, journal: Journal, working: Sequence[int]) -> Server:
    """Ask the server.

    Args:
        engine: The engine of the database, for a second connection.
        connection: In a transaction that may read. Its settings are as they are for everybody.
        journal: The journal, whether it exists or not.
        working: The processes of the server that work for a run.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: It does not answer, or not in time.
    """
    set_by = {
        row[0]: Setting(row[1] or "", row[2]) for row in _asked(connection, _SETTINGS, names=OF_INTEREST)
    }
    run(connection, f"SELECT set_config('statement_timeout', '{LONGEST}', true)")
    (row,) = _asked(connection, _ROLE)
    new = row[1] >= 150000
    collation = _asked(connection, _COLLATION)[0] if new else (None, None)
    access = [
        Access(row[0], row[1], row[2], row[3], tuple(row[4]), journal.loose)
        for row in _asked(connection, _JOURNAL, schema=journal.schema)
    ]
    pid, pooled = _pids(connection)
    return Server(
        version=row[0],
        version_number=row[1],
        role=row[2],
        superuser=row[3],
        connections=None if row[3] else _left((row[4], row[12]), (row[7], row[13])),
        database=row[5],
        owner=row[6],
        creates_schemas=row[8],
        default_schema=row[9],
        encoding=row[10],
        standby=row[11],
        settings=set_by,
        schemas=tuple(Schema(*one) for one in _asked(connection, _SCHEMAS, schema=journal.schema)),
        others_tables=tuple(
            (owner, tuple(tables)) for owner, tables in _asked(connection, _OTHERS_TABLES, ours=list(NAMES))
        ),
        journal=access[0] if access else None,
        idle=tuple(
            one for one in (Idle(*row) for row in _asked(connection, _IDLE)) if one.pid not in working
        ),
        prepared=tuple(Prepared(*one) for one in _asked(connection, _PREPARED)),
        collation=(str(collation[0]), str(collation[1])) if all(collation) else None,
        pooled=pooled,
        shares=pooled and within(WAITING, lambda: _is_shared(engine, connection, pid)) is True,
    )


def _asked(connection: Connection, query: str, **values: object) -> list[Row]:
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return run(connection, query.replace("::", "\\:\\:"), given)


def _left(*limits: tuple[int, int]) -> int | None:
    """The least of what limits leave; a limit of -1 is none."""
    return min((limit - used for limit, used in limits if limit >= 0), default=None)


def _pids(connection: Connection) -> tuple[int, bool]:
    """The server's process of this transaction, and whether the client was told another one.

    The server tells its process id when a connection begins. A pooler tells one that it made up.
    """
    real = int(run(connection, "SELECT pg_backend_pid()")[0][0])
    info = getattr(driver(connection), "info", None)
    told = getattr(info, "backend_pid", real)
    return real, told != real


def _is_shared(engine: Engine, connection: Connection, pid: int) -> bool:
    """Whether another client gets the session of this one between two of its transactions."""
    connection.dialect.do_rollback(driver(connection))
    with session(engine) as other:
        return int(run(other, "SELECT pg_backend_pid()")[0][0]) == pid
