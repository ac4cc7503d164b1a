"""Replays a journal up to an event: what was known then, and what a boot would have done next. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from initdb.events.entry import Entry
from initdb.events.knowledge import Knowledge
from initdb.events.payloads import payload_of, work
from initdb.events.verify import Finding
from initdb.statemachine.decide.fold import add
from initdb.statemachine.decide.gathering import Gathering
from initdb.statemachine.decide.machine_replay import replay
from initdb.statemachine.decide.verdict import Look, Verdict, judge


@dataclass(frozen=True, slots=True)
class Point:
    """A journal as it was right after one of its entries.

    Attributes:
        entry: The entry.
        known: What the journal said.
        revisions: The revisions that were still to be applied, as far as the journal knew.
        seeds: The seed sources that were still to be applied, as far as the journal knew.
        broken: The entries up to this one that cannot have followed from those before them.
    """

    entry: Entry
    known: Knowledge
    revisions: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    broken: tuple[Finding, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What a boot of the last run's code would have concluded, if nobody had changed the database."""
        known = self.known
        code = known.last_run.code if known.last_run else {}
        failure = known.judgements[-1].failure if known.judgements else None
        clock = failure.clock if failure else 0.0
        held = {name: digest or "" for name, digest in known.held.items()}
        return judge(Look(known, code, known.catalog, pending=held, clock=clock))


def points(entries: Iterable[Entry], wanted: Collection[int]) -> list[Point]:
    """Replay a journal from its start. Every entry is added to the fold, and judged by the machine.

    Args:
        entries: All entries, in their order. Those after the last one that is wanted are not read.
        wanted: The numbers of the entries after which to look.

    Returns:
        A point for each of them that exists, in their order.
    """
    found: list[Finding] = []
    made: list[Point] = []
    gathering = Gathering.of(Knowledge())

    def passing() -> Iterator[Entry]:
        revisions: tuple[str, ...] = ()
        seeds: tuple[str, ...] = ()
        for entry in entries:
            add(gathering, entry)
            revisions, seeds = _pending(entry, revisions, seeds)
            # The machine judges the entry before it asks for the next one.
            yield entry
            if entry.seq in wanted:
                known = Gathering.of(gathering.frozen()).frozen()  # a copy: the fold goes on
                left = tuple(name for name in revisions if name not in known.applied)
                made.append(Point(entry, known, left, seeds, tuple(found)))
                if len(made) == len(wanted):
                    return

    for finding in replay(passing()):
        found.append(finding)
    return made


def _pending(
    entry: Entry, revisions: tuple[str, ...], seeds: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is pending by the last event that names it. An applied revision says only how many are left."""
    said = payload_of(entry.type, entry.data)
    if isinstance(said, work.DatabaseInspected | work.Changed):
        seeds = said.seeds_pending
    names = getattr(said, "pending", None)
    return (names if isinstance(names, tuple) else revisions), seeds
