"""What the mutants' results say: a line a module, and the survivors by reason."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.groups import Tried
from tests.mutants.trying import SURVIVED, UNSEEN

REASONS = Path(__file__).with_name("survivors.toml")
"""Why a survivor is let live: each reason with its mutants, by their changes or by patterns of these."""


_QUOTED = re.compile(r"'[^']*'")

LIVED = (SURVIVED, UNSEEN)
"""What becomes of a mutant that no test notices."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why mutants survive, and which ones: `FILE FUNCTION: CHANGE`, in full or as a regular expression.

    `case`: only where the change makes capital letters of small ones or the other way round, and not in what
    SQL has in quotes.
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
        if self.case and (old.casefold() != new.casefold() or _QUOTED.findall(old) != _QUOTED.findall(new)):
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


def table(results: Mapping[str, Sequence[Tried]], known: Sequence[Reason] = ()) -> str:
    """A line for each module that has mutants, and one for all: a mutant that hung counts as killed.

    The second score leaves out the survivors that have a reason.
    """
    head = ["| module | mutants | killed | score | without those with a reason | survivors |"]
    head += ["|---|---|---|---|---|---|"]
    lived = {file: _reasons_of(file, tried, known) for file, tried in sorted(results.items()) if tried}
    rows = [_row(file, len(results[file]), names, _listed(names)) for file, names in lived.items()]
    count = sum(map(len, results.values()))
    return "\n".join([*head, *rows, _row("**all**", count, sum(lived.values(), Counter()), "")])


NO_REASON = "no reason"


def _row(name: str, count: int, lived: Counter[str], listed: str) -> str:
    killed = count - lived.total()
    score = killed / (count or 1)
    without = killed / (killed + lived[NO_REASON] or 1)
    return f"| {name} | {count} | {killed} | {score:.1%} | {without:.1%} | {lived.total()}{listed} |"


def _reasons_of(file: str, tried: Sequence[Tried], known: Sequence[Reason]) -> Counter[str]:
    """The reasons of a module's survivors."""
    return Counter(reason_of(one, known) or NO_REASON for one in survivors({file: tried}))


def _listed(names: Counter[str]) -> str:
    said = ", ".join(f"{name} ({count})" for name, count in sorted(names.items()))
    return f": {said}" if said else ""


def survivors(results: Mapping[str, Sequence[Tried]]) -> list[str]:
    """Their keys."""
    return [key(file, one) for file, tried in sorted(results.items()) for one in tried if one.status in LIVED]


def reason_of(survivor: str, known: Sequence[Reason]) -> str:
    """The name of the reason that covers a survivor, or nothing."""
    return next((reason.name for reason in known if reason.covers(survivor)), "")


def by_reason(lived: Sequence[str], known: Sequence[Reason]) -> tuple[str, list[str]]:
    """A line for each reason, and the survivors that no reason covers."""
    names = [reason_of(one, known) for one in lived]
    counts = Counter(names)
    rows = [f"| {one.name} | {counts[one.name]} | {one.why} |" for one in known if counts[one.name]]
    left = [one for one, name in zip(lived, names, strict=True) if not name]
    return "\n".join(["| reason | survivors | why |", "|---|---|---|", *rows]), left


def section(results: Mapping[str, Sequence[Tried]], modules: Sequence[str], known: Sequence[Reason]) -> str:
    """What the page says: how much is measured, the score of each module, and why mutants survive."""
    measured = {file: results[file] for file in modules if file in results}
    every = [one for tried in measured.values() for one in tried]
    killed = sum(one.status not in LIVED for one in every)
    said = [f"**{killed} of {len(every)} mutants were killed: {killed / (len(every) or 1):.1%}.**"]
    missing = [file for file in modules if file not in measured]
    said.append(f"Not measured: {', '.join(missing)}." if missing else "Every module is measured.")
    if empty := [file for file, tried in measured.items() if not tried]:
        said.append(f"These modules have nothing to mutate: {', '.join(empty)}.")
    return "\n\n".join([" ".join(said), table(measured, known), by_reason(survivors(measured), known)[0]])
