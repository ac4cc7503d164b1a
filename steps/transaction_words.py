"""A revision that would end the transaction it runs in is refused before the driver is asked to."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, event

from initdb.errors import InitError

_COMMENT = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_ENDING = re.compile(
    _COMMENT
    + r"(?:COMMIT|END|ABORT|BEGIN|START\s+TRANSACTION|ROLLBACK(?!\s+(?:WORK\s+|TRANSACTION\s+)?TO\b))\b",
    re.IGNORECASE | re.DOTALL,
)


def ends_transaction(statement: str) -> bool:
    """Whether the statement's first word ends or begins a transaction (not ROLLBACK TO a savepoint)."""
    return _ENDING.match(statement) is not None


@contextlib.contextmanager
def kept_transaction(connection: Connection, file: str) -> Iterator[None]:
    """Refuse commit, rollback and begin that would reach the driver while a revision of `file` runs.

    A Session's commit, which stays above the facade's transaction, passes.
    Raises InitError("revision-committed-itself") naming the line.
    """

    def refuse(what: str) -> None:
        raise InitError("revision-committed-itself", f"{file} line {_line(file)}: {what}")

    def on_commit(conn: Connection) -> None:
        refuse("commit()")

    def on_rollback(conn: Connection) -> None:
        if sys.exc_info()[1] is None:
            refuse("rollback()")

    def on_statement(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if ends_transaction(statement):
            refuse(statement.strip().split(None, 1)[0].upper())

    listeners = (("commit", on_commit), ("rollback", on_rollback), ("before_cursor_execute", on_statement))
    for name, listener in listeners:
        event.listen(connection, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners:
            event.remove(connection, name, listener)


def _line(file: str) -> int | str:
    """The line of `file` that is being executed now."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename == file:
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return "unknown"
