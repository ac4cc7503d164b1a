"""Logs the statements of a revision in order, so that a second run does not send again what is done."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection, event
from sqlalchemy.engine import ExecutionContext

from initdb.steps.transactions.sql_words import first_word

BLOCK = "|"
"""Marks in a log that an autocommit block begins."""

LONGEST = 2000
"""How many statements a log holds. A revision that sends more cannot be repeated."""

_SENT_ANEW = frozenset(
    {"SHOW", "EXPLAIN", "PRAGMA", "SET", "RESET", "LOCK", "SAVEPOINT", "RELEASE", "ROLLBACK"}
)
"""The first words of statements whose effect ends with the session or the transaction."""

_READS = frozenset({"SELECT", "VALUES", "TABLE", "FETCH", "WITH"})
_WRITES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
"""A WITH that contains one of these is no query."""

_CATALOGUE = re.compile(r"\b(?:pg_\w+|information_schema|sqlite_(?:master|schema))\b", re.IGNORECASE)
_ROWS = re.compile(r"\bFROM\b|\bTABLE\b|\bFETCH\b|\(", re.IGNORECASE)
"""A second run may get another answer to such a query, unless it reads the catalogue."""

_UNREPEATABLE = re.compile(r"\bRETURNING\b|\bTEMP(?:ORARY)?\b", re.IGNORECASE)
"""A second run would lack the answer of such a statement, or the temporary table that it created."""


class StatementLog:
    """The statements of one revision, each as a mark: a hash of 16 hex digits.

    Args:
        done: The marks of an earlier run, up to the block in which it ended; None if there was none.
        settle: Whether a statement of that block was done. Called before it would be sent.
        conflict: Makes the error for a revision that sends something else than the earlier run.
        found: What `settle` found out, as sentences.
        since: The transaction id at the first run's first block: what is older is not the revision's.
        database: "sqlite" or "postgresql".

    >>> log = StatementLog()
    >>> log.is_done("CREATE TABLE t (id INTEGER)", ())
    False
    >>> again = StatementLog(log.sent)
    >>> again.is_done("CREATE TABLE t (id INTEGER)", ())
    True
    """

    def __init__(  # noqa: PLR0913, PLR0917 - all of it optional, and known where the log is made
        self,
        done: Sequence[str] | None = None,
        settle: Callable[[str], bool] = lambda statement: False,
        conflict: Callable[[str], Exception] = ValueError,
        found: Sequence[str] = (),
        since: str | None = None,
        database: str = "postgresql",
    ) -> None:
        self.found, self.since = found, since
        self._sent: list[str] | None = []
        self._left = None if done is None else list(done)
        self._settle, self._conflict, self._database = settle, conflict, database
        self._doubtful = False
        self._paused = False

    @property
    def sent(self) -> tuple[str, ...] | None:
        """The marks of what has been sent so far; None if it cannot be repeated."""
        return None if self._sent is None else tuple(self._sent)

    def enter_block(self) -> None:
        """An autocommit block begins. Its statements are in doubt if the earlier run ended in it."""
        if self._left is not None and BLOCK in self._left:
            del self._left[: self._left.index(BLOCK) + 1]
        elif self._left is not None:
            self._left, self._doubtful = None, True
        self._note(BLOCK)

    def leave_block(self) -> None:
        """The block has ended, and the doubt with it."""
        self._doubtful = False

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Statements inside this block are not the revision's and are not logged."""
        before, self._paused = self._paused, True
        try:
            yield
        finally:
            self._paused = before

    def is_done(self, statement: str, parameters: object) -> bool:
        """Whether a statement must not be sent, because an earlier run did it.

        Args:
            statement: Its text.
            parameters: Its parameters.

        Raises:
            Exception: What `conflict` makes, or what `settle` raises.
        """
        word = first_word(statement, self._database)
        if self._paused or word in _SENT_ANEW:
            return False
        if word in _READS and not (word == "WITH" and _WRITES.search(statement)):
            if _ROWS.search(statement) and not _CATALOGUE.search(statement):
                self._sent = None
            return False
        mark = hashlib.sha256(f"{statement}\0{parameters!r}".encode(errors="surrogatepass")).hexdigest()[:16]
        if self._left is not None:
            if mark not in self._left:
                raise self._conflict(statement)
            # The earlier run also did what the revision leaves out this time.
            del self._left[: self._left.index(mark) + 1]
            done = True
        else:
            with self.paused():
                done = self._doubtful and self._settle(statement)
        self._note(mark, repeatable=not _UNREPEATABLE.search(statement))
        return done

    def _note(self, mark: str, repeatable: bool = True) -> None:
        if self._sent is not None and repeatable and len(self._sent) < LONGEST:
            self._sent.append(mark)
        else:
            self._sent = None


@contextlib.contextmanager
def logged(connection: Connection, log: StatementLog) -> Iterator[None]:
    """For the length of the block, log what is sent on the connection, and do not send what is done already.

    Args:
        connection: The one that the revision works on.
        log: The log.
    """

    def execute(
        cursor: object, statement: str, parameters: object, context: ExecutionContext | None
    ) -> bool | None:
        ours = context is not None and context.root_connection is connection
        return True if ours and log.is_done(statement, parameters) else None

    def bare(cursor: object, statement: str, context: ExecutionContext | None) -> bool | None:
        return execute(cursor, statement, (), context)

    listeners = (("do_execute", execute), ("do_executemany", execute), ("do_execute_no_params", bare))
    for name, listener in listeners:
        event.listen(connection.engine, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners:
            event.remove(connection.engine, name, listener)
