"""Reads the facts of a database driver's exception: codes, message, statement. Imports no driver."""

from __future__ import annotations

from dataclasses import dataclass

from initdb.errors.safe import shorten

_STATEMENT_LIMIT = 240
_SEVERITIES = ("FATAL:", "PANIC:", "ERROR:")


@dataclass(frozen=True, slots=True)
class DriverError:
    """The facts of one exception of a driver.

    Attributes:
        lines: The driver's message, DETAIL and HINT, one line each.
        sqlstate: PostgreSQL's code; None if the server sent none, or the connection is gone.
        sqlite_code: SQLite's extended result code, such as 2067.
        sqlite_name: The name of that code, such as SQLITE_CONSTRAINT_UNIQUE.
        is_sqlite: Whether SQLite's driver raised it.
        statement: The statement, shortened and without its parameters.
        gone: Whether SQLAlchemy or the driver says that the connection can no longer be used.
    """

    lines: tuple[str, ...]
    sqlstate: str | None = None
    sqlite_code: int | None = None
    sqlite_name: str | None = None
    is_sqlite: bool = False
    statement: str = ""
    gone: bool = False

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
        ...     driver_error(error).lines
        ('no such table: roles',)
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
    return DriverError(
        lines=_lines(orig),
        sqlstate=None if is_sqlite else _sqlstate(orig),
        sqlite_code=code if isinstance(code, int) else None,
        sqlite_name=_text(getattr(orig, "sqlite_errorname", None)) or None,
        is_sqlite=is_sqlite,
        statement=_statement(exc),
        gone=not is_sqlite and (getattr(exc, "connection_invalidated", False) is True or _is_broken(orig)),
    )


def _is_server_error(orig: BaseException) -> bool:
    return hasattr(orig, "pgcode") or isinstance(getattr(orig, "sqlstate", None), str)


def _sqlstate(orig: BaseException) -> str | None:
    for owner, name in ((orig, "pgcode"), (orig, "sqlstate"), (getattr(orig, "diag", None), "sqlstate")):
        code = getattr(owner, name, None)
        if isinstance(code, str) and len(code) == 5:
            return code
    return None


def _is_broken(orig: BaseException) -> bool:
    """psycopg2 keeps the cursor in its errors; `closed` is 2 if the server is gone, 1 after a close()."""
    connection = getattr(getattr(orig, "cursor", None), "connection", None)
    return getattr(connection, "closed", 0) == 2


def _lines(orig: BaseException) -> tuple[str, ...]:
    """Message, DETAIL, HINT. A DETAIL that prints a whole row is left out, since the row may hold secrets."""
    diag = getattr(orig, "diag", None)
    primary = _text(getattr(diag, "message_primary", None))
    if primary:
        detail = _text(getattr(diag, "message_detail", None))
        hint = _text(getattr(diag, "message_hint", None))
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


def _statement(exc: BaseException) -> str:
    statement = _text(getattr(exc, "statement", None))
    return shorten(" ".join(statement.split()), _STATEMENT_LIMIT)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
