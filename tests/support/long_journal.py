"""Makes a journal long: entries with a correct chain, in bulk past the triggers, as years would make them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Connection, Engine
from sqlalchemy import text as sql

from initdb.events import snapshot
from initdb.events.canonical import timestamp
from initdb.events.chain import link
from initdb.events.database import database_of
from initdb.events.entry import COLUMNS, Entry, parse
from initdb.events.knowledge import Knowledge
from initdb.events.sessions import session
from initdb.events.statements import driver
from initdb.statemachine.decide.fold import add, snapshot_of
from initdb.statemachine.decide.gathering import Gathering
from tests.events.journals import begin, commit
from tests.support.guards import guards_off

BATCH = 10_000
"""How many rows are inserted at once."""

RUN = ("run_started", "database_inspected", "health_validated")
"""What a run writes that finds nothing to do but to validate."""

Row = tuple[Any, ...]


def lengthen(engine: Engine, upto: int, notes: int = 16) -> None:
    """Append runs and notes to a journal that is ready, up to a number, and end with a run that is ready.

    Args:
        engine: The engine of its database.
        upto: The number of the last entry.
        notes: How many notes there are after each run.
    """
    _append(engine, upto, notes, lambda connection, story: None)


def pad(engine: Engine, upto: int) -> None:
    """The same in a second, for whoever reads only the end: the entries before the last run have no chain."""

    def fill(connection: Connection, story: _Story) -> None:
        first, last = story.known.seq + 1, upto - len(RUN) - 1
        text = story.note().text.split(f'"seq":{first},')
        connection.execute(
            sql(_FILL[database_of(connection).name]),
            {"first": first, "last": last, "before": text[0], "after": text[1]},
        )
        story.known.seq, story.known.hash = last, f"{last:064}"

    _append(engine, upto, 0, fill)


def _append(engine: Engine, upto: int, notes: int, first: Callable[[Connection, _Story], None]) -> None:
    with session(engine) as connection:
        query = "SELECT seq, event, prev_hash, hash FROM init_journal ORDER BY seq"
        story = _Story([parse(*row) for row in connection.exec_driver_sql(query)], upto, notes)
        begin(connection)
        with guards_off(connection):
            first(connection, story)
            made = story.rows()
            while batch := list(islice(made, BATCH)):
                _insert(connection, batch)
            head = f"UPDATE init_journal_head SET seq = {story.known.seq}, hash = '{story.known.hash}'"
            connection.exec_driver_sql(head)
        commit(connection)


_ROWS = (
    "INSERT INTO init_journal SELECT i, 'run-' || i / 100, '2026-11-23T08:06:41.218903Z', 'outage', 'ready',"
    " 'ready', :before || '\"seq\":' || i || ',' || :after, {previous}, {own} FROM {numbers}"
)
_FILL = {
    "sqlite": "WITH RECURSIVE n (i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last) "
    + _ROWS.format(previous="printf('%064d', i - 1)", own="printf('%064d', i)", numbers="n"),
    "postgresql": _ROWS.format(
        previous="lpad((i - 1)\\:\\:text, 64, '0')",
        own="lpad(i\\:\\:text, 64, '0')",
        numbers="generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) i",
    ),
}
"""Database → the statement that inserts many notes."""


class _Story:
    """What follows the entries of a journal that is ready."""

    def __init__(self, entries: Iterable[Entry], upto: int, notes: int) -> None:
        self.known = Gathering.of(Knowledge())
        self._event: dict[str, dict[str, Any]] = {}
        for entry in entries:
            add(self.known, entry)
            self._event[entry.type] = orjson.loads(entry.text)
        self._upto, self._notes, self._run = upto, notes, ""
        self._at = datetime.fromisoformat(self._event["health_validated"]["at"])
        self._event["outage"] = self._event["health_validated"] | {
            "trigger": "note", "type": "outage", "data": {"reference": "server-unreachable", "seconds": 4.5}
        }  # fmt: skip

    def rows(self) -> Iterator[Row]:
        """The rows, of which the last ones are of a run."""
        while self.known.seq < self._upto:
            self._run = f"01a22327-209d-7167-a1ac-{self.known.seq:012}"
            left = self._upto - self.known.seq - len(RUN) - 1
            notes = min(self._notes, left)
            if left - notes < len(RUN) + 1:
                notes = left
            for kind in (*("outage",) * notes, *RUN):
                yield from self._followed(self._made(kind))

    def note(self) -> Entry:
        """The note that would come next."""
        known = Gathering.of(self.known.frozen()).frozen()
        made, self.known = self._made("outage"), Gathering.of(known)
        return made

    def _followed(self, entry: Entry) -> Iterator[Row]:
        yield _row(entry)
        if snapshot.is_due(entry.type, entry.seq) and entry.seq < self._upto:
            said = snapshot_of(Gathering.of(self.known.frozen()).frozen())
            assert said is not None
            event = self._event["snapshot"] | {"data": said.data()}
            yield _row(self._written(event | {"source": self.known.state, "dest": self.known.state}))

    def _made(self, kind: str) -> Entry:
        event = self._event[kind]
        source = {"run_started": self.known.state, "outage": self.known.state}.get(kind, event["source"])
        dest = self.known.state if kind == "outage" else event["dest"]
        if kind == "database_inspected":
            event = event | {"data": _NOTHING_TO_DO | event["data"] | _NOTHING_TO_DO}
            dest = "unproven"
        if kind == "health_validated":
            source, dest = "unproven", "ready"
        return self._written(event | {"source": source, "dest": dest})

    def _written(self, event: Mapping[str, Any]) -> Entry:
        self._at += timedelta(milliseconds=250)
        seq, before = self.known.seq + 1, self.known.hash
        said = {**event, "seq": seq, "run": self._run, "at": timestamp(self._at)}
        text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()
        entry = parse(seq, text, before, link(before, text))
        add(self.known, entry)
        return entry


_NOTHING_TO_DO: Mapping[str, Any] = {
    "pending": [],
    "seeds_pending": [],
    "started_over": False,
    "managed": True,
}


def _row(entry: Entry) -> Row:
    return tuple(entry.columns().values())


def _insert(connection: Connection, rows: list[Row]) -> None:
    names = ", ".join(COLUMNS)
    if database_of(connection).name == "sqlite":
        marks = ", ".join("?" * len(COLUMNS))
        driver(connection).executemany(f"INSERT INTO init_journal ({names}) VALUES ({marks})", rows)
        return
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    file.seek(0)
    driver(connection).cursor().copy_expert(f"COPY init_journal ({names}) FROM STDIN WITH (FORMAT csv)", file)
