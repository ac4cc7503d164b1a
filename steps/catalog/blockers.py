"""Names the processes that kept a statement from a lock, or won a deadlock against it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from sqlalchemy import Connection

from initdb.errors import InitError
from initdb.errors.classify import is_busy, is_lock_timeout
from initdb.errors.driver import driver_error
from initdb.events.database import database_of
from initdb.steps.catalog.lock_holder import LockHolder
from initdb.steps.catalog.port import Catalogue, catalogue_of
from initdb.steps.transactions.sql_words import first_word

DEADLOCK = "40P01"
"""The SQLSTATE of a transaction that was aborted because of a deadlock."""

MOST = 3
"""How many of the processes are named."""

_NAME = re.compile(r'"((?:[^"]|"")+)"|([^\W\d][\w$]*)')
_PASS_READERS = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "COPY", "CREATE", "COMMENT"}
)
"""The first words of statements that need not wait for transactions that only read."""


def blockers(connection: Connection, error: BaseException) -> tuple[str, ...]:
    """A sentence for each process that a statement waited for, as far as the database knows.

    Args:
        connection: Another one than that of the error, or the same one after a rollback. Afterwards it is in
            no transaction.
        error: What the driver raised, or an error that it caused.

    Returns:
        Nothing if the error is about no lock, or if nobody holds one any more.
    """
    for cause in _causes(error):
        found = driver_error(cause)
        if found is not None and found.sqlstate == DEADLOCK:
            return _opponents(connection, _others_of(found.lines))
        if is_lock_timeout(cause) or is_busy(cause):
            return _in_the_way(connection, getattr(cause, "statement", None) or "")
    return ()


def with_blockers(found: InitError, connection: Connection, error: BaseException) -> InitError:
    """The failure, with a line for each process that the statement waited for.

    Args:
        found: The failure.
        connection: See `blockers`.
        error: See `blockers`.
    """
    said = blockers(connection, error)
    return found.with_context(*said) if said else found


def lockers_of(connection: Connection, names: Collection[str] | None = None) -> tuple[str, ...]:
    """A sentence for each process that holds a lock stronger than a reader's.

    Args:
        connection: Where to ask.
        names: The tables that count; None for all.
    """
    return _sentences(_holders(connection, names, readers=False))


def _in_the_way(connection: Connection, statement: str) -> tuple[str, ...]:
    """Those that hold locks on a table that the statement names; if it names none, on any table."""
    found = _NAME.findall(statement)
    names = [quoted.replace('""', '"') if quoted else plain.lower() for quoted, plain in found]
    readers = first_word(statement, connection.dialect.name) not in _PASS_READERS
    return _sentences(_holders(connection, names, readers=readers) or _holders(connection, readers=readers))


def _opponents(connection: Connection, pids: Collection[int]) -> tuple[str, ...]:
    found = _asked(connection, lambda catalogue: catalogue.processes(pids))
    return tuple(f"It waited for {one.who()}" for one in found)


def _others_of(lines: Sequence[str]) -> frozenset[int]:
    """The other processes of a deadlock, in whatever language the server writes its DETAIL.

    A line of it: `Process 11 waits for ShareLock on relation 99 of database 5; blocked by process 12.`
    """
    numbers = [re.findall(r"\d+", line) for said in lines for line in said.splitlines()]
    ends = [int(number) for found in numbers if len(found) > 1 for number in (found[0], found[-1])]
    return frozenset(ends) - frozenset(ends[:1])


def _holders(
    connection: Connection, names: Collection[str] | None = None, *, readers: bool = True
) -> tuple[LockHolder, ...]:
    return _asked(connection, lambda catalogue: catalogue.lock_holders(names, readers=readers))


def _asked(
    connection: Connection, ask: Callable[[Catalogue], tuple[LockHolder, ...]]
) -> tuple[LockHolder, ...]:
    # An error message must not fail because a name is missing: the connection may be lost, for example.
    with contextlib.suppress(Exception):
        try:
            return ask(catalogue_of(connection))
        finally:
            database_of(connection).rollback(connection)
    return ()


def _sentences(found: Iterable[LockHolder]) -> tuple[str, ...]:
    said = [one.sentence() for one in found]
    more = len(said) - MOST
    return (*said[:MOST], *((f"{more} more hold locks",) if more > 0 else ()))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__
