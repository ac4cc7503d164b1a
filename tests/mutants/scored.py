"""What the mutants' results say: a line a module, and the survivors by reason."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.groups import Tried
from tests.mutants.trying import HUNG, KILLED, SURVIVED, UNSEEN

REASONS = Path(__file__).with_name("survivors.toml")
"""Why a survivor is let live: each reason with its mutants, by their changes or by patterns of these."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why mutants survive, and which ones: `FILE FUNCTION: CHANGE`, in full or as a regular expression.

    `case`: only where the change makes capital letters of small ones or the other way round.
    """

    name: str
    why: str
    mutants: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    case: bool

    def covers(self, key: str) -> bool:
        """Whether a survivor is one of them."""
        change = re.sub(r" \(\d+\)$", "", key.partition(": ")[2])
        old, _, new = change.rpartition(" → ")
        if self.case and old.casefold() != new.casefold():
            return False
        return key in self.mutants or any(pattern.search(key) for pattern in self.patterns)


def reasons(file: Path = REASONS) -> list[Reason]:
    """Those that are written down."""
    return [
        Reason(
            one["name"],
            one["why"],
            frozenset(one.get("mutants", [])),
            tuple(re.compile(pattern) for pattern in one.get("patterns", [])),
            one.get("case", False),
        )
        for one in tomllib.loads(file.read_text()).get("reasons", [])
    ]


def key(file: str, tried: Tried) -> str:
    """By what a survivor is known again."""
    return f"{file} {tried.function}: {tried.change}"


def table(results: Mapping[str, Sequence[Tried]]) -> str:
    """The score of each module, and of all."""
    counts = {file: Counter(one.status for one in tried) for file, tried in results.items()}
    head = [
        "| module | mutants | killed | hung | survived | no test | score |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [_row(file, count) for file, count in sorted(counts.items()) if count]
    return "\n".join([*head, *rows, _row("**all**", sum(counts.values(), Counter()))])


def _row(name: str, count: Counter[str]) -> str:
    tried = count.total()
    numbers = [tried, *(count[status] for status in (KILLED, HUNG, SURVIVED, UNSEEN))]
    score = (count[KILLED] + count[HUNG]) / tried if tried else 1.0
    return f"| {name} | {' | '.join(map(str, numbers))} | {score:.1%} |"


def survivors(results: Mapping[str, Sequence[Tried]]) -> list[str]:
    """Their keys."""
    return [
        key(file, one)
        for file, tried in sorted(results.items())
        for one in tried
        if one.status in (SURVIVED, UNSEEN)
    ]


def by_reason(lived: Sequence[str], known: Sequence[Reason]) -> tuple[str, list[str]]:
    """A line a reason, and those that no reason covers."""
    left, counts = [], Counter[str]()
    for one in lived:
        name = next((reason.name for reason in known if reason.covers(one)), "")
        counts[name] += 1
        if not name:
            left.append(one)
    rows = [f"| {one.name} | {counts[one.name]} | {one.why} |" for one in known if counts[one.name]]
    return "\n".join(["| reason | survivors | why |", "|---|---|---|", *rows]), left
