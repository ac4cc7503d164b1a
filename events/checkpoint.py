"""A checkpoint: one line that says where a journal ended, and when. It is kept where others cannot write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MARK = "initdb-checkpoint-v1"
"""The first word of a checkpoint. What follows it in a line is signed together with it."""

UNSIGNED = "unsigned"
"""The last word of a checkpoint without a signature."""

_WORD = re.compile(r"[!-~]{1,200}")
_LINE = re.compile(
    rf"{MARK} (?P<journal>[!-~]{{1,200}}) (?P<seq>[0-9]{{1,18}}) (?P<hash>[0-9a-f]{{64}})"
    rf" (?P<at>[0-9T:.-]{{10,32}}Z)"
    rf" (?P<seal>{UNSIGNED}|ed25519:[0-9a-f]{{16}}:[A-Za-z0-9+/]{{86}}==)(?![!-~])"
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a journal ended.

    Attributes:
        journal: The journal's id; "-" if it has none.
        seq: The number of its last entry.
        hash: The hash of that entry.
        at: When the checkpoint was made, in UTC, in the form that entries have.
        seal: UNSIGNED; or `ed25519:`, the id of the key, and the signature in base64.
    """

    journal: str
    seq: int
    hash: str
    at: str
    seal: str = UNSIGNED

    @property
    def body(self) -> str:
        """What is signed: the line up to the seal."""
        return f"{MARK} {self.journal} {self.seq} {self.hash} {self.at}"

    @property
    def line(self) -> str:
        """The line, without its newline."""
        return f"{self.body} {self.seal}"


def checkpoint_of(journal: str | None, seq: int, digest: str, at: str) -> Checkpoint:
    """A checkpoint without a signature.

    Args:
        journal: The journal's id; None if it has none.
        seq: The number of its last entry.
        digest: The hash of that entry.
        at: The time.

    Raises:
        ValueError: The id is none that a line can hold.

    Example:
        >>> checkpoint_of("j-1", 2, "ab" * 32, "2026-11-23T08:06:41.218903Z").line[:30]
        'initdb-checkpoint-v1 j-1 2 aba'
    """
    if journal is not None and not _WORD.fullmatch(journal):
        raise ValueError("the id of the journal is no word of printable ASCII")
    return Checkpoint(journal or "-", seq, digest, at)


def checkpoints_in(text: str) -> Iterator[Checkpoint | int]:
    """Find the checkpoints in a text: a file of them, or a log that has other lines too.

    Args:
        text: The text.

    Yields:
        Each checkpoint; for one that is damaged the number of its line, from 1.

    Example:
        >>> list(checkpoints_in("started\\ninitdb-checkpoint-v1 j-1"))
        [2]
    """
    for number, line in enumerate(text.splitlines(), 1):
        for piece in line.split(MARK)[1:]:
            found = _LINE.match(MARK + piece)
            if found is None:
                yield number
            else:
                yield Checkpoint(
                    found["journal"], int(found["seq"]), found["hash"], found["at"], found["seal"]
                )
