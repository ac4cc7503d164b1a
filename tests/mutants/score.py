"""`make mutation`: a mutation tool over the journal and the machine.

It needs mutmut, which `make test` does not: the environment of its own that the Makefile makes for it. Groups
of modules with the quick tests that are theirs stand in pyproject.toml, `[tool.mutation]`. mutmut makes every
mutant of a module; a fork of pytest tries each with those of the group's tests that go through its function.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

from tests.mutants.groups import TREE, Group, Tried, try_mutants
from tests.mutants.mutating import Mutant
from tests.mutants.scored import LIVED, by_reason, key, reason_of, reasons, section, survivors, table

RESULTS = TREE / ".mutation.json"
"""What was tried before. It is not tried again as long as the module and its tests stay as they are; with
`--again` only what was not killed then, and has no reason to survive."""

BEGIN, END = "<!-- written by make mutation: begin -->", "<!-- written by make mutation: end -->"

Results = dict[str, dict[str, Any]]


def main(words: Sequence[str] | None = None) -> int:
    """0 where the mutants were tried, 1 where one survived without a reason, 2 where a name is unknown."""
    asked = _parser().parse_args(words)
    known = {name for group in groups() for name in (group.name, *group.files)}
    if unknown := [name for name in asked.names if name not in known]:
        print(f"unknown: {', '.join(unknown)}. Known: {', '.join(sorted(known))}", file=sys.stderr)
        return 2
    results: Results = json.loads(asked.results.read_text()) if asked.results.exists() else {}
    wanted = {file for group in groups() for file in group.files if {group.name, file} & set(asked.names)}
    for group in groups():
        _try(group, [file for file in group.files if file in wanted or not asked.names], asked, results)
    if asked.report is not None:
        _write(asked.report, results)
    return _say({file: one for file, one in results.items() if file in (wanted or known)})


def groups() -> list[Group]:
    """Those of pyproject.toml; a module is in the first one that has a pattern for it."""
    config = tomllib.loads((TREE / "pyproject.toml").read_text())["tool"]["mutation"]
    found: list[Group] = []
    taken: set[str] = set()
    for group in map(Group.of, config["groups"]):
        there = {file for pattern in group.files for file in _matching(pattern)} - taken
        found.append(replace(group, files=tuple(sorted(there))))
        taken |= there
    return found


def _matching(pattern: str) -> list[str]:
    return [str(path.relative_to(TREE)) for path in TREE.glob(pattern) if path.name != "__init__.py"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make mutation", description="mutmut over events/, statemachine/")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only this group, or module: events/ids.py")
    parser.add_argument("--share", type=float, default=1.0, help="of each module's mutants; 1 is all")
    parser.add_argument("--seed", default="0", help="of the sample")
    parser.add_argument("--again", action="store_true", help="only what survived without a reason")
    parser.add_argument("--budget", type=float, default=8.0, help="seconds of tests for each mutant")
    parser.add_argument("--workers", type=int, default=1, help="how many at once")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where it is kept what was tried")
    parser.add_argument("--report", type=Path, help="the page that gets the score")
    return parser


def _try(group: Group, files: Sequence[str], asked: argparse.Namespace, results: Results) -> None:
    """The mutants of a group that have not been tried, or not with these tests; what came of them is kept."""
    chosen: dict[str, _Chosen] = {}
    part = "" if asked.share == 1 else f" {asked.share:g} {asked.seed}"
    signs = {file: group.sign_of(file) + part for file in files}
    for file in files:
        before = results.get(file, {})
        if before.get("sign") != signs[file] or asked.again:
            known = {key(file, one): one for one in map(_tried, before.get("tried", [])) if asked.again}
            chosen[file] = _Chosen(file, asked.share, f"{asked.seed} {file}", known)
    if not chosen:
        return
    for file, tried in try_mutants(group, chosen, asked.budget, asked.workers).items():
        found = chosen[file].together(tried)
        results[file] = {"sign": signs[file], "tried": [astuple(one) for one in found]}
        if found:
            print(table({file: found}, reasons()).splitlines()[2], flush=True)
    asked.results.write_text(json.dumps(results, indent=1, ensure_ascii=False))


class _Chosen:
    """Which mutants of a module are tried: a share of them, by chance but the same each time. Where that is
    asked for, those that were killed before are not tried again, nor those that survive for a reason."""

    def __init__(self, file: str, share: float, seed: str, known: dict[str, Tried]) -> None:
        self._file, self._share, self._seed, self._known = file, share, seed, known
        self._keys: list[str] = []
        self._reasons = reasons()

    def __call__(self, mutants: Sequence[Mutant]) -> Sequence[Mutant]:
        few = random.Random(self._seed).sample(mutants, round(self._share * len(mutants)))
        sample = mutants if self._share == 1 else few
        self._keys = [self._key(one) for one in sample]
        return [one for one in sample if self._is_open(self._key(one))]

    def _key(self, mutant: Mutant) -> str:
        return key(self._file, Tried(mutant.function, mutant.change, ""))

    def _is_open(self, name: str) -> bool:
        if name not in self._known:
            return True
        return self._known[name].status in LIVED and not reason_of(name, self._reasons)

    def together(self, tried: Sequence[Tried]) -> list[Tried]:
        """What was known of the mutants that there are, and what has come of those that were tried."""
        found = self._known | {key(self._file, one): one for one in tried}
        return [found[name] for name in self._keys]


def _tried(kept: Sequence[str]) -> Tried:
    return Tried(*kept)


def _say(results: Results) -> int:
    """Prints what came of the mutants that were asked for; 1 where a survivor has no reason."""
    tried, known = _all_tried(results), reasons()
    reasoned, left = by_reason(survivors(tried), known)
    print(table(tried, known), reasoned, *left, sep="\n")
    if old := [file for file, sign in _signs().items() if file in results and results[file]["sign"] != sign]:
        print(f"changed since they were tried: {', '.join(old)}", file=sys.stderr)
    return 1 if left else 0


def _write(page: Path, results: Results) -> None:
    """Puts what is known of all modules into the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    said = section(_all_tried(results), sorted(_signs()), reasons())
    page.write_text(f"{before}{BEGIN}\n\n{said}\n\n{END}{rest.partition(END)[2]}")


def _all_tried(results: Results) -> dict[str, list[Tried]]:
    return {file: list(map(_tried, one["tried"])) for file, one in results.items()}


def _signs() -> dict[str, str]:
    """Of each module that there is."""
    return {file: group.sign_of(file) for group in groups() for file in group.files}


if __name__ == "__main__":
    sys.exit(main())
