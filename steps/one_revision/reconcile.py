"""Finds out in the database whether a statement outside a transaction was done before its process died.

An index can be INVALID because it is still being built CONCURRENTLY, or because its build died. Waiting for
the table's lock, or dropping the index, would kill a running build by deadlock. So the lock is asked for
without waiting. If it is granted, no build is running.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import is_lock_timeout
from initdb.errors.masking import masked
from initdb.errors.own_statement import own_statement
from initdb.events.knowledge import Doubt
from initdb.steps.context import StepContext
from initdb.steps.one_revision.doubt import in_doubt, repeatable
from initdb.steps.transactions.sql_words import lead
from initdb.steps.transactions.statement_log import Earlier, StatementLog

_FLAGS = re.IGNORECASE | re.DOTALL
_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_QUALIFIED = rf"{_NAME}(?:\s*\.\s*{_NAME})?"

_AGAIN = re.compile(
    r"(?:VACUUM|ANALYZE|CHECKPOINT|REFRESH\s+MATERIALIZED|REINDEX(?!.*\bCONCURRENTLY\b)"
    r"|ALTER\s+TABLE\s+.*\bVALIDATE\s+CONSTRAINT)\b",
    _FLAGS,
)
"""What may be done twice without harm."""

_IF = re.compile(
    r"(?:CREATE\s+(?:\w+\s+){1,3}IF\s+NOT\s+EXISTS|CREATE\s+OR\s+REPLACE|DROP\s+(?:\w+\s+){1,2}IF\s+EXISTS"
    rf"|ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_QUALIFIED}\s+(?:ADD\s+COLUMN\s+IF\s+NOT|DROP\s+COLUMN\s+IF)"
    r"\s+EXISTS(?!.*,\s*(?:ADD|DROP|ALTER|RENAME)\b)|COMMENT\s+ON|GRANT|REVOKE)\b(?!.*;\s*\S)",
    _FLAGS,
)
"""What does nothing, or the same, the second time, if it is one statement."""

_INDEX = re.compile(
    rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>{_NAME})"
    rf"\s+ON\s+(?:ONLY\s+)?(?P<of>{_QUALIFIED})",
    _FLAGS,
)
_DROP = re.compile(rf"DROP\s+INDEX\s+CONCURRENTLY\s+(?:IF\s+EXISTS\s+)?(?P<of>{_QUALIFIED})\s*;?\s*$", _FLAGS)
_LABEL = re.compile(
    rf"ALTER\s+TYPE\s+(?P<of>{_QUALIFIED})\s+ADD\s+VALUE\s+(?P<again>IF\s+NOT\s+EXISTS\s+)?"
    r"'(?P<label>(?:[^']|'')+)'",
    _FLAGS,
)

_CONCURRENTLY = re.compile(r"(?:CREATE|DROP)\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\b", _FLAGS)

# Some drivers take the type of a parameter from the statement, and there is none in Python for an xid.
_INDEX_STATE = text("""SELECT i.indisvalid,
        pg_catalog.age(c.xmin) <= pg_catalog.age(CAST(CAST(:xid AS text) AS xid)),
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE i.indrelid = pg_catalog.to_regclass(:of) AND c.relname = :name""")
_LABEL_STATE = text("""SELECT pg_catalog.age(e.xmin) <= pg_catalog.age(CAST(CAST(:xid AS text) AS xid))
    FROM pg_catalog.pg_enum e WHERE e.enumtypid = pg_catalog.to_regtype(:of) AND e.enumlabel = :name""")
"""What is there, and whether it is as new as the step. Older things were made by others."""

_TABLE = text("""SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = coalesce(
        (SELECT i.indrelid FROM pg_catalog.pg_index i WHERE i.indexrelid = pg_catalog.to_regclass(:of)),
        pg_catalog.to_regclass(:of))""")
"""The table of that name, or the table of the index of that name, with its schema."""

_BELOW = re.compile(
    r"\b(?:cursor|raw_connection|driver_connection|dbapi_connection|executescript|create_engine"
    r"|rowcount|lastrowid|inserted_primary_key\w*)\b|\.connection\b"
)
"""Words of a source whose statements cannot be logged or repeated.

It works below SQLAlchemy or beside it, so that nobody sees what it sends. Or it asks for more of a result
than its rows.
"""

_MOST = 5
"""How many statements that ran are named."""

PAUSE = 0.5
"""Seconds between two checks whether a build has ended."""


def is_settled(statement: str, database: str) -> bool:
    """Whether the next run can find out in the database if a statement in a block was done, or repeat it.

    Args:
        statement: Its text.
        database: "sqlite" or "postgresql".

    >>> is_settled("CREATE INDEX CONCURRENTLY ix ON item (name)", "postgresql")
    True
    """
    at = lead(statement, database)
    asked = (_INDEX, _DROP, _LABEL) if database == "postgresql" else ()
    return _may_repeat(statement, at) or any(pattern.match(statement, at) for pattern in asked)


def _may_repeat(statement: str, at: int) -> bool:
    """Whether it may be sent twice. An index that was built CONCURRENTLY may be there and INVALID."""
    harmless = _AGAIN.match(statement, at) or _IF.match(statement, at)
    return harmless is not None and not _CONCURRENTLY.match(statement, at)


def is_logged(source: str) -> bool:
    """Whether everything that a revision sends can be seen and repeated, as far as its source tells.

    Args:
        source: Its text.
    """
    return not _BELOW.search(source)


def log_of(ctx: StepContext, connection: Connection, revision: str) -> StatementLog | None:
    """The log for what a revision sends. If the revision is in doubt, it begins with what was sent before.

    Args:
        ctx: The step's context.
        connection: The one that the revision works on.
        revision: Its id.

    Returns:
        The log; None if the revision has no block outside a transaction, or if not all that it sends can be
        seen.
    """
    file = ctx.application.graph.files.get(revision) if ctx.application.graph else None
    if file is None or not file.uses_autocommit_block or not is_logged(file.path.read_text(errors="replace")):
        return None
    doubt = ctx.knowledge.doubt
    if doubt is None or doubt.subject != revision or not repeatable(ctx, doubt):
        return StatementLog(database=ctx.database)
    again = Reconciling(ctx, connection, doubt)
    earlier = Earlier(doubt.done or (), doubt.block, doubt.xid)
    return StatementLog(earlier, again.settle, again.conflict, again.found, ctx.database)


@dataclass(slots=True)
class Reconciling:
    """Finds out what became of the statements in a revision's block.

    Args:
        ctx: The step's context.
        connection: The one that the revision works on.
        doubt: What the journal says.
        found: Collects what was found, as sentences.
    """

    ctx: StepContext
    connection: Connection
    doubt: Doubt
    found: list[str] = field(default_factory=list)

    def settle(self, statement: str, ran: Sequence[str] = (), last: bool = False) -> bool:
        """Whether a statement was carried out. If not, it must be sent.

        Args:
            statement: Its text.
            ran: The statements of the block that ran before it.
            last: Whether nothing was sent after it.

        Raises:
            InitError: `revision-in-doubt`, if nobody can know.
        """
        at = lead(statement, self.ctx.database)
        if _may_repeat(statement, at):
            return False
        asks: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], bool]], ...] = (
            (_INDEX, self._index),
            (_DROP, self._drop),
            (_LABEL, self._label),
        )
        for pattern, ask in asks:
            if (said := pattern.match(statement, at)) and self.ctx.database == "postgresql":
                with own_statement(self.ctx.database):
                    return ask(said)
        raise in_doubt(self.ctx, self.doubt, *_one_by_one(statement, ran, last, self.ctx.database))

    def conflict(self, statement: str) -> InitError:
        """The error for a revision that sends another statement than in the interrupted run."""
        return self.unknown(statement, "run again, it takes another way than before")

    def unknown(self, statement: str, why: str) -> InitError:
        """The error for a doubt that only a person can settle; it names the statement."""
        return in_doubt(self.ctx, self.doubt, f"{why}: {_short(statement, self.ctx.database)}")

    def _index(self, said: re.Match[str]) -> bool:
        self._wait_for(said)
        name = {"of": said["of"], "name": _plain(said["name"]), "xid": self.doubt.xid}
        row = self.connection.execute(_INDEX_STATE, name).one_or_none()
        if row is None:
            return False
        valid, ours, full = row
        if not ours:
            raise self.unknown(said[0], "an index of this name was there before")
        if not valid:
            self.connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {full}")
        self.found.append(f"index {full}: {'built' if valid else 'INVALID, dropped and built anew'}")
        return bool(valid)

    def _drop(self, said: re.Match[str]) -> bool:
        if self._table(said) is None:
            self.found.append(f"index {said['of']}: dropped")
            return True
        self._wait_for(said)
        return False

    def _label(self, said: re.Match[str]) -> bool:
        label = said["label"].replace("''", "'")
        name = {"of": said["of"], "name": label, "xid": self.doubt.xid}
        row = self.connection.execute(_LABEL_STATE, name).one_or_none()
        if row is None or (not row[0] and said["again"]):
            return False
        if not row[0]:
            raise self.unknown(said[0], "a label of this name was there before")
        self.found.append(f"type {said['of']}: the value was added")
        return True

    def _table(self, said: re.Match[str]) -> str | None:
        found: str | None = self.connection.scalar(_TABLE, {"of": said["of"]})
        return found

    def _wait_for(self, said: re.Match[str]) -> None:
        """Wait until no session builds or drops an index of the table. A statement can outlive its client."""
        table = self._table(said)
        while table is not None and not self._is_free(table):
            self.ctx.waits(f"another session builds or drops an index of {table}, or vacuums it")
            self.ctx.sleep(PAUSE)

    def _is_free(self, table: str) -> bool:
        try:
            with self.ctx.reading() as connection:
                connection.exec_driver_sql(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE NOWAIT")
        except DBAPIError as error:
            if is_lock_timeout(error):
                return False
            raise
        return True


def _one_by_one(statement: str, ran: Sequence[str], last: bool, database: str) -> Iterator[str]:
    """Which statements of a block ran, which one is in doubt, and which were not sent."""
    shown = [_short(one, database) for one in ran[-_MOST:]]
    if ran:
        more = f"{len(ran) - _MOST} others, then " if len(ran) > _MOST else ""
        yield f"ran: {more}{'; '.join(shown)}"
    yield f"in doubt, whether it ran: {_short(statement, database)}"
    yield "not sent: what follows it" if last else "in doubt, too: what follows it outside a transaction"


def _short(statement: str, database: str) -> str:
    return masked(statement, database)[:200]


def _plain(name: str) -> str:
    """The name as the catalogue stores it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
