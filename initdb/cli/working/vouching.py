"""`initdb journal verify --checkpoint`: reads checkpoints and keys, and compares them with the journal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import Connection

from initdb.events.checkpoint import MARK, UNSIGNED, Checkpoint, checkpoints_in
from initdb.events.entry import Entry, parse
from initdb.events.journal import Journal
from initdb.events.payloads.notes import DatabaseRestored, HistoryRewound, JournalCreated
from initdb.events.signing import PublicKeys, public_keys
from initdb.events.statements import run
from initdb.events.verify import Finding, Stored
from initdb.statemachine.decide.checkpoints import Facts, compared, rewinds_in


@dataclass(frozen=True, slots=True)
class Vouched:
    """A checkpoint, and what came of it.

    Attributes:
        point: The checkpoint.
        seal: What its signature is worth: good, wrong, unsigned, of another key, or unchecked.
        finding: What is wrong, as it follows the number of the entry; None if the journal agrees.
    """

    point: Checkpoint
    seal: str
    finding: str | None

    def data(self) -> dict[str, object]:
        """The same for --json."""
        return {
            "line": self.point.line,
            "seq": self.point.seq,
            "signature": self.seal,
            "finding": self.finding,
        }


@dataclass(frozen=True, slots=True)
class Given:
    """What was given to compare the journal with.

    Attributes:
        points: The checkpoints, each once, in the order of their entries.
        damaged: What cannot be read, one sentence each.
        keys: The public keys; None if none was given.
    """

    points: tuple[Checkpoint, ...] = ()
    damaged: tuple[str, ...] = ()
    keys: PublicKeys | None = None

    def joined(self, other: Given) -> Given:
        """This and another one, with the same keys."""
        points = sorted({*self.points, *other.points}, key=_place)
        return Given(tuple(points), (*self.damaged, *other.damaged), self.keys)

    def compare(
        self, connection: Connection, journal: Journal, archived: Iterable[Stored] = ()
    ) -> tuple[Vouched, ...]:
        """Compare the journal with each checkpoint. One with a wrong signature proves nothing.

        Args:
            connection: In a transaction that may read.
            journal: The journal.
            archived: The rows in its archive.
        """
        if not self.points:
            return ()
        facts = _facts(connection, journal, {point.seq for point in self.points}, archived)
        return tuple(self._judged(point, facts) for point in self.points)

    def _judged(self, point: Checkpoint, facts: Facts) -> Vouched:
        if self.keys is None:
            seal = UNSIGNED if point.seal == UNSIGNED else "unchecked"
        else:
            seal = self.keys.judge(point)
        said = f"has a checkpoint of {point.at} "
        wrong = {
            "wrong": f"{said}whose signature is wrong: it was changed, or forged",
            "unsigned": f"{said}that is not signed: anybody could have written it",
            "of another key": f"{said}that was signed with another key than those of --public-key",
        }
        if self.keys is not None and seal in wrong:
            return Vouched(point, seal, wrong[seal])
        return Vouched(point, seal, compared(point, facts))


def given(checkpoints: Sequence[str], keys: Sequence[Path], option: str = "--checkpoint") -> Given:
    """Read what was given on the command line.

    Args:
        checkpoints: Each is a line, or the name of a file; `-` is stdin.
        keys: Files with public keys.
        option: The option with which they were given.

    Raises:
        click.BadParameter: A file cannot be read, or has nothing of the kind in it.
        InitError: `checkpoint-key-unusable`: signatures cannot be checked here.
    """
    points: dict[Checkpoint, None] = {}
    damaged: list[str] = []
    for one in checkpoints:
        found = list(checkpoints_in(one if MARK in one else _read(one, option)))
        if not found:
            raise click.BadParameter(f"there is no checkpoint in {one}", param_hint=option)
        where = "the line" if MARK in one else one
        for point in found:
            if isinstance(point, Checkpoint):
                points[point] = None
            else:
                damaged.append(f"line {point} of {where} has a checkpoint that is damaged")
    texts = [_read(str(file), "--public-key") for file in keys]
    try:
        known = public_keys(texts) if keys else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--public-key") from error
    return Given(tuple(sorted(points, key=_place)), tuple(damaged), known)


def _place(point: Checkpoint) -> tuple[int, str]:
    return point.seq, point.at


def findings_of(vouched: Sequence[Vouched]) -> Iterator[Finding]:
    """The findings, as `initdb journal verify` has them.

    Args:
        vouched: What came of the checkpoints.
    """
    yield from (Finding(one.point.seq, one.finding) for one in vouched if one.finding)


def _read(name: str, option: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8", "replace")
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise click.BadParameter(f"{name}: {said}", param_hint=option) from error


def id_of(connection: Connection, journal: Journal) -> str | None:
    """The id of a journal; "-" if it has none; None if its first entry cannot be read.

    Args:
        connection: In a transaction that may read.
        journal: The journal.
    """
    first = journal.entry(connection, 1)
    return None if first is None else JournalCreated.read(first.data).journal or "-"


def _facts(connection: Connection, journal: Journal, numbers: set[int], archived: Iterable[Stored]) -> Facts:
    name = id_of(connection, journal)
    hashes = {row.seq: row.hash for row in archived if row.seq in numbers}
    hashes |= {seq: found for seq in numbers if (found := journal.hash_at(connection, seq)) is not None}
    rewinds = rewinds_in(_rewinds(connection, journal))
    return Facts(name, journal.last(connection)[0], hashes, rewinds, journal.archived(connection))


def _rewinds(connection: Connection, journal: Journal) -> Iterator[Entry]:
    """The entries that say that the journal went back, as far as they can be read."""
    query = (
        f"SELECT seq, event, prev_hash, hash FROM {journal.table(connection, 'init_journal')}"  # noqa: S608
        " WHERE type IN (:restored, :rewound) ORDER BY seq"
    )
    types = {"restored": DatabaseRestored.type, "rewound": HistoryRewound.type}
    for row in run(connection, query, types):
        try:
            yield parse(*row)
        except (ValueError, TypeError):
            continue
