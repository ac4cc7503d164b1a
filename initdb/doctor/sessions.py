"""Judges the server and its sessions: its version, its limits, poolers, and what others left open."""

from __future__ import annotations

from collections.abc import Iterator

from initdb.doctor.finding import Finding, ok, problem, warning
from initdb.doctor.server import Server
from initdb.steps.connect import OLDEST_POSTGRESQL

LONG = 60.0
"""After how many seconds an open transaction is named that does nothing."""

CONNECTIONS = 4
"""How many connections a run has open at most: baton, work, env.py's own, and a look."""

LIFTED = ("idle_in_transaction_session_timeout", "transaction_timeout", "lock_timeout")
"""Limits that initdb sets itself for its own transactions."""


def judge_sessions(found: Server, *, works: bool) -> Iterator[Finding]:
    """The findings about the server and its sessions. Pure.

    Args:
        found: What the server says.
        works: Whether boots work, by the setting `mode`; others only read.
    """
    yield from _version(found)
    if works:
        yield from _read_only(found)
    yield from _limits(found)
    yield from _pooler(found)
    yield from _left_open(found)
    if found.collation is not None and found.collation[0] != found.collation[1]:
        old, new = found.collation
        name = _quoted(found.database)
        yield warning(
            "database",
            f"The database was created with version {old} of its collation, and the system has {new}: indexes"
            " of text may be out of order.",
            f"REINDEX DATABASE {name}; then: ALTER DATABASE {name} REFRESH COLLATION VERSION;",
        )
    if found.encoding != "UTF8":
        yield warning(
            "database",
            f"The encoding of the database is {found.encoding}: not every text can be stored.",
            "Create it anew, and restore a dump into it: createdb -T template0 -E UTF8 NAME",
        )


def _version(found: Server) -> Iterator[Finding]:
    if found.version_number < OLDEST_POSTGRESQL[0] * 10000:
        said = f"The server is PostgreSQL {found.version}; initdb needs {OLDEST_POSTGRESQL[0]} or later."
        yield problem("versions", said, "Upgrade the server: initdb explain postgresql-too-old")
    else:
        yield ok("versions", f"The server is PostgreSQL {found.version}.")


def _read_only(found: Server) -> Iterator[Finding]:
    if found.standby:
        yield problem(
            "database",
            "The server is a standby, which only its primary can write to.",
            "Let the URL lead to the primary, as with ?target_session_attrs=read-write. Or, for a process"
            " that only waits until others are done: export INITDB_MODE=wait",
        )
    elif found.settings["default_transaction_read_only"].value == "on":
        yield problem(
            "database",
            "default_transaction_read_only is on: nothing can be written.",
            _change(found, "default_transaction_read_only", "off"),
        )
    else:
        yield ok("database", f"The database {found.database} can be written.")


def _limits(found: Server) -> Iterator[Finding]:
    limit = found.settings["statement_timeout"].value
    if limit != "0":
        yield warning(
            "sessions",
            f"statement_timeout is {limit} ms: the server cancels what takes longer in a revision.",
            _change(found, "statement_timeout", "0"),
        )
    lifted = [name for name in LIFTED if found.settings.get(name) and found.settings[name].value != "0"]
    for name in lifted:
        value = found.settings[name].value
        yield ok("sessions", f"{name} is {value} ms; initdb has its own limit in its transactions.")
    if found.connections is not None and found.connections < CONNECTIONS:
        yield problem(
            "sessions",
            f"{found.role} may open {found.connections} more connections to {found.database}; a run needs up"
            f" to {CONNECTIONS}.",
            f"As a superuser: ALTER ROLE {_quoted(found.role)} CONNECTION LIMIT -1; ALTER DATABASE"
            f" {_quoted(found.database)} CONNECTION LIMIT -1;",
        )


def _change(found: Server, name: str, value: str) -> str:
    """How a setting of the session is changed, by what has set it."""
    if found.settings[name].source == "client":
        return f"Take {name} out of the URL, or: unset PGOPTIONS"
    role, database = _quoted(found.role), _quoted(found.database)
    return f"ALTER ROLE {role} IN DATABASE {database} SET {name} = {value};"


def _pooler(found: Server) -> Iterator[Finding]:
    if found.shares:
        yield warning(
            "sessions",
            "A pooler in transaction mode is in between: what a revision or a seed does with SET, temporary"
            " tables, advisory locks or prepared statements does not last to its next transaction.",
            "Let initdb work on the server itself, with its own address for HOST: export"
            f" INITDB_WORK_URL=postgresql://{found.role}@HOST/{found.database}",
        )
    elif found.pooled:
        yield ok("sessions", "A pooler is in between, which gives each client a session of its own.")


def _left_open(found: Server) -> Iterator[Finding]:
    for one in found.idle:
        if one.seconds >= LONG:
            who = ", ".join(filter(None, (one.application, f"user {one.role}" if one.role else "")))
            yield warning(
                "sessions",
                f"Process {one.pid} ({who}) has left a transaction open for {one.seconds:.0f} s. A revision"
                " may have to wait for its locks.",
                f"SELECT pg_terminate_backend({one.pid});",
            )
    for left in found.prepared:
        name = left.name.replace("'", "''")
        yield warning(
            "sessions",
            f"The prepared transaction {left.name} of {left.role} was left {left.seconds:.0f} s ago. It keeps"
            " its locks until somebody ends it.",
            f"ROLLBACK PREPARED '{name}';",
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
