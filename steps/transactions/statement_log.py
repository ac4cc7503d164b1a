"""What a revision has sent, in order; run a second time, what of it is done already and is not sent again."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, event

from initdb.steps.transactions.guard import COMMENT

BLOCK = "|"
"""Stands in a log where an autocommit block begins."""

LONGEST = 2000
"""How many statements a log holds; a revision that sends more cannot be repeated."""

_SENT_ANEW = re.compile(
    COMMENT + r"(?:SHOW|EXPLAIN|PRAGMA|SET|RESET|LOCK|SAVEPOINT|RELEASE|ROLLBACK)\b",
    re.IGNORECASE | re.DOTALL,
)
"""What lasts no longer than its session or transaction."""

_READS = re.compile(
    COMMENT + r"(?:SELECT|VALUES|TABLE|FETCH|WITH(?!.*\b(?:INSERT|UPDATE|DELETE|MERGE)\b))\b",
    re.IGNORECASE | re.DOTALL,
)
_CATALOGUE = re.compile(r"\b(?:pg_\w+|information_schema|sqlite_(?:master|schema))\b", re.IGNORECASE)
_ROWS = re.compile(r"\bFROM\b|\bTABLE\b|\bFETCH\b|\(", re.IGNORECASE)
"""A query with one of these gives what a second run may find changed, unless it is about the catalogue."""

_UNREPEATABLE = re.compile(r"\bRETURNING\b|\bTEMP(?:ORARY)?\b", re.IGNORECASE)
"""What gives something back that a second run would not have, or is gone with the session."""


class StatementLog:
    """The statements of one revision.

    `done`: what a former try sent and committed before its last block; None where there was none. `settle`
    says of a statement of that block whether it was carried out, `found` what it saw. `conflict` makes the
    error for a revision that takes another way than before. `since`: the transaction in which the first try
    came to its first block; what is older is not the revision's.
    """

    def __init__(
        self,
        done: Sequence[str] | None = None,
        settle: Callable[[str], bool] = lambda statement: False,
        conflict: Callable[[str], Exception] = ValueError,
        found: Sequence[str] = (),
        since: str | None = None,
    ) -> None:
        self.found, self.since = found, since
        self._sent: list[str] | None = []
        self._left = None if done is None else list(done)
        self._settle, self._conflict = settle, conflict
        self._doubtful = False
        self._paused = False

    @property
    def sent(self) -> tuple[str, ...] | None:
        """What has been sent so far; None where it cannot be repeated."""
        return None if self._sent is None else tuple(self._sent)

    def enter_block(self) -> None:
        """An autocommit block begins: if the former try did not get beyond it, what is in it is in doubt."""
        if self._left is not None and BLOCK in self._left:
            del self._left[: self._left.index(BLOCK) + 1]
        elif self._left is not None:
            self._left, self._doubtful = None, True
        self._note(BLOCK)

    def leave_block(self) -> None:
        """It has ended, and with it the doubt."""
        self._doubtful = False

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """For statements that are not the revision's."""
        before, self._paused = self._paused, True
        try:
            yield
        finally:
            self._paused = before

    def is_done(self, statement: str, parameters: object) -> bool:
        """Whether `statement` is not to be sent. Raises what `conflict` makes."""
        if self._paused or _SENT_ANEW.match(statement):
            return False
        if _READS.match(statement):
            if _ROWS.search(statement) and not _CATALOGUE.search(statement):
                self._sent = None
            return False
        mark = hashlib.sha256(f"{statement}\0{parameters!r}".encode(errors="surrogatepass")).hexdigest()[:16]
        if self._left is not None:
            if mark not in self._left:
                raise self._conflict(statement)
            # What it did not send again was done by the former try as well.
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
    """Let `log` see what is sent on `connection`, and keep back what it says is done."""

    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
        ours = context is not None and context.root_connection is connection
        return True if ours and log.is_done(statement, parameters) else None

    def bare(cursor: Any, statement: str, context: Any) -> bool | None:
        return execute(cursor, statement, (), context)

    listeners = (("do_execute", execute), ("do_executemany", execute), ("do_execute_no_params", bare))
    for name, listener in listeners:
        event.listen(connection.engine, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners:
            event.remove(connection.engine, name, listener)
