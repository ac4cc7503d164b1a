"""Rows are read in pages, each by one statement on the index, forwards and backwards."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, event

from initdb.events.entry import COLUMNS
from initdb.events.journal import ENTRY
from initdb.events.pages import pages
from initdb.events.sessions import session
from tests.events.journals import append_committed, make, stored


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of three rows."""
    monkeypatch.setattr("initdb.events.pages.PAGE", 3)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("length", "sizes"), [(1, [1]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_pages_of_a_journal(engine: Engine, length: int, sizes: list[int]) -> None:
    """All rows, in their order, as the table has them; the same backwards; and those after any of them."""
    journal = make(engine)
    for number in range(length - 1):
        append_committed(journal, engine, number=number)
    with session(engine) as connection:
        table, rows = journal.table(connection, "init_journal"), stored(journal, connection)
        found = list(pages(connection, table, COLUMNS))
        assert [len(page) for page in found] == sizes
        assert [tuple(row) for page in found for row in page] == rows
        back = [row[0] for page in pages(connection, table, ("seq",), backwards=True) for row in page]
        assert back == [row.seq for row in reversed(rows)]
        for after in range(length + 1):
            on = [row[0] for page in pages(connection, table, ("seq",), after) for row in page]
            assert on == [row.seq for row in rows if row.seq > after]
        own = {"where": "run = :run", "values": {"run": "run-1"}}
        chosen = list(pages(connection, table, ("seq",), **own, backwards=True, first=2))
        assert [row[0] for page in chosen for row in page] == back and len(chosen[0]) == min(2, length)
        assert [entry.seq for entry in journal.read(connection)] == [row.seq for row in rows]


@pytest.mark.usefixtures("small")
def test_one_statement_a_page(engine: Engine) -> None:
    """A page that is not full is the last one: a boot that reads few entries sends one statement."""
    journal, sent = make(engine), list[str]()
    for number in range(3):
        append_committed(journal, engine, number=number)
    with session(engine) as connection:
        table = journal.table(connection, "init_journal")
        event.listen(connection, "before_cursor_execute", lambda *given: sent.append(given[2]))
        for after, statements in ((2, 1), (1, 2), (0, 2)):
            sent.clear()
            list(pages(connection, table, ENTRY, after))
            assert len(sent) == statements


@pytest.mark.usefixtures("small")
def test_no_query_is_open_between_two_pages(engine: Engine) -> None:
    """Whoever reads slowly keeps nobody from writing; what is written meanwhile is read, too."""
    journal = make(engine)
    for number in range(4):
        append_committed(journal, engine, number=number)

    def numbers(connection: Connection) -> list[int]:
        found = []
        for page in pages(connection, journal.table(connection, "init_journal"), ("seq",)):
            found += [row[0] for row in page]
            if len(found) == 3:
                append_committed(journal, engine, number=9)
        return found

    with session(engine) as connection:
        assert numbers(connection) == [1, 2, 3, 4, 5, 6]
