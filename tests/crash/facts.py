"""What a journal tells, without what may differ between an interrupted and an uninterrupted run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from initdb.events.entry import parse
from initdb.events.head import Head
from initdb.events.types import UNSEEN
from initdb.events.verify import Stored, verify
from initdb.statemachine.decide.machine_replay import replay
from initdb.statemachine.decide.snapshot_check import compare_snapshots
from tests.crash import attempts

LOOKING = frozenset({"run_started", "run_resumed", "run_continued", "database_inspected", "outage"})
"""Events that a fault adds: a run begins or goes on, looks, tells that the database could not be had."""

VOLATILE = frozenset({"ms", "number", "of", "clock", "journal", "attempt", "sessions"})
"""Parts of an event's data that say when and how often, not what."""

SUBJECTS = ("revision", "subject", "source", "next", "tables", "actions", "revisions")
"""What an effect is about: two events of one type with the same subject are one effect done twice."""

_COLUMNS = ("seq", "run", "at", "type", "source", "dest", "event", "prev_hash", "hash")


@dataclass(frozen=True, slots=True)
class Told:
    """A journal as it stands: its rows, its head, and each row's event."""

    rows: tuple[Stored, ...]
    head: Head | None

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events, in order."""
        return [json.loads(row.event) for row in self.rows]

    @property
    def types(self) -> list[str]:
        """Their types."""
        return [row.type for row in self.rows]


def read(connection: Connection) -> Told:
    """The journal on `connection`, which must be there."""
    names = ", ".join(_COLUMNS)
    rows = connection.execute(text(f"SELECT {names} FROM init_journal ORDER BY seq"))
    stored = tuple(Stored(*row) for row in rows)
    head = connection.execute(
        text("SELECT seq, hash, schema_version, min_writer FROM init_journal_head")
    ).first()
    return Told(stored, Head(*head) if head else None)


def facts(told: Told, besides: Collection[str] = (), unsettled: Collection[str] = ()) -> list[str]:
    """One line an event that is no mere looking, in order; what a look found twice is told once.

    Without events of the types `besides`, and without the parts `unsettled` of the others.
    """
    left_out = VOLATILE | frozenset(unsettled)
    lines: list[str] = []
    found = ""
    for event in told.events:
        line = _line(event, left_out)
        if event["type"] in LOOKING | UNSEEN or event["type"] in besides:
            continue
        if event["type"] == "defects_found":
            if line == found:
                continue
            found = line
        else:
            found = ""
        lines.append(line)
    return lines


def _line(event: Mapping[str, Any], left_out: frozenset[str]) -> str:
    data = {name: value for name, value in event["data"].items() if name not in left_out}
    return f"{event['type']} {event['source']}→{event['dest']} {json.dumps(data, sort_keys=True)}"


def differences(expected: list[str], found: list[str]) -> Iterator[str]:
    """What was lost, what is there too often, and whether the order differs."""
    want, have = Counter(expected), Counter(found)
    subjects = Counter(_subject(line) for line in expected)
    for line, count in (want - have).items():
        yield f"lost: {count} times {line}"
    for line, count in (have - want).items():
        word = "doubled" if subjects[_subject(line)] else "different"
        yield f"{word}: {count} times {line}"
    if want == have and expected != found:
        yield f"different: the order of the events is {[line.split()[0] for line in found]}"


def _subject(line: str) -> str:
    kind, _, rest = line.split(" ", 2)
    data = json.loads(rest)
    return json.dumps([kind, {name: data.get(name) for name in SUBJECTS}], sort_keys=True)


def findings(told: Told) -> Iterator[str]:
    """What is wrong with the journal itself: its chain, its states, its snapshots, the runs it names."""
    entries = [parse(row.seq, row.event, row.prev_hash, row.hash) for row in told.rows]
    for finding in (*verify(told.rows, told.head), *replay(entries), *compare_snapshots(entries)):
        yield f"journal: entry {finding.seq} {finding.text}"
    for entry, following in zip(entries, [*entries[1:], None], strict=True):
        if entry.type == "health_validated" and (following is None or following.type != "snapshot"):
            yield f"journal: no snapshot follows entry {entry.seq}"
    yield from _states(told.events)
    yield from _runs(told.events)
    yield from attempts.findings(told.events)


def _states(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    state = "unknown"
    for event in events:
        if event["source"] != state:
            yield f"journal: entry {event['seq']} leaves {event['source']}, the state was {state}"
        state = event["dest"]


_FIRST = frozenset({"journal_created", "journal_upgraded", "outage"})
"""Events that come before the beginning of the run that they are of, in one transaction with it."""

_ENDS = frozenset({"health_validated", "step_failed", "run_stopped"})


def _runs(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Each run that did not end is named by the next one, and only such a run is."""
    open_run: Mapping[str, Any] | None = None
    last: Mapping[str, Any] | None = None
    for event in events:
        kind = event["type"]
        if kind in {"run_started", "run_resumed"}:
            yield from _named(event, open_run, last)
            open_run = event
        elif kind == "run_continued" and (open_run is None or open_run["run"] != event["run"]):
            yield f"journal: entry {event['seq']} goes on with a run that is not open"
        elif kind not in _FIRST and open_run is not None and event["run"] != open_run["run"]:
            yield f"journal: entry {event['seq']} {kind} is of a run that had not begun"
        if kind in _ENDS:
            open_run = None
        last = last if kind in _FIRST else event


def _named(
    begun: Mapping[str, Any], before: Mapping[str, Any] | None, last: Mapping[str, Any] | None
) -> Iterator[str]:
    seq = begun["seq"]
    if before is None:
        if begun["type"] != "run_started":
            yield f"journal: entry {seq} resumes, and nothing was interrupted"
        return
    said = begun["data"].get("interrupted") or {}
    if begun["type"] != "run_resumed":
        yield f"journal: entry {seq} does not name the run that was interrupted"
    elif said.get("run") != before["run"]:
        yield f"journal: entry {seq} names {said.get('run')}, interrupted was {before['run']}"
    elif last is not None and (said.get("last"), said.get("state")) != (last["type"], last["dest"]):
        yield f"journal: entry {seq} says that {said} was last, it was {last['type']} {last['dest']}"
