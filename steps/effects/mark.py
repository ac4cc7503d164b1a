"""A mark of a revision: what it destroys, or whom it blocks, with the safer way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person should know of a statement before it runs.

    Attributes:
        kind: "destructive": data, or what protects it, is lost. "blocks": others have to wait.
        text: What it does, in a sentence without its full stop.
        instead: The safer way, in a few words; empty if there is none.
    """

    kind: Literal["destructive", "blocks"]
    text: str
    instead: str = ""


BACKUP = "keep a backup"
UNUSED = "first deploy code without it, and keep a backup"
NEW_COLUMN = "add a new column, copy the values in batches, then use that"
NOT_VALID = "add it with postgresql_not_valid=True, and VALIDATE it in a revision of its own"
CONCURRENTLY = "postgresql_concurrently=True in an autocommit_block"
BY_INDEX = "build a unique index CONCURRENTLY, then ADD CONSTRAINT … USING INDEX"
BATCHES = "in batches, each with a commit"


def destructive(text: str, instead: str = BACKUP) -> Mark:
    """Make the mark of a loss."""
    return Mark("destructive", text, instead)


def blocks(text: str, instead: str = "") -> Mark:
    """Make the mark of a wait."""
    return Mark("blocks", text, instead)


def rebuild(*tables: str) -> Mark:
    """Make the mark of tables that SQLite's batch mode rebuilds.

    Args:
        tables: Their names.
    """
    text = f"rebuilds {', '.join(tables)}; every row is copied, and writes to the file wait"
    return blocks(text, "run it at a quiet time")
