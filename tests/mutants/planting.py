"""A copy of the tree with one fault in it, and whether the tests and the crash harness notice."""

from __future__ import annotations

import compileall
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import pytest

from tests.mutants.fault import Fault, Sweep
from tests.support.bytecode import compile_product

TREE = Path(__file__).parents[2]
PARTS = ("events", "examples", "initdb", "migrations", "statemachine", "steps", "tests", "pyproject.toml")
LIMIT = 600.0
"""How long, in s, one hunt may take: a fault that hangs it has been noticed."""

HUNG = f"no end after {LIMIT:g} s"
"""In the place of a test, where none had failed by then."""

_ENDS = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
"""How pytest ends where it ran: INTERRUPTED is how -x ends where a module cannot be imported."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """Which test failed first and at which point the harness did ("" where none did; `point` is None where
    it is not asked); `points`: how many it tried; `seconds`: how long all of it took."""

    fault: Fault
    test: str
    point: str | None
    points: int
    why: str
    seconds: float

    @property
    def survived(self) -> bool:
        """Whether somebody who had to notice did not."""
        return not self.test or self.point == ""


def copy_tree(folder: Path) -> Path:
    """What the tests need of the tree, links as links; compiled modules too, which a fault makes void."""
    compile_product()
    copy = folder / "tree"
    copy.mkdir()
    for part in PARTS:
        source = TREE / part
        if source.is_dir():
            ignored = shutil.ignore_patterns(*(["__pycache__"] if part == "tests" else []), ".hypothesis")
            shutil.copytree(source, copy / part, symlinks=True, ignore=ignored)
            if part == "tests":
                compileall.compile_dir(copy / part, quiet=2)
        elif source.exists():
            shutil.copy(source, copy / part)
    return copy


def plant(tree: Path, fault: Fault) -> dict[str, str]:
    """Put the fault into its place; gives the files as they were. Raises ValueError where it has no place."""
    before: dict[str, str] = {}
    for file, old, new in fault.changes:
        text = (tree / file).read_text()
        if text.count(old) != 1:
            raise ValueError(f"{fault.name}: {text.count(old)} places in {file}")
        changed = text.replace(old, new)
        compile(changed, file, "exec")
        (tree / file).write_text(changed)
        before.setdefault(file, text)
    return before


def take_out(tree: Path, before: dict[str, str]) -> None:
    """Give the files that plant() has changed their text of before."""
    for file, text in before.items():
        (tree / file).write_text(text)


def baseline(tree: Path, faults: Sequence[Fault]) -> str:
    """The first test of theirs that fails in a tree without any fault; "" where all pass."""
    tests = sorted({test for fault in faults for test in fault.tests})
    return next((failed for test in tests if (failed := _first_failure(_pytest(tree, [test])))), "")


def hunt(
    tree: Path, fault: Fault, *, tests: bool = True, sweep: bool = True, without: bool = True
) -> Noticed:
    """Plant it, run its tests up to the first that fails and its sweep up to the first point that does, and
    take it out again. What is not asked for counts as having noticed.

    `without`: try the point on the tree without the fault, too. Raises RuntimeError where it fails there as
    well. That the tests pass without it is for `baseline` to say.
    """
    before, begun = plant(tree, fault), time.monotonic()
    found: dict[str, object] = {"where": None, "points": 0, "why": "", "number": ""}
    try:
        test = _first_failure(_pytest(tree, fault.tests)) if tests else "not asked"
        if sweep and fault.sweep is not None:
            found = _swept(tree, fault.sweep)
    finally:
        take_out(tree, before)
    if without and found["number"] and (clean := _swept(tree, fault.sweep, str(found["number"])))["where"]:
        raise RuntimeError(f"{fault.name}: {clean['where']} fails without the fault: {clean['why']}")
    where = found["where"] if found["where"] is None else str(found["where"])
    return Noticed(fault, test, where, int(str(found["points"])), str(found["why"]), time.monotonic() - begun)


def _pytest(tree: Path, tests: Sequence[str]) -> str:
    """pytest in the copy, without what it keeps for later."""
    words = ["pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]
    code, output = _run(tree, words)
    if code is None:
        return f"{output}\nFAILED {HUNG}"
    if code not in _ENDS:
        raise RuntimeError(f"pytest ended with {code}:\n{output}")
    return output


def _swept(tree: Path, sweep: Sweep, only: str = "") -> dict[str, object]:
    """The sweep's first failure. `only`: at this one point."""
    words = [str(part) for part in astuple(replace(sweep, likely=only or sweep.likely))]
    code, output = _run(tree, ["tests.mutants.sweep", *words, *(["only"] if only else [])])
    if code is None:
        return {"where": "hung", "points": 0, "why": HUNG, "number": ""}
    if code:
        raise RuntimeError(f"the harness ended with {code}:\n{output}")
    answer: dict[str, object] = json.loads(output.strip().splitlines()[-1])
    return answer


def _run(tree: Path, words: Sequence[str]) -> tuple[int | None, str]:
    """A module in the copy, in a process group of its own: exit code (None: killed at the limit), output."""
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=tree,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output = process.communicate(timeout=LIMIT)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None, process.communicate()[0]
    return process.returncode, output


def _first_failure(output: str) -> str:
    """The first test that failed or could not be set up; empty where all passed."""
    found = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", output, flags=re.MULTILINE)
    return found[1] if found else ""
