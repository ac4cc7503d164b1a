"""What a journal says of its runs, counted once more: attempts, who began, what was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from initdb.events.types import PROGRESS

BEGINS = frozenset({"run_started", "run_resumed"})

Events = Sequence[Mapping[str, Any]]


def findings(events: Events) -> Iterator[str]:
    """Attempts that do not follow from the events before them, runs too many, looks that saw other rows."""
    yield from _attempts(events)
    yield from _stays(events)
    yield from _rows(events)


def looks(expected: Events, found: Events) -> Iterator[str]:
    """A process looks once when its run begins or goes on; other looks are those of an uninterrupted run."""
    seen, wanted = (Counter(event["type"] for event in events) for events in (found, expected))
    begun, due = (sum(count[kind] for kind in (*BEGINS, "run_continued")) for count in (seen, wanted))
    more = seen["database_inspected"] - wanted["database_inspected"]
    if more > begun - due:
        yield f"different: {more} inspections more than uninterrupted, {begun - due} runs more"
    codes = {_code(event) for event in expected if event["type"] in BEGINS}
    for event in found:
        if event["type"] in BEGINS and _code(event) not in codes:
            yield f"different: entry {event['seq']} tells of another code: {event['data'].get('code')}"


def _code(event: Mapping[str, Any]) -> str:
    return repr(sorted((event["data"].get("code") or {}).items()))


def _attempts(events: Events) -> Iterator[str]:
    """A run is one attempt more where the one before it was of the same code and nothing was done since."""
    tries, code, doubt = 0, "", None
    for event in events:
        kind, data = event["type"], event["data"]
        if kind in BEGINS:
            tries = tries + 1 if code == _code(event) else 1
            code = _code(event)
        if kind in BEGINS and data.get("attempt", 1) != tries:
            yield f"journal: entry {event['seq']} says attempt {data.get('attempt', 1)}, it is {tries}"
        elif event["attempt"] != max(tries, 1):
            yield f"journal: entry {event['seq']} is of attempt {event['attempt']}, not {max(tries, 1)}"
        if kind in PROGRESS or kind in {"health_validated", "override"}:
            tries = 0
        if kind == "statement_started":
            tries = 0
        if kind == "step_started":
            begun = (data["step"], data["subject"], repr(data.get("statements")))
            tries = tries if begun == doubt else 0
            doubt = begun


def _stays(events: Events) -> Iterator[str]:
    """A process begins one run, and another one only where a failure or a stop has ended the one before."""
    open_runs: dict[Any, int] = {}
    for event in events:
        if event["type"] in BEGINS:
            process = (event["by"].get("host"), event["by"].get("pid"))
            if process in open_runs:
                yield f"journal: entry {event['seq']} and {open_runs[process]}: runs of one process"
            open_runs[process] = event["seq"]
        elif event["type"] in {"step_failed", "run_stopped", "health_validated"}:
            open_runs.clear()


def _rows(events: Events) -> Iterator[str]:
    """An inspection finds the version rows that the last change has left."""
    heads: list[str] | None = None
    for event in events:
        data = event["data"]
        if event["type"] == "database_inspected":
            if heads is not None and sorted(data.get("rows", ())) != heads:
                yield f"journal: entry {event['seq']} found the rows {data.get('rows')}, not {heads}"
        elif isinstance(data.get("heads"), list):
            heads = sorted(data["heads"])
