"""The mutation score: what counts as killed, which names it knows, and what a reason covers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mutants import score
from tests.mutants.groups import TREE, Group, Tried
from tests.mutants.mutating import Mutant, decorated_later
from tests.mutants.scored import Reason, by_reason, reasons, section, survivors, table
from tests.mutants.trying import ASKED, HUNG, KILLED, SURVIVED, UNSEEN

pytestmark = pytest.mark.repository

SMALL = """
from tests.mutants.trampoline import wrap_in_trampoline

_mutants = {}

class Small:
    @wrap_in_trampoline(_mutants)
    def half(self, number): ...
    def half_orig(self, number): return number // 2
    def half_wrong(self, number): return number // 3
    def half_same(self, number): return number >> 1
    def half_endless(self, number):
        while True: pass
    def half_exit(self, number): raise SystemExit(0)
    @wrap_in_trampoline({})
    def unseen(self): ...

for name in ("orig", "wrong", "same", "endless", "exit"):
    _mutants[f"x_half__mutmut_{name}"] = getattr(Small, f"half_{name}")
_mutants["_mutmut_orig"] = Small.half_orig
Small.half_orig.__name__ = "x_half__mutmut_orig"
"""
TESTS = """
from small import Small

def test_half():
    assert Small().half(8) == 4

def test_nothing():
    pass
"""


def _try(folder: Path, tests: str, names: list[str]) -> tuple[int, str, dict[str, list[str]]]:
    (folder / "small.py").write_text(SMALL)
    (folder / "test_small.py").write_text(tests)
    asked = folder / "asked.json"
    asked.write_text(json.dumps({"names": [f"small.{name}" for name in names], "budget": 10}))
    words = ["-p", "tests.mutants.trying", "-q", "-s", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    path = os.pathsep.join((str(TREE), str(folder)))
    environ = {**os.environ, ASKED: str(asked), "PYTHONPATH": path, "MUTATION_PATIENCE": "0.5"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=folder, env=environ, capture_output=True, text=True
    )
    answers = asked.with_suffix(".answers")
    lines = [json.loads(line) for line in answers.read_text().splitlines()] if answers.exists() else []
    return done.returncode, done.stdout + done.stderr, {name: answer for name, *answer in lines}


def test_what_becomes_of_a_mutant(tmp_path: Path) -> None:
    """A wrong result and an exit are noticed, a change without a consequence is not, a loop is ended."""
    names = [f"x_half__mutmut_{name}" for name in ("wrong", "same", "endless", "exit")]
    code, said, answers = _try(tmp_path, TESTS, [*names, "x_unseen__mutmut_1"])
    assert code == 0, said
    killer = "test_small.py::test_half"
    assert answers == {
        f"small.{name}": answer
        for name, answer in zip(
            [*names, "x_unseen__mutmut_1"],
            ([KILLED, killer], [SURVIVED, ""], [HUNG, killer], [KILLED, killer], [UNSEEN, ""]),
            strict=True,
        )
    }


def test_tests_that_fail_without_a_mutant_try_none(tmp_path: Path) -> None:
    """Else they would kill every mutant."""
    code, said, answers = _try(tmp_path, TESTS.replace("== 4", "== 5"), ["x_half__mutmut_same"])
    assert code != 0
    assert "fail without a mutant" in said
    assert not answers


DECORATED = """
import contextlib

class Box:
    @property
    def size(self) -> int:
        return 3

    @contextlib.contextmanager
    def opened(self):
        yield self.size

    @classmethod
    def made(cls):
        return cls()
"""


def test_a_decorated_function_is_decorated_after_its_definition() -> None:
    """mutmut would pass over it. A classmethod it knows."""
    later = decorated_later(DECORATED)
    assert "@property" not in later and "@contextlib" not in later and "@classmethod" in later
    names: dict[str, Any] = {}
    exec(later, names)
    with names["Box"].made().opened() as size:
        assert size == 3


def test_a_name_that_is_unknown_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt module would be said to have no survivors."""
    assert score.main(["texts", "events/cannonical.py"]) == 2
    assert "events/cannonical.py" in capsys.readouterr().err


def test_every_module_is_in_a_group() -> None:
    """The score is about all of events/ and statemachine/."""
    there = {
        str(path.relative_to(TREE))
        for part in ("events", "statemachine")
        for path in (TREE / part).rglob("*.py")
        if path.name != "__init__.py"
    }
    groups = score.groups()
    assert sorted(file for group in groups for file in group.files) == sorted(there)


def test_every_test_of_a_group_is_there() -> None:
    """pytest ends where one is not."""
    for test in {test for group in score.groups() for test in group.tests}:
        file, _, name = test.partition("::")
        assert (TREE / file).exists(), test
        assert f"def {name}" in (TREE / file).read_text() if name else True, test


def test_a_module_is_tried_again_where_its_tests_change(tmp_path: Path) -> None:
    """And only there."""
    group = Group("one", ("events/ids.py",), ("tests/events/test_entries.py",))
    more = Group("one", ("events/ids.py",), ("tests/events/test_entries.py", "tests/events/test_find.py"))
    assert group.sign_of("events/ids.py") == group.sign_of("events/ids.py") != more.sign_of("events/ids.py")


RESULTS = {
    "a.py": [Tried("f", str(one), status) for one, status in enumerate((KILLED, HUNG, SURVIVED, UNSEEN))],
    "b.py": [Tried("f", "0", KILLED)],
    "c.py": [],
}
SAME = Reason("same", "it is", frozenset({"a.py f: 2"}), (), False)


def test_what_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is new, and what survived without a reason."""
    monkeypatch.setattr(score, "reasons", lambda: [SAME])
    known = {f"a.py f: {one.change}": one for one in RESULTS["a.py"]}
    mutants = [Mutant(f"a.f_{number}", "f", str(number)) for number in range(5)]
    chosen = score._Chosen("a.py", 1.0, "0", known)(mutants)
    assert [one.change for one in chosen] == ["3", "4"]


def test_the_table() -> None:
    """A mutant that hung counts as killed, one that no test goes through does not."""
    assert table(RESULTS, [SAME]).splitlines()[2:] == [
        "| a.py | 4 | 2 | 50.0% | 66.7% | 2: no reason (1), same (1) |",
        "| b.py | 1 | 1 | 100.0% | 100.0% | 0 |",
        "| **all** | 5 | 3 | 60.0% | 75.0% | 2 |",
    ]
    assert survivors(RESULTS) == ["a.py f: 2", "a.py f: 3"]


def test_the_section_of_the_page() -> None:
    """It says what was not measured. The score is that of the modules that there are."""
    said = section(
        RESULTS | {"gone.py": [Tried("f", "0", SURVIVED)]}, ["a.py", "b.py", "c.py", "d.py"], [SAME]
    )
    assert said.startswith("**3 of 5 mutants were killed: 60.0%.** Not measured: d.py.")
    assert "nothing to mutate: c.py." in said
    assert "| same | 1 | it is |" in said
    assert section(RESULTS, ["b.py"], []).startswith("**1 of 1 mutants were killed: 100.0%.** Every module")


def test_the_report_replaces_its_section(tmp_path: Path) -> None:
    """What stands before and after the markers stays."""
    page, results = tmp_path / "page.md", tmp_path / "results.json"
    page.write_text(f"before\n{score.BEGIN}\nbefore the report\n{score.END}\nafter\n")
    sign = {group.name: group for group in score.groups()}["texts"].sign_of("events/clock.py")
    results.write_text(json.dumps({"events/clock.py": {"sign": sign, "tried": [["f", "x", KILLED, "t"]]}}))
    words = ["events/clock.py", "--results", str(results), "--report", str(page)]
    assert score.main(words) == 0
    for _ in range(2):
        text = page.read_text()
        assert (
            text.startswith(f"before\n{score.BEGIN}\n\n**1 of 1 mutants") and "before the report" not in text
        )
        assert text.endswith(f"{score.END}\nafter\n")
        assert score.main(words) == 0


def test_a_reason_covers_what_it_names(tmp_path: Path) -> None:
    """In full or as a pattern; what no reason covers is left over."""
    file = tmp_path / "survivors.toml"
    file.write_text(
        "[[reasons]]\nname = 'same'\nwhy = 'it is'\nmutants = ['a.py f: x → y']\npatterns = ['^b.py ']\n"
        "[[reasons]]\nname = 'SQL'\nwhy = 'any case'\ncase = true\npatterns = ['^c.py ']\n"
    )
    others = ["a.py f: x → z", "c.py f: select → XXselectXX", "c.py f: = 'a' → = 'A'"]
    lived = ["a.py f: x → y", "b.py g: 1 → 2", "c.py f: SELECT → select", *others]
    text, left = by_reason(lived, reasons(file))
    assert "| same | 2 | it is |" in text
    assert "| SQL | 1 | any case |" in text
    assert left == others
