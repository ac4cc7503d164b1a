"""Replays entries by the machine: finds those that cannot have followed from the ones before them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from initdb.events.entry import UNREADABLE, Entry
from initdb.events.upcast import CURRENT
from initdb.events.verify import Finding
from initdb.statemachine.machine import NoRow, turn
from initdb.statemachine.table import TABLE, TRIGGERS, Data, Guard, State


class Replay:
    """The machine, as it goes from entry to entry.

    It is asked once for each event, source and answer of the guards: nothing else decides where it goes.

    Attributes:
        state: Where the last entry led to; None if that is not known.
        last: The number of the last entry.
    """

    def __init__(self, state: str | None = None, last: int = 0) -> None:
        self.state, self.last = state, last
        self._guards = dict[tuple[str, str], tuple[Guard, ...]]()
        self._leads = dict[tuple[str, str, tuple[bool, ...]], tuple[str, str]]()

    def judge(self, entry: Entry) -> Sequence[Finding]:
        """What is wrong with the next entry.

        Events of a newer version, or of a type or a state that this version does not know, are not compared.
        """
        if entry.seq > self.last + 1:
            self.state = None  # archived entries may have changed it
        self.last = entry.seq
        if entry.type == UNREADABLE:
            return ()
        said = []
        if self.state is not None and entry.source != self.state:
            said.append(f"begins in state {entry.source}, but the entry before it led to {self.state}")
        self.state = entry.dest
        if entry.v <= CURRENT and entry.type in TRIGGERS and _STATES.issuperset((entry.source, entry.dest)):
            dest, why = self._turned(entry.source, entry.type, entry.data)
            if why:
                said.append(f"is no transition of the table: {why}")
            elif dest != entry.dest:
                said.append(f"says that it led to {entry.dest}, but its data leads to {dest}")
        return [Finding(entry.seq, one) for one in said]

    def _turned(self, source: str, type_: str, data: Data) -> tuple[str, str]:
        """Where the machine goes, or why it cannot."""
        guards = self._guards.get((type_, source))
        if guards is None:
            rows = (row.guard for row in TABLE if (row.event, row.source) == (type_, source) and row.guard)
            guards = self._guards[type_, source] = tuple(dict.fromkeys(rows))
        key = (type_, source, tuple([guard(data) for guard in guards]))
        leads = self._leads.get(key)
        if leads is None:
            try:
                leads = (turn(source, type_, data).dest, "")
            except NoRow as error:
                leads = ("", str(error))
            self._leads[key] = leads
        return leads


_STATES = frozenset(State.__members__)


def replay(entries: Iterable[Entry]) -> Iterator[Finding]:
    """Find the entries whose state before or after differs from what the machine computes.

    Args:
        entries: All entries, in their order.
    """
    machine = Replay()
    for entry in entries:
        yield from machine.judge(entry)
