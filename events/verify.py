"""What the stored journal proves: chain, order, and agreement of each row's columns with its event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from initdb.events import chain
from initdb.events.canonical import decode
from initdb.events.head import Head


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of init_journal as it stands in the table."""

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
    """Something in the journal that should not be: at which entry, and what."""

    seq: int
    text: str


def verify(rows: Iterable[Stored], head: Head | None) -> list[Finding]:
    """Every finding, in order of the entries; none means that chain and columns are intact.

    Proves an edit, a removal or a reordering; a tail that was cut only as long as the head row is honest.
    """
    findings: list[Finding] = []
    seq, digest = 0, chain.GENESIS
    for row in rows:
        if row.seq != seq + 1:
            findings.append(Finding(row.seq, f"follows entry {seq}: entries are missing or doubled"))
        if row.prev_hash != digest:
            findings.append(Finding(row.seq, "does not carry the hash of the entry before it"))
        findings += _row(row)
        seq, digest = row.seq, row.hash
    if head is None:
        findings.append(Finding(seq, "the head row is missing"))
    elif (head.seq, head.hash) != (seq, digest):
        findings.append(
            Finding(seq, f"is the last entry, but the head says {head.seq}: the tail was cut or added")
        )
    return findings


def _row(row: Stored) -> list[Finding]:
    texts = (row.run, row.at, row.type, row.source, row.dest, row.event, row.prev_hash, row.hash)
    # SQLite stores any type in a column of any type.
    if not all(isinstance(value, str) and value.isascii() for value in texts):
        return [Finding(row.seq, "holds what is not ASCII text")]
    findings = []
    if chain.link(row.prev_hash, row.event) != row.hash:
        findings.append(Finding(row.seq, "has been edited: its text does not give its hash"))
    try:
        event = decode(row.event)
    except ValueError:
        return [*findings, Finding(row.seq, "is not JSON")]
    if not isinstance(event, dict):
        return [*findings, Finding(row.seq, "is not an event")]
    for name in ("seq", "run", "at", "type", "source", "dest"):
        if event.get(name) != getattr(row, name):
            findings.append(Finding(row.seq, f"column {name} does not agree with the event"))
    return findings
