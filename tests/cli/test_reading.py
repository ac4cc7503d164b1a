"""A command reads what its filters ask for, and no more: from the end, by index, in parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from initdb.cli.entries.filters import Filters, last
from initdb.cli.entries.following import Follower
from initdb.cli.entries.reading import Reader
from initdb.cli.output.journal_lines import Story
from initdb.cli.output.screen import Screen
from initdb.errors import InitError
from initdb.events.entry import Entry, Moment, Turn, write
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.settings import load_settings
from tests.events.journals import append_committed, begin, commit, make, schema_of
from tests.support.examples import some

SETTINGS = load_settings(options={"application": "shop"})
TYPES = ("outage", "step_failed", "run_started", "snapshot", "run_resumed")


@pytest.fixture
def entries(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """Thirty entries of several types, runs and times; at most three of them are read at once."""
    monkeypatch.setattr("initdb.events.pages.PAGE", 3)
    monkeypatch.setattr("initdb.cli.entries.reading.PAGE", 3)
    monkeypatch.setattr("initdb.cli.entries.reading.AT_ONCE", 4)
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        for number in range(2, 31):
            # Clocks go back now and then.
            at = f"2026-11-23T08:{number - number % 5 * 2 + 10:02}:41.218903Z"
            run = f"{number // 4:08}-0000-7000-8000-000000000000"
            turn, head = Turn(TYPES[number % 7 % 5], "note", "unknown", "unknown"), journal.head(connection)
            made = write(head.seq, head.hash, Moment(run, at, 1, {}), turn, {"number": number})
            journal.append(connection, made)
        commit(connection)
        return list(journal.read(connection))


FILTERS = st.builds(
    Filters,
    run=st.sampled_from(["", "", "0000000", "00000003", "00000003-0000-7000-8000-000000000000", "x"]),
    types=st.lists(st.sampled_from(TYPES), max_size=3).map(tuple),
    states=st.sampled_from([(), (), ("unknown",), ("ready",)]),
    since=st.sampled_from(["", "", "2026-11-23T08:20", "2026-11-23T08:30:41.218903Z", "2027"]),
    until=st.sampled_from(["", "", "2026-11-23T08:20", "2026-11-23T08:30:41.218903Z", "2020"]),
    snapshots=st.booleans(),
    grep=st.sampled_from(["", "", "1", "nothing of the kind"]),
    failed=st.booleans(),
)


@some
@given(FILTERS, st.none() | st.integers(1, 35))
def ask(engine: Engine, entries: list[Entry], filters: Filters, number: int | None) -> None:
    """What is read is what the filters let pass of all entries, whatever part of them that is."""
    found = Reader(engine, SETTINGS, filters).read(number)
    assert list(found.entries) == list(last(filters.select(entries), number))
    assert (found.exists, found.upto) == (True, 30)
    if filters.is_of_columns:
        stored = Reader(engine, SETTINGS, filters, decodes=False).read(number)
        expected = [(one.seq, one.text) for one in last(filters.select(entries), number)]
        assert [(one.seq, one.text) for one in stored.entries] == expected


def test_what_is_read_is_what_passes(engine: Engine, entries: list[Entry]) -> None:
    """For any filter, with the last ones and without."""
    ask(engine, entries)


def test_what_is_appended_while_it_is_read(engine: Engine, entries: list[Entry]) -> None:
    """The reading ends where the journal ended when it began."""
    found = Reader(engine, SETTINGS, Filters(snapshots=True)).read()
    assert next(found.entries).seq == 1
    append_committed(Journal(schema_of(engine), "shop"), engine)
    assert [one.seq for one in found.entries] == [*range(2, 31)]


class Gone(Screen):
    """A screen that is left after some looks at it."""

    looks = 4

    @property
    def is_gone(self) -> bool:
        """Whether it was left."""
        self.looks -= 1
        return self.looks < 0

    @is_gone.setter
    def is_gone(self, value: bool) -> None:
        pass


def test_following_reads_what_is_new(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins after the last entry of the journal, also if no entry of it was asked for."""
    journal, asked = make(engine), list[int]()
    append_committed(journal, engine)
    screen, filters = Gone(as_json=True), Filters(types=("step_failed",))
    real = Reader.since

    def since(reader: Reader, after: int) -> Any:
        asked.append(after)
        found = real(reader, after)
        append_committed(journal, engine)
        return found

    monkeypatch.setattr(Reader, "since", since)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    Follower(Reader(engine, SETTINGS, filters), screen, Story(screen)).follow(2)
    assert asked == [2, 2, 3, 4]


def test_a_failure_in_the_middle(
    engine: Engine, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could be read is given first."""
    reader = Reader(engine, SETTINGS, Filters(snapshots=True))

    def broken(*given: Any, **named: Any) -> Iterator[Any]:
        yield (1, entries[0].text, entries[0].prev_hash, entries[0].hash)
        raise InitError("journal-unreadable", "the disk is broken")

    monkeypatch.setattr("initdb.cli.entries.conditions.Part.rows", broken)
    found = reader.read()
    assert next(found.entries) == entries[0]
    with pytest.raises(InitError, match="journal-unreadable"):
        next(found.entries)
