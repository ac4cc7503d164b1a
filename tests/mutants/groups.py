"""Modules with the tests that try their mutants: `[[tool.mutation.groups]]`, and a group tried in a copy."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutants.mutating import Mutant, mutate
from tests.mutants.trampoline import MUTANT
from tests.mutants.trying import ASKED, KILLED, SURVIVED, UNSEEN

TREE = Path(__file__).parents[2]
PARTS = ("examples", "initdb", "tests", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Group:
    """Modules, by patterns of their files, and the tests that try them: pytest's selection and its `-k`.

    `once`: those of them whose functions run when they are imported. What survives in them is tried again in
    a process that has not imported them yet.
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
        """What pytest is told."""
        only = ["-k", self.only] if self.only else []
        return ["-q", "-s", "-p", "no:cacheprovider", *only, *self.tests]

    def sign_of(self, file: str) -> str:
        """Of the module and of the tests: a mutant is tried anew where one of them has changed."""
        places = {TREE / one.partition("::")[0] for one in self.tests}
        tests = sorted({path for one in places for path in (one, *one.rglob("*.py"))})
        content = b"".join(path.read_bytes() for path in tests if path.is_file())
        return hashlib.sha256((TREE / "initdb" / file).read_bytes() + content).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a change of a function, and the test that killed it."""

    function: str
    change: str
    status: str
    killer: str = ""


@contextlib.contextmanager
def copied() -> Iterator[Path]:
    """A copy of what the tests need of the tree, the links replaced by what they lead to."""
    with tempfile.TemporaryDirectory(prefix="initdb-mutation-") as folder:
        Path(folder).chmod(0o755)  # some tests run as nobody
        for part in PARTS:
            source = TREE / part
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
                shutil.copytree(source, Path(folder, part), ignore=ignored)
            else:
                shutil.copy(source, folder)
        yield Path(folder)


Choice = Callable[[Sequence[Mutant]], Sequence[Mutant]]
"""Which mutants of a module are wanted."""


def try_mutants(
    group: Group, wanted: Mapping[str, Choice], budget: float, workers: int
) -> dict[str, list[Tried]]:
    """File → what became of those of its mutants that are wanted.

    Raises RuntimeError where the tests fail without a mutant.
    """
    with copied() as tree:
        mutants = {file: choose(mutate(tree, file)) for file, choose in wanted.items()}
        names = [one.name for some in mutants.values() for one in some]
        answers: dict[str, tuple[str, str]] = {}
        with ThreadPoolExecutor(workers) as pool:
            parts = [names[number::workers] for number in range(workers)]
            for part in pool.map(lambda part: _answers(group, tree, part, budget), parts):
                answers |= part
        for one in (one for file in set(group.once) & set(mutants) for one in mutants[file]):
            if answers[one.name][0] in (SURVIVED, UNSEEN):
                answers[one.name] = _afresh(group, tree, one.name), ""
    return {
        file: [Tried(one.function, one.change, *answers[one.name]) for one in some]
        for file, some in mutants.items()
    }


def _answers(group: Group, tree: Path, names: Sequence[str], budget: float) -> dict[str, tuple[str, str]]:
    with tempfile.NamedTemporaryFile("w+", dir=tree, suffix=".json") as asked:
        asked.write(json.dumps({"names": names, "budget": budget}))
        asked.flush()
        code, output = _pytest(tree, ["-p", "tests.mutants.trying", *group.words], {ASKED: asked.name})
        answers = Path(asked.name).with_suffix(".answers")
        if code or not answers.exists():
            raise RuntimeError(f"the tests of {group.name} ended with {code}:\n{output[-8000:]}")
        return {name: (status, killer) for name, status, killer in map(json.loads, answers.open())}


def _afresh(group: Group, tree: Path, name: str) -> str:
    return KILLED if _pytest(tree, ["-x", *group.words], {MUTANT: name})[0] else SURVIVED


def _pytest(tree: Path, words: Sequence[str], environ: dict[str, str]) -> tuple[int, str]:
    """pytest in the copy: exit code and output."""
    # Into a file: a pipe would be waited for as long as a process lives that a mutant has left behind.
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        code = subprocess.call(
            [sys.executable, "-m", "pytest", *words],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree), **environ},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        said.seek(0)
        return code, said.read()
