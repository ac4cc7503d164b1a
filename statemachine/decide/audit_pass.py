"""One pass over the rows of a journal, each decoded once: chain, columns, transitions, snapshots. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from initdb.errors import InitError
from initdb.events.canonical import decode_plain
from initdb.events.chain import link_bytes
from initdb.events.entry import Entry, decoded, read
from initdb.events.head import Head
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import EntriesArchived, EntrySetAside, JournalCreated
from initdb.events.statements import Row
from initdb.events.types import NOTES, UNSEEN
from initdb.events.upcast import CURRENT, Event
from initdb.events.verify import Chain, Finding, Stored
from initdb.statemachine.decide.fold import set_aside_by
from initdb.statemachine.decide.gathering import FOLDERS
from initdb.statemachine.decide.machine_replay import Replay
from initdb.statemachine.decide.snapshot_check import Folds

PLAIN = frozenset(NOTES) - FOLDERS.keys() - UNSEEN - {EntriesArchived.type, EntrySetAside.type}
"""The types of events that leave the state as it is, and add nothing to what is known but themselves."""


class Setter(NamedTuple):
    """What an entry says that sets another one aside: that one's number, its hash, and why."""

    seq: int
    hash: str | None
    reason: str


def setter_of(entry: Entry) -> Setter | None:
    """What an entry says if it sets another one aside."""
    other = set_aside_by(entry)
    if other is None:
        return None
    said = EntrySetAside.read(entry.data)
    return Setter(other, said.hash, said.reason or "no reason was given")


class Pass:
    """One pass.

    What was set aside is known only at the end. So it is assumed, and a pass that finds that other entries
    were set aside is made again.

    Args:
        assumed: What entries of the journal say that set others aside, in their order.
        start: What was known at the entry after which it begins; None for the first entry.

    Attributes:
        entries: How many rows have passed.
        setters: What the entries have said that set others aside.
    """

    def __init__(self, assumed: Sequence[Setter] = (), start: Knowledge | None = None) -> None:
        self.entries, self.setters = 0, list[Setter]()
        self._assumed = dict[int, set[str | None]]()
        for one in assumed:
            self._assumed.setdefault(one.seq, set()).add(one.hash)
        self._hashes = dict[int, str]()
        self._chain = Chain(start.seq, start.hash) if start else Chain()
        self._replay = Replay(start.state, start.seq) if start else Replay()
        self._folds = Folds([one.seq for one in assumed], start)
        self._begins, self._replayed, self._snapshots = list[Finding](), list[Finding](), list[Finding]()

    @property
    def seq(self) -> int:
        """The number of the last row."""
        return self._chain.seq

    @property
    def hash(self) -> str:
        """Its hash."""
        return self._chain.digest

    def take(self, rows: Sequence[Row]) -> None:
        """Look at the next rows.

        A row is decoded once. Where it is exactly what is written of its event, nothing can be wrong with it
        but where it stands. Any other row is looked at closely, by `Chain`.

        Args:
            rows: Some rows; each has the values of a `Stored`, in its order.

        Raises:
            InitError: "journal-unreadable", if one has no number.
        """
        machine, assumed = self._replay, self._assumed
        known, before, digest = self._folds.only, self.seq, self.hash
        for row in rows:
            seq, run, at, kind, source, dest, text, prev_hash, own = row
            try:
                raw = text.encode("ascii")
                event = decode_plain(raw)
                if (
                    event is None
                    or seq != before + 1
                    or prev_hash != digest
                    or link_bytes(prev_hash, raw) != own
                    or event["seq"] != seq
                    or event["seq"] is True
                    or event["run"] != run
                    or event["at"] != at
                    or event["type"] != kind
                    or event["source"] != source
                    or event["dest"] != dest
                    or not "".join((run, at, kind, source, dest)).isascii()
                ):
                    event = None
            except (AttributeError, LookupError, TypeError, ValueError):
                event = None
            if (
                event is not None
                and kind in PLAIN
                and source == dest == machine.state
                and known is not None
                and event.get("v") == known.version == CURRENT
                and type(data := event.get("data")) is dict
                and "note" not in data
                and seq not in assumed
            ):
                # Most entries of a long journal are such notes. This is all that `fold.add` does with them.
                machine.last = known.seq = before = seq
                known.hash = digest = own
                known.state, known.last_type, known.last_at, known.last_data = dest, kind, at, data
            else:
                self._chain.passed(before, digest)
                self._look(Stored._make(row), event)
                known, before, digest = self._folds.only, self.seq, self.hash
        self._chain.passed(before, digest)
        self.entries += len(rows)

    def _look(self, row: Stored, event: Event | None) -> None:
        """Look at a row.

        Args:
            row: The row.
            event: Its event, if nothing is wrong with the row.
        """
        if not isinstance(row.seq, int):
            raise InitError("journal-unreadable", "its entries are numbered by what are no numbers")
        if event is None or row.type == EntriesArchived.type:
            self._chain.take(row)
        else:
            self._chain.passed(row.seq, row.hash)
        if row.seq in self._assumed:
            self._hashes[row.seq] = row.hash
        if event is not None:
            self._told(decoded(event, row.seq, row.event, row.prev_hash, row.hash))
        elif isinstance(row.event, str) and isinstance(row.prev_hash, str):
            # The chain has said already what is no event.
            self._told(read(row.seq, row.event, row.prev_hash, row.hash))

    def _told(self, entry: Entry) -> None:
        if (entry.type == JournalCreated.type) != (entry.seq == 1):
            said = "is not what a journal begins with" if entry.seq == 1 else "begins another journal"
            self._begins.append(Finding(entry.seq, said))
        if (setter := setter_of(entry)) is not None:
            self.setters.append(setter)
        if entry.hash not in self._assumed.get(entry.seq, ()):
            self._replayed += self._replay.judge(entry)
        if finding := self._folds.add(entry):
            self._snapshots.append(finding)

    def findings(self, head: Head | None) -> list[Finding]:
        """What was found, with what was set aside. Of one entry, first what is wrong with the chain.

        Args:
            head: The head; None if it has no row.
        """
        found = [*self._chain.end(head), *self._begins, *self._replayed, *self._snapshots]
        return sorted(found, key=lambda finding: finding.seq)

    def aside(self) -> Mapping[int, str]:
        """Number → reason, of the entries that were set aside and have the hash that they had then."""
        return {one.seq: one.reason for one in self.setters if self._hashes.get(one.seq, one) == one.hash}
