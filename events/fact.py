"""One thing that is true of the tables of a journal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is true of a journal's tables.

    Attributes:
        kind: What it is about: table, column, constraint, index, trigger, function, policy, rule, …
        of: The table; empty for a function.
        name: Its name; empty where it has none, or where the name means nothing.
        said: Its definition.
        role: Whose code it runs; empty if it runs none.
        undo: The statement that removes it; empty if there is none.
    """

    kind: str
    of: str
    name: str
    said: str
    role: str = ""
    undo: str = ""

    @property
    def owned(self) -> bool:
        """Whether `role` is the owner of a part of the journal."""
        return self.kind in ("table", "function") and bool(self.role)

    @property
    def key(self) -> tuple[str, str, str]:
        """By what two facts are compared, before what they say."""
        return self.kind, self.of, self.name

    def __str__(self) -> str:
        """What it is, in words."""
        name = f" {self.name}" if self.name else ""
        return f"the {self.kind}{name}" + (f" of {self.of}" if self.of else "")


def sentence(said: object) -> str:
    """The beginning of a sentence: its first letter is a capital."""
    text = str(said)
    return text[:1].upper() + text[1:]
