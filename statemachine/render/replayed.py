"""A point of a journal's history: as plain data, as lines for people, and what differs from another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from initdb.events.knowledge import Judgement, Knowledge, SeedRecord
from initdb.events.types import UNSEEN
from initdb.statemachine.decide.replaying import Point
from initdb.statemachine.decide.verdict import INTERRUPTED, Verdict
from initdb.statemachine.render.sentences import told
from initdb.statemachine.table import work_name

MOST = 8
"""How many names a line shows; --json has all."""

Facts = dict[str, Any]
"""Field → value: a text, a number, None, a list of names, or name → what is known of it."""


def facts_of(point: Point) -> Facts:
    """Everything that was known, and what would have followed, as data for JSON.

    Args:
        point: The point.
    """
    known, run, failure = point.known, point.known.last_run, _failure(point.known)
    return {
        "state": known.state,
        "next": next_of(point),
        "revisions_pending": list(point.revisions),
        "seeds_pending": list(point.seeds),
        "heads": list(known.heads),
        "applied": {
            one.revision: {
                "file": one.file,
                "digest": one.digest,
                "at": one.at,
                "run": one.run,
                "marked": one.marked,
            }
            for one in known.applied.values()
        },
        "held": dict(known.held),
        "seeds": {name: _seed(record) for name, record in known.seeds.items()},
        "judgements": {_code(one): _judged(one) for one in known.judgements},
        "failure": failure,
        "doubt": f"{known.doubt.step} {known.doubt.subject}, since entry {known.doubt.seq}"
        if known.doubt
        else None,
        "retry": sorted(known.retry),
        "run": run.run if run else None,
        "run_reason": run.reason if run else None,
        "run_began": run.at if run else None,
        "run_ended": run.ended if run else None,
        "attempts": known.tries,
        "crashes": known.crashes,
        "last_ready": known.last_ready.at if known.last_ready else None,
        "backup": known.backup.place if known.backup else None,
        "edited": dict(known.told),
        "accepted": dict(known.accepted),
        "version_table": known.version_table,
        "catalog": known.catalog,
        "journal": known.journal,
        "application": known.application,
    }


def next_of(point: Point) -> str:
    """What a boot would have done next, in a sentence.

    Args:
        point: The point.
    """
    verdict, state = point.verdict, point.known.state
    if verdict.kind == "ready":
        return "nothing: the database was ready for the code that was validated"
    if verdict.kind == "held":
        return f"nothing, until released: {', '.join(verdict.revisions)} had been rolled back"
    if verdict.kind == "failed":
        return _after_failure(verdict)
    work = work_name(state) or "inspect"
    names = {"migrate": point.revisions, "seed": point.seeds}.get(work, ())
    what = f"{work} ({_few(names)})" if names else work
    if verdict.reason == INTERRUPTED:
        return f"{what}; if the process had died here, a boot would have begun again, and inspected first"
    return what if work == "inspect" else f"inspect, then {what}"


def _after_failure(verdict: Verdict) -> str:
    seq = verdict.failure.seq if verdict.failure else "?"
    if verdict.retry_in is not None:
        return f"the same again, {verdict.retry_in:g} s after the failure of entry {seq}, which may pass"
    return f"nothing: the failure of entry {seq} was shown again, until something changed or a person resumed"


def _failure(known: Knowledge) -> str | None:
    failure = known.judgements[-1].failure if known.judgements else None
    if failure is None:
        return None
    return f"{failure.error.get('reference', '?')} in {failure.step}, entry {failure.seq}"


def _seed(record: SeedRecord) -> str:
    if record.partial is not None:
        return f"row {record.offset}"
    return "complete" if record.complete else "begun"


def _code(one: Judgement) -> str:
    return ", ".join(f"{part} {digest[:8]}" for part, digest in sorted(one.code.items())) or "no code"


def _judged(one: Judgement) -> str:
    return f"failed in entry {one.failure.seq}" if one.failure else "ready"


def title(point: Point) -> str:
    """Which entry it is, and what it says.

    Args:
        point: The point.
    """
    entry = point.entry
    said = (
        f"a {entry.type}, after {point.known.last_type}"
        if entry.type in UNSEEN
        else f"{entry.type}: {told(entry)}"
    )
    return f"entry {entry.seq}, {entry.at[:10]} {entry.at[11:23]}Z, {said}"


_LABELS: Mapping[str, str] = {
    "state": "state",
    "next": "next",
    "revisions_pending": "pending",
    "seeds_pending": "seeds pending",
    "heads": "revision",
    "applied": "applied",
    "held": "held",
    "seeds": "seeds",
    "judgements": "concluded",
    "failure": "failure",
    "doubt": "in doubt",
    "retry": "to retry",
    "run": "run",
    "run_reason": "reason",
    "run_began": "began",
    "run_ended": "ended",
    "attempts": "attempts",
    "crashes": "cut off",
    "last_ready": "last ready",
    "backup": "backup",
    "edited": "edited",
    "accepted": "accepted",
    "version_table": "version table",
    "catalog": "catalogue",
    "journal": "journal",
    "application": "application",
}
"""Field → what it is called in a line for people."""

WIDTH = 15
"""Of the labels."""


def lines(facts: Facts) -> Iterator[tuple[str, str]]:
    """The lines for people: label, text. What is empty is left out.

    Args:
        facts: What `facts_of` returned.
    """
    for field, label in _LABELS.items():
        value = facts[field]
        if isinstance(value, Mapping):
            value = [_with(field, name, one) for name, one in value.items()]
        if isinstance(value, list):
            value = f"{len(value)}: {_few(value)}" if len(value) > MOST else ", ".join(value)
        if value not in (None, "", 0):
            yield label, str(value)


def _with(field: str, name: str, value: object) -> str:
    return f"{name}: {value}" if field in ("seeds", "judgements") else name


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= MOST else f"… {', '.join(names[-MOST:])}"


@dataclass(frozen=True, slots=True)
class Change:
    """What is different at a later point.

    Attributes:
        field: The field of the facts.
        name: The name in it, if it has several; else None.
        before: What was known before; None if nothing was.
        after: What was known after; None if nothing was.
    """

    field: str
    name: str | None
    before: object
    after: object

    def data(self) -> dict[str, object]:
        """The same for JSON."""
        return {"field": self.field, "name": self.name, "before": self.before, "after": self.after}


def changes(before: Facts, after: Facts) -> list[Change]:
    """The difference between two points.

    Args:
        before: The facts of one.
        after: The facts of the other.

    Example:
        >>> changes({"state": "behind", "heads": ["r1"]}, {"state": "behind", "heads": ["r2"]})[0].before
        'r1'
    """
    made = []
    for field in before:
        old, new = before[field], after[field]
        if isinstance(old, list) and isinstance(new, list):
            gone = [name for name in old if name not in new]
            come = [name for name in new if name not in old]
            made += [Change(field, name, name, None) for name in gone]
            made += [Change(field, name, None, name) for name in come]
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            names = dict.fromkeys((*old, *new))
            made += [
                Change(field, name, old.get(name), new.get(name))
                for name in names
                if (name in old, old.get(name)) != (name in new, new.get(name))
            ]
        elif old != new:
            made.append(Change(field, None, old, new))
    return made


def change_lines(made: Sequence[Change]) -> Iterator[tuple[str, str]]:
    """The lines for people: label, text.

    Args:
        made: What `changes` returned.
    """
    for one in made:
        label = _LABELS[one.field]
        if one.name is None:
            yield label, f"{_said(one.before)} → {_said(one.after)}"
        elif isinstance(one.before, str) and isinstance(one.after, str):
            yield label, f"{one.name}: {one.before} → {one.after}"
        else:
            mark, value = ("+", one.after) if one.after is not None else ("-", one.before)
            yield label, f"{mark} {_with(one.field, one.name, value)}"


def _said(value: object) -> str:
    return "none" if value is None else str(value)
