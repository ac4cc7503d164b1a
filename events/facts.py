"""Compares the tables, keys, triggers and functions of a journal with those that initdb makes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from initdb.events.fact import Fact


class How(Enum):
    """How a fact differs from what initdb makes."""

    MISSING = "is missing"
    CHANGED = "is not as initdb makes it"
    ADDED = "is none of initdb's"


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that differs from what initdb makes."""

    how: How
    fact: Fact

    @property
    def is_grave(self) -> bool:
        """Whether the journal is not guarded. What was added only matters if it hides rows or runs code."""
        is_lost = self.how is not How.ADDED and self.fact.kind in GUARDS
        return is_lost or self.fact.kind in RUNS_OR_HIDES

    def __str__(self) -> str:
        """The difference, as a sentence without its end."""
        if self.fact.kind == "right":
            return f"{self.fact.said} may {self.fact.name} {self.fact.of}"
        added = f": {self.fact.said}" if self.how is How.ADDED and self.fact.said else ""
        return f"{self.fact} {self.how.value}{added}"


RUNS_OR_HIDES = frozenset({"policy", "rule", "inheritance", "statistics", "security", "expression"})
"""The kinds of facts that let a read run code or hide rows. No journal has any."""

GUARDS = frozenset({"table", "trigger", "function"})
"""The kinds of facts without which an append is not guarded. `verify` finds the loss of any."""

HARMLESS = frozenset({"index"})
"""The kinds of facts that may be added to a journal: they only make it faster."""


def differences(found: Iterable[Fact], expected: Iterable[Fact]) -> tuple[Difference, ...]:
    """Compare what is there with what initdb makes.

    Args:
        found: What the catalogue says.
        expected: What initdb makes, for the version in the head.

    Returns:
        What is missing, changed or added, in this order.
    """
    there, wanted = _by_key(found), _by_key(expected)
    missing = [
        Difference(How.MISSING, one)
        for key, all in wanted.items()
        if key not in there
        for one in all.values()
    ]
    changed, added = [], []
    for key, all in there.items():
        if key not in wanted:
            added += [Difference(How.ADDED, one) for one in all.values() if one.kind not in HARMLESS]
        elif all.keys() != wanted[key].keys():
            changed.append(Difference(How.CHANGED, next(iter(all.values()))))
    return (*missing, *changed, *added)


def _by_key(facts: Iterable[Fact]) -> Mapping[tuple[str, str, str], Mapping[str, Fact]]:
    made: dict[tuple[str, str, str], dict[str, Fact]] = {}
    for one in facts:
        made.setdefault(one.key, {})[one.said] = one
    return made


def hostile(found: Iterable[Fact], strangers: Collection[str]) -> Iterator[Fact]:
    """The facts that let a stranger's code run, or hide rows, when the journal is used.

    Args:
        found: What the catalogue says.
        strangers: The roles that are not trusted.
    """
    return (one for one in found if one.kind in RUNS_OR_HIDES or one.role in strangers)
