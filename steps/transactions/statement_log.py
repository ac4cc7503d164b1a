"""Logs the statements of a revision in order, so that a second run does not send again what is done."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, event
from sqlalchemy.engine import ExecutionContext

from initdb.steps.transactions.sql_words import first_word

BLOCK = "|"
"""Marks in a log that an autocommit block begins; among the marks of a block, that it ended."""

UNRECORDED = "?"
"""Stands for the statements of a block that follow and are not recorded."""

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

_BEGINS = frozenset({"BEGIN", "START"})
"""The first words of statements after which what a block sends does not commit by itself."""

_UNREPEATABLE = re.compile(r"\bRETURNING\b|\bTEMP(?:ORARY)?\b", re.IGNORECASE)
"""A second run would lack the answer of such a statement, or the temporary table that it created."""


Settle = Callable[[str, Sequence[str], bool], bool]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier run recorded of a revision.

    Attributes:
        sent: The marks of what it sent, up to the block in which it ended.
        block: The marks that it recorded in that block; None if it recorded none there.
        since: The transaction id at its first block: what is older is not the revision's.
    """

    sent: tuple[str, ...]
    block: tuple[str, ...] | None = ()
    since: str | None = None


@dataclass(slots=True)
class Block:
    """A block in which the statements are recorded.

    Attributes:
        began: The marks of the earlier run that this run has not come to.
        record: Records a mark; None once nothing is recorded any more.
        ran: The statements that ran, in either run.
    """

    began: list[str]
    record: Callable[[str], None] | None
    ran: list[str] = field(default_factory=list)

    def begin(self, mark: str) -> None:
        """Record what is about to be sent."""
        if self.record is not None:
            self.record(mark)
        if mark == UNRECORDED:
            self.record = None

    def end(self) -> None:
        """Record that the last statement ran."""
        if self.record is not None and self.ran and not self.began:
            self.record(BLOCK)


class StatementLog:
    """The statements of one revision, each as a mark: a hash of 16 hex digits.

    In a block outside a transaction each statement commits by itself. Its mark is recorded before it is sent.
    So of those that an earlier run recorded, all but the last ran, and what is not recorded was not sent.

    Args:
        earlier: What the earlier run recorded, up to the block in which it ended; None if there was none.
        settle: Whether the statement in doubt was done. Called before it would be sent, with the statements
            of the block that ran, and with whether all that follow it were not sent.
        conflict: Makes the error for a revision that sends something else than the earlier run.
        found: What `settle` found out, as sentences.
        database: "sqlite" or "postgresql".

    >>> log = StatementLog()
    >>> log.is_done("CREATE TABLE t (id INTEGER)", ())
    False
    >>> again = StatementLog(Earlier(log.sent or ()))
    >>> again.is_done("CREATE TABLE t (id INTEGER)", ())
    True
    """

    def __init__(
        self,
        earlier: Earlier | None = None,
        settle: Settle = lambda statement, ran, last: False,
        conflict: Callable[[str], Exception] = ValueError,
        found: Sequence[str] = (),
        database: str = "postgresql",
    ) -> None:
        self.found, self.since = found, earlier.since if earlier else None
        self._sent: list[str] | None = []
        self._left = None if earlier is None else list(earlier.sent)
        self._earlier = earlier
        self._settle, self._conflict, self._database = settle, conflict, database
        self._block: Block | None = None
        self._paused = False

    @property
    def sent(self) -> tuple[str, ...] | None:
        """The marks of what has been sent so far; None if it cannot be repeated."""
        return None if self._sent is None else tuple(self._sent)

    @property
    def recorded(self) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
        """What is known where a block begins: what was sent before it, and the marks recorded in it.

        Until this run is where the earlier one ended, that is what the earlier one recorded.
        """
        if self._left is not None and self._earlier is not None:
            return self._earlier.sent, self._earlier.block
        return self.sent, None if self._sent is None else ()

    def enter_block(self, record: Callable[[str], None] | None = None) -> None:
        """An autocommit block begins. One of its statements is in doubt if the earlier run ended in it.

        Args:
            record: Records the mark of a statement before it is sent; None if nothing is recorded.
        """
        began = self.recorded[1]
        if self._left is not None and BLOCK in self._left:
            del self._left[: self._left.index(BLOCK) + 1]
        else:
            self._left = None
            self._block = Block([UNRECORDED] if began is None else list(began), record)
        self._note(BLOCK)

    def end_block(self) -> None:
        """All statements of the block ran."""
        if self._block is not None:
            self._block.end()

    def leave_block(self) -> None:
        """The block is left, and the doubt with it."""
        self._block = None

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
        self._note(mark, repeatable=not _UNREPEATABLE.search(statement) and word not in _BEGINS)
        if self._left is None:
            with self.paused():
                done = self._is_done_in_block(statement, mark)
        return done

    def _is_done_in_block(self, statement: str, mark: str) -> bool:
        block = self._block
        if block is None:
            return False
        if block.began:
            if block.began[0] not in {mark, UNRECORDED}:
                raise self._conflict(statement)
            if block.began[0] == UNRECORDED:
                return self._settle(statement, block.ran, False)
            block.began.pop(0)
            done = bool(block.began) or self._settle(statement, block.ran, True)
        else:
            block.begin(mark if self._sent is not None else UNRECORDED)
            done = False
        block.ran.append(statement)
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
