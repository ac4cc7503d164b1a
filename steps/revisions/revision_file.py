"""What is known of one revision file before anything of it has run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RevisionFile:
    """One revision, as its file says it.

    `down` and `depends_on` are the identifiers as written (a dependency may be a branch label); `labels` is
    None where the file computes them in a way that only running it would tell. `digest` is the SHA-256 of
    the file's bytes as they are, 64 lowercase hex digits. `doc` is the first line of the docstring.
    `has_downgrade` is False where there is no such function or it begins with `raise`.
    `uses_autocommit_block` also stands for an isolation level AUTOCOMMIT. `commits` are the lines that
    visibly end or begin a transaction of the run's connection; a Session's commit, which stays above the
    driver, is none.
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
