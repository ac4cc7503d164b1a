"""Reads the facts of a database driver's exception: codes, names, statement. Imports no driver."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_SEVERITIES = ("FATAL:", "PANIC:", "ERROR:")

_CONSTRAINTS = frozenset(
    {
        "SQLITE_CONSTRAINT_NOTNULL",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
        "SQLITE_CONSTRAINT_ROWID",
        "SQLITE_CONSTRAINT_UNIQUE",
    }
)
"""The errors of SQLite whose text ends with the columns. A trigger's RAISE has another name."""

_CHECK = re.compile(r"CHECK constraint failed: (.+)", re.DOTALL)
_COLUMNS = re.compile(r"\w+(?: \w+)* constraint failed: (.+)", re.DOTALL)
RAISED = frozenset({"pl_exec.c", "plpy_elog.c"})
"""The source files of PostgreSQL whose errors have names that a function gave: RAISE … USING TABLE = …."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a database names in an error, as far as it is more than a text.

    Attributes:
        table: The table; "" if none is named.
        columns: Columns of it.
        constraint: A constraint of it, or a unique index; of SQLite, also the expression of a CHECK.
        schema: The schema of the table; "" if it is not known.
    """

    table: str = ""
    columns: tuple[str, ...] = ()
    constraint: str = ""
    schema: str = ""


Verify = Callable[[Named], Named]
"""Asks a database what is there of that which an error names. The rest is left out."""


@dataclass(frozen=True, slots=True)
class DriverError:
    """The facts of one exception of a driver.

    Attributes:
        lines: The driver's message, DETAIL and HINT, one line each. They may hold values: code decides by
            them, and nobody is shown them.
        sqlstate: PostgreSQL's code; None if the server sent none, or the connection is gone.
        sqlite_code: SQLite's extended result code, such as 2067.
        sqlite_name: The name of that code, such as SQLITE_CONSTRAINT_UNIQUE.
        is_sqlite: Whether SQLite's driver raised it.
        statement: The statement, without its parameters, and with its literals.
        gone: Whether SQLAlchemy or the driver says that the connection can no longer be used.
        named: What the database names in it.
        source: The file of the server's own source that raised it; "" if it is not known.
    """

    lines: tuple[str, ...]
    sqlstate: str | None = None
    sqlite_code: int | None = None
    sqlite_name: str | None = None
    is_sqlite: bool = False
    statement: str = ""
    gone: bool = False
    named: Named = Named()
    source: str = ""

    @property
    def primary(self) -> int:
        """SQLite's primary result code; 0 if there is none."""
        return (self.sqlite_code or 0) & 0xFF

    @property
    def text(self) -> str:
        """The whole message in lower case, for errors without a code."""
        return "\n".join(self.lines).lower()

    @property
    def code(self) -> str | None:
        """The SQLSTATE, or SQLite's name of the error."""
        return self.sqlstate or self.sqlite_name


def driver_error(exc: BaseException) -> DriverError | None:
    """The facts of `exc`, or of the exception that SQLAlchemy wrapped in it; None if no driver raised it.

    Example:
        >>> import sqlite3
        >>> try:
        ...     _ = sqlite3.connect(":memory:").execute("SELECT * FROM roles")
        ... except sqlite3.Error as error:
        ...     driver_error(error).sqlite_name
        'SQLITE_ERROR'
        >>> driver_error(ValueError()) is None
        True
    """
    inner = getattr(exc, "orig", None)
    orig = inner if isinstance(inner, BaseException) else exc
    modules = {base.__module__.partition(".")[0] for base in type(orig).__mro__}
    is_sqlite = hasattr(orig, "sqlite_errorcode") or "sqlite3" in modules
    if not (is_sqlite or _is_server_error(orig) or modules & {"psycopg2", "psycopg", "asyncpg"}):
        return None
    code = getattr(orig, "sqlite_errorcode", None)
    name = _sqlite_name(orig)
    lines = _lines(orig)
    return DriverError(
        lines=lines,
        sqlstate=None if is_sqlite else _sqlstate(orig),
        sqlite_code=code if isinstance(code, int) else None,
        sqlite_name=name,
        is_sqlite=is_sqlite,
        statement=_text(getattr(exc, "statement", None)),
        gone=not is_sqlite and (getattr(exc, "connection_invalidated", False) is True or _is_broken(orig)),
        named=_named_by_sqlite(name, lines[0]) if is_sqlite else _named_by_server(*_fields(orig)),
        source="" if is_sqlite else _fields(orig)[1],
    )


def _sqlite_name(orig: BaseException) -> str | None:
    name = _text(getattr(orig, "sqlite_errorname", None))
    return name if re.fullmatch(r"SQLITE_[A-Z_]+", name) else None


def _is_server_error(orig: BaseException) -> bool:
    return hasattr(orig, "pgcode") or isinstance(getattr(orig, "sqlstate", None), str)


def _sqlstate(orig: BaseException) -> str | None:
    for owner, name in ((orig, "pgcode"), (orig, "sqlstate"), (getattr(orig, "diag", None), "sqlstate")):
        code = getattr(owner, name, None)
        if isinstance(code, str) and re.fullmatch(r"[0-9A-Z]{5}", code):
            return code
    return None


def _is_broken(orig: BaseException) -> bool:
    """psycopg2 keeps the cursor in its errors; `closed` is 2 if the server is gone, 1 after a close()."""
    connection = getattr(getattr(orig, "cursor", None), "connection", None)
    return getattr(connection, "closed", 0) == 2


def _named_by_sqlite(name: str | None, line: str) -> Named:
    if name == "SQLITE_CONSTRAINT_CHECK" and (check := _CHECK.fullmatch(line)):
        return Named(constraint=check[1])
    found = _COLUMNS.fullmatch(line) if name in _CONSTRAINTS else None
    parts = [one.rpartition(".") for one in found[1].split(", ")] if found else []
    if not parts or len({table for table, _, _ in parts}) != 1:
        return Named()
    return Named(parts[0][0], tuple(column for _, _, column in parts))


def _fields(orig: BaseException) -> tuple[object, str]:
    """What has the fields of the server's message, and the source file in it."""
    diag = getattr(orig, "diag", None)
    if diag is not None:
        return diag, _text(getattr(diag, "source_file", None))
    # asyncpg's own exception, below the one that SQLAlchemy makes of it.
    name = "server_source_filename"
    owner = next((one for one in _causes(orig) if hasattr(one, name)), None)
    return owner, _text(getattr(owner, name, None))


def _named_by_server(owner: object, source: str) -> Named:
    """The names that the server itself took from its catalogue, and not a function that raised the error."""
    if not source or source in RAISED:
        return Named()
    names = ("table_name", "column_name", "constraint_name", "schema_name")
    table, column, constraint, schema = (_text(getattr(owner, name, None)) for name in names)
    return Named(table, (column,) if column else (), constraint, schema)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(5):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__


def _lines(orig: BaseException) -> tuple[str, ...]:
    """Message, DETAIL, HINT. A DETAIL that prints a whole row decides nothing, and is left out."""
    diag = getattr(orig, "diag", None)
    primary = _text(getattr(diag, "message_primary", None))
    if primary:
        detail, hint = (_text(getattr(diag, name, None)) for name in ("message_detail", "message_hint"))
        return tuple(filter(None, (primary, "" if detail.startswith("Failing row") else detail, hint)))
    found = []
    for line in str(orig).splitlines():
        if line.strip() and not line.startswith(("DETAIL:  Failing row", "LINE ", "\t", "    ")):
            found.append(_bare(line.strip()))
    return tuple(found[:6]) or (type(orig).__name__,)


def _bare(line: str) -> str:
    for severity in _SEVERITIES:
        line = line.removeprefix(severity).strip()
    return line


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
