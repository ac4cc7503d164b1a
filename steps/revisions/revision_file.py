"""What is known about a revision file before anything in it has run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from initdb.errors.known_names import of_file


@dataclass(frozen=True, slots=True)
class RevisionFile:
    """One revision, as its file describes it.

    Attributes:
        revision: Its identifier.
        down: The identifiers that it follows, as written.
        depends_on: Those that it depends on, as written. One may be a branch label.
        labels: Its branch labels; None if they are known only when the file runs.
        path: The file.
        digest: The SHA-256 of its bytes, as 64 lowercase hexadecimal digits.
        doc: The first line of the docstring.
        has_downgrade: False if there is no such function, or if it begins with `raise`.
        uses_autocommit_block: True also for an isolation level AUTOCOMMIT.
        commits: The lines that visibly end or begin a transaction of the run's connection. The commit of a
            Session does not reach the driver, and does not count.
        drops_journal: Whether a line drops a table of initdb's journal, as autogenerate writes it in an
            environment without initdb.
    """

    revision: str
    down: tuple[str, ...]
    depends_on: tuple[str, ...]
    labels: tuple[str, ...] | None
    path: Path
    digest: str
    doc: str = ""
    has_downgrade: bool = True
    uses_autocommit_block: bool = False
    commits: tuple[int, ...] = ()
    drops_journal: bool = False

    @property
    def names(self) -> dict[str, str]:
        """What stands for REV, PREVIOUS, FILE and FOLDER in an error that is about it."""
        return {"REV": self.revision, "PREVIOUS": next(iter(self.down), "base"), **of_file(self.path)}
