"""Names a failure of a statement that initdb itself sends while the application's code is at work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from initdb.errors.classify import classify, is_connection_lost, is_lock_timeout, is_serialization
from initdb.errors.driver import driver_error
from initdb.errors.translated import translated

NOT_THE_REVISION = frozenset({"inspection-failed", "journal-permission", "entry-refused"})
"""References of such failures. Nobody has to correct a revision because of them."""

_BROKEN_BEFORE = "25P02"
"""The SQLSTATE of a statement in a transaction that an earlier one has broken."""


@contextmanager
def own_statement(database: str, doing: str = "inspect") -> Iterator[None]:
    """Translate an error of the block, so that no revision and no seed is blamed for it.

    A lost connection, a conflict, and what an earlier statement has broken go on as they are.

    Args:
        database: The kind of the database.
        doing: See `initdb.errors.classify.classify`.

    Raises:
        InitError: What the database refused.
    """
    with translated(lambda error: _named(error, database, doing)):
        yield


def _named(error: Exception, database: str, doing: str) -> Exception:
    found = driver_error(error)
    passed = is_connection_lost(error) or is_lock_timeout(error) or is_serialization(error)
    if found is None or passed or found.sqlstate == _BROKEN_BEFORE:
        return error
    return classify(error, doing=doing, database=database)
