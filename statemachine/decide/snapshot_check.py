"""Compares each snapshot of a journal with a fold that goes along. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from initdb.events.entry import Entry
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import Snapshot
from initdb.events.snapshot import FOLD, restored
from initdb.events.verify import Finding
from initdb.statemachine.decide.fold import add, neutral, set_aside_by
from initdb.statemachine.decide.gathering import Gathering


class Folds:
    """What is known at each entry, with and without the entries that later ones set aside.

    A snapshot from before an entry is set aside has its effect, and one from after it has not. So as long as
    an entry that sets others aside is still to come, there is one fold more.

    Args:
        aside: The numbers of the entries that are set aside, in the order in which that happens.
        start: What was known before the first entry.
    """

    def __init__(self, aside: Sequence[int] = (), start: Knowledge | None = None) -> None:
        begun = start or Knowledge()
        left_out = (frozenset(aside[:number]) for number in range(len(aside) + 1))
        self._folds = deque((Gathering.of(begun), left) for left in left_out)

    @property
    def only(self) -> Gathering | None:
        """The fold, if there is only one, which then leaves no entry out that is still to come."""
        return self._folds[0][0] if len(self._folds) == 1 else None

    def add(self, entry: Entry) -> Finding | None:
        """Go on with the next entry. A snapshot that other rules have made is not compared."""
        for gathering, left_out in self._folds:
            add(gathering, neutral(entry) if entry.seq in left_out else entry)
        if set_aside_by(entry) is not None and len(self._folds) > 1:
            self._folds.popleft()
        if entry.type == Snapshot.type and (said := Snapshot.read(entry.data)).fold == FOLD:
            known = restored(said.knowledge, entry.seq, entry.hash)
            if known is None or not self._folds[0][0].equals(known):
                return Finding(entry.seq, "is a snapshot, but not of what the entries before it say")
        return None


def compare_snapshots(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Find the snapshots that differ from a fold from the start.

    Args:
        entries: All entries, in their order.
    """
    folds = Folds([other for one in entries if (other := set_aside_by(one)) is not None])
    for entry in entries:
        if finding := folds.add(entry):
            yield finding
