"""An advisory lock of somebody who could not do the work stops nobody, and hides nobody at work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from initdb.events.advisory import KEYS, holds, keys
from initdb.events.baton import try_baton
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.statemachine.loop.holder import at_work
from tests.trust.neighbour import Place

JOURNAL = Journal("public", "application")


@pytest.fixture
def stranger(place: Place) -> Iterator[psycopg2.extensions.connection]:
    """A session of the neighbour, in an open transaction."""
    connection = psycopg2.connect(place.url(place.roles.neighbour).replace("+psycopg2", ""))
    yield connection
    connection.close()


def _holds(connection: psycopg2.extensions.connection, *numbers: int) -> None:
    with connection.cursor() as cursor:
        for number in numbers:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (number,))


@pytest.mark.parametrize("held", [1, KEYS])
def test_a_neighbour_holds_the_keys(
    place: Place, tmp_path: Path, role: str, stranger: psycopg2.extensions.connection, held: int
) -> None:
    """The first boot and the second go on at once, and nobody is said to be at work."""
    for purpose in ("baton", "first"):
        _holds(stranger, *keys(JOURNAL, purpose)[:held])
    app = place.app(tmp_path, role)
    initializer = app.initializer(wait_limit=20)
    assert initializer.initialize().success
    app.tables += 1
    app.with_revisions()
    assert app.initializer(wait_limit=20).initialize().success
    engine = app.engine()
    assert not at_work(engine, JOURNAL)
    with session(engine) as connection:
        assert {hold.counts for hold in holds(connection, JOURNAL, "baton")} == {False}


def test_two_processes_beside_a_neighbour_exclude_each_other(
    place: Place, tmp_path: Path, role: str, stranger: psycopg2.extensions.connection
) -> None:
    """Both take the next key."""
    app = place.app(tmp_path, role)
    assert app.initializer().initialize().success
    _holds(stranger, *keys(JOURNAL, "baton")[:1])
    baton = try_baton(app.engine(), JOURNAL)
    assert baton is not None
    assert try_baton(app.engine(), JOURNAL) is None
    assert at_work(app.engine(), JOURNAL)
    baton.release()
    assert not at_work(app.engine(), JOURNAL)


def test_a_role_that_may_write_the_journal_counts(
    place: Place, tmp_path: Path, stranger: psycopg2.extensions.connection
) -> None:
    """Its lock is that of a process at work."""
    app = place.app(tmp_path, place.roles.owner)
    assert app.initializer().initialize().success
    place.sql(f"GRANT INSERT ON init_journal TO {place.roles.neighbour}")
    _holds(stranger, *keys(JOURNAL, "baton")[:1])
    assert try_baton(app.engine(), JOURNAL) is None


def test_a_prepared_transaction_does_not_count(place: Place, tmp_path: Path) -> None:
    """No process holds it, and nobody may ever end it."""
    app = place.app(tmp_path, place.roles.owner)
    key = keys(JOURNAL, "baton")[0]
    place.sql("BEGIN", f"SELECT pg_advisory_xact_lock({key})", "PREPARE TRANSACTION 'left'")
    try:
        assert app.initializer(wait_limit=20).initialize().success
    finally:
        place.sql("ROLLBACK PREPARED 'left'")
