"""Runs a seeding function on the connection of a unit of work. The function must not end the transaction."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NoReturn

from sqlalchemy import Connection, NestedTransaction, RootTransaction, event
from sqlalchemy.exc import DBAPIError, InvalidRequestError, OperationalError

from initdb.errors import InitError
from initdb.errors.classify import VALUES, classify
from initdb.errors.conditions import STATEMENT
from initdb.errors.driver import Verify
from initdb.errors.translated import translated
from initdb.events.process import in_this_process
from initdb.events.undo import on_error
from initdb.steps.seeds.model import SeedSource
from initdb.steps.seeds.refusals import raised
from initdb.steps.seeds.scripts import load_function
from initdb.steps.transactions.sql_words import transaction_word

_LATE = "What the function had committed stays in the database; the journal does not count it as applied."


def call(source: SeedSource, connection: Connection, verify: Verify | None = None) -> int:
    """Run the source's function on the connection, in a SAVEPOINT.

    Args:
        source: A "python callable".
        connection: In the transaction of a unit.
        verify: Asks the database for the names in an error of its own.

    Returns:
        The number of rows that the function says it created, else 0.

    Raises:
        InitError: `seed-callable-failed`. The function failed; or it would have ended the transaction, which
            is refused before it reaches the driver; or it has ended it on the driver's own connection. What
            the database refused is `seed-failed`, `seed-rejected`, or what its code says.
        DBAPIError: A retry may help: a lost connection or a lock, for example.
    """
    function = load_function(source)
    savepoint = connection.begin_nested()
    with translated(partial(_failure, source, verify), InitError), on_error(_undo, savepoint):
        with _kept_open(connection, source.name) as refused, in_this_process():
            made = function(connection)
        if refused:
            raise refused[0]
    try:
        savepoint.commit()
    except (DBAPIError, InvalidRequestError) as error:
        # This sends nothing. Without it SQLAlchemy would refuse every later statement.
        savepoint.rollback()
        # On SQLite a missing savepoint is an OperationalError, as a temporary failure is elsewhere.
        if _is_of_the_moment(error) and connection.dialect.name != "sqlite":
            raise
        said = (
            f"{source.name}: it ended the transaction that it was given; the connection must not be committed"
        )
        raise InitError("seed-callable-failed", said, kept=_LATE) from error
    return made if isinstance(made, int) and not isinstance(made, bool) else 0


@contextlib.contextmanager
def _kept_open(connection: Connection, name: str) -> Iterator[list[InitError]]:
    """Refuse what would end the transaction. Yield the refusals, because the function may swallow them.

    A Session on the connection works in its own savepoint, so its commit and rollback are allowed.
    """
    refused: list[InitError] = []

    def refuse(what: str) -> NoReturn:
        place = _own_line(traceback.extract_stack())
        said = f"{name}{place}: it {what}; the function works in a transaction that is committed for it"
        refused.append(InitError("seed-callable-failed", said))
        raise refused[-1]

    def refusing(what: str) -> Callable[[], NoReturn]:
        return lambda: refuse(what)

    def on_end(_: Connection) -> None:
        refuse("ended the transaction")

    def on_statement(_: object, __: object, statement: str, *___: object) -> None:
        if transaction_word(statement, connection.dialect.name):
            refuse("sent a statement that ends or begins a transaction")

    root = connection.get_transaction()
    shadowed = {method: refusing(f"called {method}()") for method in ("commit", "rollback", "close")}
    vars(connection).update(shadowed)
    listeners = (("commit", on_end), ("rollback", on_end), ("before_cursor_execute", on_statement))
    for moment, listener in listeners:
        event.listen(connection, moment, listener)
    try:
        yield refused
    finally:
        for moment, listener in listeners:
            event.remove(connection, moment, listener)
        for method in shadowed:
            vars(connection).pop(method, None)
        _reopen(connection, root)


def _reopen(connection: Connection, root: RootTransaction | None) -> None:
    """Reopen SQLAlchemy's transaction, which the refused call has closed. The driver's is still open."""
    if root is not None and root is connection.get_transaction():
        root.is_active = True
    elif not connection.closed and not connection.in_transaction():
        connection.begin()


def _is_of_the_moment(error: Exception) -> bool:
    """Whether a retry may help. Then the loop classifies the driver's own error."""
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or isinstance(error, OperationalError)
    )


def _undo(savepoint: NestedTransaction) -> None:
    with contextlib.suppress(DBAPIError):
        if savepoint.is_active:
            savepoint.rollback()


def _failure(source: SeedSource, verify: Verify | None, error: Exception) -> Exception:
    if _is_of_the_moment(error):
        return error
    said = f"{source.name}{_own_line(traceback.extract_tb(error.__traceback__))}: {raised(error, verify)}"
    if not isinstance(error, DBAPIError):
        return InitError("seed-callable-failed", said).with_advice(VALUES.format("resume"))
    found = classify(error, doing="seed", database="").rendered()
    statement = [line for line in found.context if line.startswith(STATEMENT)]
    failed = InitError(found.reference, said, *statement, fix=found.fix, sqlstate=found.sqlstate)
    return failed.with_advice(VALUES.format("resume"))


def _own_line(frames: Sequence[traceback.FrameSummary]) -> str:
    """The last line in the frames that is in the function's own file, the one that `call` calls."""
    ours = (call.__code__.co_filename, call.__name__)
    here = [number for number, frame in enumerate(frames) if (frame.filename, frame.name) == ours]
    called = frames[here[-1] + 1 :] if here else ()
    own = [frame for frame in called if frame.filename == called[0].filename]
    return f" ({own[-1].filename} line {own[-1].lineno})" if own else ""
