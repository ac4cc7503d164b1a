"""The error for a failed revision, with its id and the line of its file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.exc import NoSuchTableError

from initdb.errors import InitError
from initdb.errors.classify import VALUES, classify, is_busy, is_connection_lost, is_missing_table
from initdb.errors.driver import Verify, driver_error
from initdb.errors.own_statement import NOT_THE_REVISION
from initdb.errors.withheld import exit_of, withhold
from initdb.events.head import ConnectionLost, JournalSignal
from initdb.steps.one_revision.doubt import HALF_APPLIED, HALF_REVERTED

Doing = Literal["migrate", "rollback"]

_LEFT = (
    "Every revision before this one stands, and of this one all that it did up to the statement that failed: "
    "it was outside a transaction."
)
_SECOND_CONNECTION = (
    "A second connection waits for the transaction that this revision runs in: SQLite has one writer. "
    "Use op.get_bind() for everything that the revision does."
)
_REFUSES = (
    "The statement refuses a transaction: put it into `with op.get_context().autocommit_block():`, best in a "
    "revision of its own."
)
_NEEDS_BATCH = (
    "SQLite changes no constraint of a table that is there: use `with op.batch_alter_table(...)`. If the "
    'revisions are for another database: schema_from = "models" makes a new SQLite database from the models.'
)
_MISSING_TABLE = re.compile(
    r'(?:no such table: |relation "|^)(?P<table>[^\s"]+)(?:" does not exist|$)', re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Place:
    """The revision that ran, its file, the kind of its database, and whether it ran up or down.

    Attributes:
        from_empty: Whether a table is missing, and revisions alone have made the schema so far.
        foundations: The tables that something before the revisions may have made: those of the models and of
            the base. None if the database has no table at all: then any table may be one.
        verify: Asks the database for the names in an error of its own.
    """

    revision: str
    file: str
    database: str
    doing: Doing
    from_empty: bool = False
    foundations: frozenset[str] | None = None
    verify: Verify | None = None

    @property
    def failed(self) -> str:
        """The reference of a failure that has no catalogue row of its own."""
        return "revision-failed" if self.doing == "migrate" else "rollback-failed"

    @property
    def in_part(self) -> str:
        """What a person does if a part of the revision was outside a transaction."""
        return HALF_APPLIED if self.doing == "migrate" else HALF_REVERTED


def revision_failure(
    error: BaseException, place: Place, *unfinished: str, left: bool = False
) -> BaseException:
    """What to raise for an error of a revision.

    A signal of the journal and a lost connection are no failure of the revision: they are returned as such.

    Args:
        error: What was raised.
        place: The revision.
        unfinished: What it left unfinished, as sentences.
        left: Whether a part of it was outside a transaction.
    """
    if isinstance(error, JournalSignal):
        return error
    if is_connection_lost(error):
        return ConnectionLost()
    if isinstance(error, InitError) and error.reference in NOT_THE_REVISION:
        return error.with_context(f"while revision {place.revision} was at work")
    line = line_in(error, place.file) or line_in(error.__cause__, place.file)
    found = _found(error, place, in_file=line is not None)
    said = found.rendered()
    named = f"revision {place.revision}, {place.file}"
    context = [part for part in found.context if not part.startswith("at: ") or line is None]
    context = [part for part in context if part != named]
    context += _hint(error)
    corrected = left and found.reference != "revision-in-doubt"
    failed = InitError(
        found.reference,
        named + (f" line {line}" if line else ""),
        *dict.fromkeys((*context, *unfinished)),  # a doubt has named them already
        kept=_LEFT if left else said.kept,
        fix=f"Correct the revision. {place.in_part}" if corrected else said.fix,
        database=place.database,
        sqlstate=said.sqlstate,
    )
    if isinstance(error, InitError):  # nothing of it is left out
        return failed
    return failed.with_advice(VALUES.format("resume" if place.doing == "migrate" else "rollback"))


def _found(error: BaseException, place: Place, *, in_file: bool) -> InitError:
    if isinstance(error, SystemExit):
        withhold(error)
        return InitError(place.failed, f"It called {exit_of(error)}.")
    found = classify(error, doing=place.doing, database=place.database, verify=place.verify)
    if place.database == "sqlite" and in_file and is_busy(error):
        # This process holds the only write lock, so the revision waits for no other process.
        return InitError(place.failed, *found.context, _SECOND_CONNECTION, sqlstate=found.rendered().sqlstate)
    unfounded = place.from_empty and in_file and found.reference == place.failed
    if unfounded and _is_foundation(error, place.foundations):
        return InitError("revisions-need-tables", *found.context, sqlstate=found.rendered().sqlstate)
    return found


def lacks_table(error: BaseException) -> bool:
    """Whether a statement names a missing table, or a batch operation reads one."""
    return is_missing_table(error) or isinstance(error, NoSuchTableError)


def _is_foundation(error: BaseException, foundations: frozenset[str] | None) -> bool:
    """Whether the missing table was there before the first revision, where the revisions were written.

    A name that no model has is more likely misspelt.
    """
    if foundations is None:
        return True
    name = _MISSING_TABLE.search(str(error))
    return name is not None and name["table"].strip('"').rpartition(".")[2] in foundations


def _hint(error: BaseException) -> tuple[str, ...]:
    """What to do about a statement that the database refuses as it is.

    One that refuses a transaction has 25001; SQLite has no code for it. Alembic knows what SQLite lacks.
    """
    if isinstance(error, NotImplementedError) and "SQLite" in str(error):
        return (_NEEDS_BATCH,)
    found = driver_error(error)
    if found is None:
        return ()
    refused = found.is_sqlite and "within a transaction" in found.text
    return (_REFUSES,) if found.sqlstate == "25001" or refused else ()


def line_in(error: BaseException | None, file: str) -> int | None:
    """The line of `file` that ran when the error was raised; None if none did."""
    trace, line = error.__traceback__ if error else None, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
