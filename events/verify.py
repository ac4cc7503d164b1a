"""Verifies the stored journal: its chain, its order, and whether the columns of each row match its event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from initdb.events import chain
from initdb.events.canonical import decode, has_doubled_keys
from initdb.events.head import Head
from initdb.events.payloads.notes import EntriesArchived


class Stored(NamedTuple):
    """One row of init_journal, as the table has it."""

    seq: int
    run: str
    at: str
    type: str
    source: str
    dest: str
    event: str
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the journal that should not be.

    Attributes:
        seq: The number of the entry.
        text: What is wrong with it.
    """

    seq: int
    text: str


class Chain:
    """Follows the chain from row to row, and finds what is wrong.

    Args:
        seq: The number of the entry after which it begins.
        digest: The hash of that entry.

    Attributes:
        seq: The number of the last row.
        digest: Its hash.
        findings: What was found up to now. What `end` returns has all, in order.
    """

    def __init__(self, seq: int = 0, digest: str = chain.GENESIS) -> None:
        self.seq, self.digest = seq, digest
        self.findings: list[Finding] = []
        self._missing: list[Finding] = []
        self._archived: tuple[str, int, str] | None = None

    def passed(self, seq: int, digest: str) -> None:
        """Go past a row in which nothing is wrong, and which does not say what was archived."""
        self.seq, self.digest = seq, digest

    def take(self, row: Stored) -> None:
        """Look at the next row."""
        broken = list(_follows(row, self.seq, self.digest))
        if self.seq == 1 and row.seq > self.seq + 1:
            self._missing, self._archived = broken, (self.digest, row.seq - 1, row.prev_hash)
        else:
            self.findings += broken
        found, event = _row(row)
        archived = self._archived
        if archived and row.type == EntriesArchived.type and not found and _ends(event) == archived:
            self._missing = []
        self.findings += found
        self.seq, self.digest = row.seq, row.hash

    def end(self, head: Head | None) -> list[Finding]:
        """All findings, with those about the end.

        Args:
            head: The head; None if it has no row.
        """
        findings = list(self.findings)
        if self.seq == 0:
            findings.append(Finding(0, "it has no entry: the first one is missing"))
        if head is None:
            findings.append(Finding(self.seq, "the head row is missing"))
        elif (head.seq, head.hash) != (self.seq, self.digest):
            findings.append(
                Finding(
                    self.seq, f"is the last entry, but the head says {head.seq}: the tail was cut or added"
                )
            )
        return sorted((*self._missing, *findings), key=lambda finding: finding.seq)


def verify(rows: Iterable[Stored], head: Head | None) -> list[Finding]:
    """Find what is wrong, in the order of the entries. No finding means that chain and columns are intact.

    An edit, a removal and a change of the order are always found. Removed last entries are found only if the
    row of the head was not changed to match. Entries after the first may be missing if a later entry says
    that they were archived, and with which hash they end.

    Args:
        rows: All rows, in the order of their numbers.
        head: The head; None if it has no row.
    """
    found = Chain()
    for row in rows:
        found.take(row)
    return found.end(head)


def _follows(row: Stored, seq: int, digest: str) -> Iterator[Finding]:
    if row.seq != seq + 1:
        yield Finding(row.seq, f"follows entry {seq}: entries are missing or doubled")
    if row.prev_hash != digest:
        yield Finding(row.seq, "does not carry the hash of the entry before it")


def _ends(event: Mapping[str, object]) -> tuple[str, int, str]:
    """Between which entries there are archived ones, as an event says.

    These are the hash of the first entry, and the number and the hash of the last one that was archived.
    """
    data = event.get("data")
    said = EntriesArchived.read(data if isinstance(data, dict) else {})
    return said.first, said.upto, said.hash


def _row(row: Stored) -> tuple[list[Finding], Mapping[str, object]]:
    """What is wrong with a row by itself, and its event; an empty one if it has none."""
    texts = (row.run, row.at, row.type, row.source, row.dest, row.event, row.prev_hash, row.hash)
    # SQLite stores any type in a column of any type.
    if not all(isinstance(value, str) and value.isascii() for value in texts):
        return [Finding(row.seq, "holds what is not ASCII text")], {}
    findings = []
    if chain.link(row.prev_hash, row.event) != row.hash:
        findings.append(Finding(row.seq, "has been edited: its text does not give its hash"))
    try:
        event = decode(row.event)
    except ValueError:
        return [*findings, Finding(row.seq, "is not JSON")], {}
    if not isinstance(event, dict):
        return [*findings, Finding(row.seq, "is not an event")], {}
    if has_doubled_keys(row.event, event):
        findings.append(Finding(row.seq, "says the same thing twice: a key stands in it more than once"))
    for name in ("seq", "run", "at", "type", "source", "dest"):
        if event.get(name) != getattr(row, name) or event.get(name) is True:
            findings.append(Finding(row.seq, f"column {name} does not agree with the event"))
    return findings, event
