"""`make mutation`: a mutation tool over the journal and the machine, a sample of each module's mutants.

It needs mutmut, which `make test` does not: the environment of its own that the Makefile makes for it. Groups
of modules with the quick tests that are theirs stand in pyproject.toml, `[tool.mutation]`. mutmut generates
every mutant of a module and picks, of the group's tests, those that go through the function it changed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TREE = Path(__file__).parents[2]
PARTS = ("examples", "initdb", "tests", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Group:
    """Modules, by their files, and the tests that try them: pytest's selection and its `-k`.

    `once`: those of them whose functions run once a process. mutmut forks after they have run, so what it
    says survives in them is tried again in a process of its own.
    """

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    only: str = ""
    once: tuple[str, ...] = ()

    @classmethod
    def of(cls, table: dict[str, Any]) -> Group:
        """One of `[[tool.mutation.groups]]`."""
        lists = {key: tuple(value) for key, value in table.items() if isinstance(value, list)}
        return cls(**{**table, **lists})

    @property
    def words(self) -> list[str]:
        """What pytest is told beside the tests."""
        return ["-p", "no:cacheprovider", *(["-k", self.only] if self.only else [])]

    def config(self, base: dict[str, Any]) -> str:
        """`[tool.mutmut]`, for the copy of the tree that this group is tried in."""
        table = {
            **base,
            "only_mutate": [f"initdb/{file}" for file in self.files],
            "pytest_add_cli_args_test_selection": list(self.tests),
            "pytest_add_cli_args": self.words,
        }
        return "[tool.mutmut]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of the mutants of one module that were tried; `there` is how many there are."""

    file: str
    there: int
    statuses: Counter[str]
    survivors: tuple[tuple[str, str], ...]

    @property
    def tried(self) -> int:
        """How many."""
        return sum(self.statuses.values())

    def row(self) -> str:
        """Its line of the table."""
        killed = self.statuses["killed"] + self.statuses["timeout"]
        share = f"{killed / self.tried:.0%}" if self.tried else ""
        lived, unseen = self.statuses["survived"], self.statuses["no tests"]
        return f"| {self.file} | {self.there} | {self.tried} | {killed} | {lived} | {unseen} | {share} |"


def main(words: Sequence[str] | None = None) -> int:
    """0 where mutmut ran; the score is for a reader to judge."""
    parser = argparse.ArgumentParser(prog="make mutation", description="mutmut over events/, statemachine/")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="only these groups of modules")
    parser.add_argument("--share", type=float, default=0.04, help="of each module's mutants, 1 for all")
    parser.add_argument("--least", type=int, default=10, help="mutants of a module, where it has as many")
    parser.add_argument("--seed", default="0", help="of the sample")
    parser.add_argument("--workers", default="2", help="how many mutants at once")
    parser.add_argument("--survivors", type=Path, help="where to write what survived, as JSON")
    asked = parser.parse_args(words)
    config = tomllib.loads((TREE / "pyproject.toml").read_text())["tool"]["mutation"]
    groups = [Group.of(one) for one in config["groups"]]
    scores: list[Scored] = []
    for group in groups:
        if not asked.groups or group.name in asked.groups:
            with _copied(group, config["mutmut"]) as tree:
                names = _sample(tree, group, asked.share, asked.least, asked.seed)
                _mutmut(
                    tree,
                    "run",
                    "--max-children",
                    asked.workers,
                    *(n for some in names.values() for n in some[1]),
                )
                scores += [_score(tree, group, file, *some) for file, some in names.items()]
    print(table(scores))
    if asked.survivors:
        told = {one.file: dict(one.survivors) for one in scores}
        asked.survivors.write_text(json.dumps(told, indent=1))
    return 0


@contextlib.contextmanager
def _copied(group: Group, base: dict[str, Any]) -> Iterator[Path]:
    """A copy of the tree, the links replaced by what they lead to, with mutmut's configuration."""
    with tempfile.TemporaryDirectory(prefix="initdb-mutation-") as folder:
        tree = Path(folder)
        for part in PARTS:
            source = TREE / part
            if source.is_dir():
                shutil.copytree(
                    source, tree / part, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis")
                )
            else:
                shutil.copy(source, tree / part)
        with (tree / "pyproject.toml").open("a") as file:
            file.write(f"\n{group.config(base)}")
        (
            tree / "mutants"
        ).mkdir()  # it is on the path when Python starts, and Python remembers what is not there
        yield tree


def _sample(
    tree: Path, group: Group, share: float, least: int, seed: str
) -> dict[str, tuple[int, list[str]]]:
    """File → how many mutants there are, and the names of those to try: by chance, but the same each time."""
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.format_utils import get_mutant_name

    chosen = {}
    with contextlib.chdir(tree):
        for file in group.files:
            path = Path("initdb", file)
            made = mutate_file_contents(str(path), path.read_text())
            names = [get_mutant_name(path, name) for name in made.mutant_names]
            count = min(len(names), max(least, round(share * len(names))))
            chosen[file] = len(names), sorted(random.Random(f"{seed} {file}").sample(names, count))
    return {file: some for file, some in chosen.items() if some[1]}


def _mutmut(tree: Path, *words: str) -> str:
    """mutmut in the copy; gives what it says. Raises RuntimeError with it where mutmut fails."""
    # Into a file: a pipe would be waited for as long as a process lives that a mutant has left behind.
    with tempfile.TemporaryFile("w+") as said:
        command = [Path(sys.executable).with_name("mutmut"), *words]
        code = subprocess.call(command, cwd=tree, env=_environ(tree), stdout=said, stderr=said)
        said.seek(0)
        output = said.read()
    if code:
        raise RuntimeError(f"mutmut {words[0]} ended with {code}:\n{output[-5000:]}")
    return output


def _environ(tree: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree / "mutants"), "PYTHONDONTWRITEBYTECODE": "1"}


def _score(tree: Path, group: Group, file: str, there: int, tried: Sequence[str]) -> Scored:
    from mutmut.stats import status_by_exit_code

    kept = json.loads((tree / "mutants" / "initdb" / f"{file}.meta").read_text())["exit_code_by_key"]
    statuses = {name: status_by_exit_code[kept[name]] for name in tried}
    if file in group.once:
        statuses |= {
            name: "killed"
            for name, status in statuses.items()
            if _is_killed_afresh(tree, group, name, status)
        }
    survivors = [name for name, status in statuses.items() if status not in ("killed", "timeout")]
    shown = tuple((name, _mutmut(tree, "show", name)) for name in survivors)
    return Scored(file, there, Counter(statuses.values()), shown)


def _is_killed_afresh(tree: Path, group: Group, name: str, status: str) -> bool:
    if status == "killed":
        return True
    environ = {**_environ(tree), "MUTANT_UNDER_TEST": name}
    words = [sys.executable, "-m", "pytest", "-x", "-q", *group.tests, *group.words]
    return subprocess.run(words, cwd=tree / "mutants", env=environ, capture_output=True).returncode == 1


def table(scores: Sequence[Scored]) -> str:
    """The score of each module, and of all."""
    total = Scored(
        "**all**", sum(one.there for one in scores), sum((one.statuses for one in scores), Counter()), ()
    )
    head = [
        "| module | mutants | tried | killed | survived | no test | score |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(one.row() for one in scores), total.row()])


if __name__ == "__main__":
    sys.exit(main())
