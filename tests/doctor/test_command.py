"""`initdb doctor` as a command: its exit code, its object, what --quiet leaves."""

from __future__ import annotations

from initdb.cli.output.contract import FIELDS
from tests.cli.console import Console
from tests.support.toy import Toy


def test_the_object_has_the_documented_fields(console: Console, toy: Toy) -> None:
    """Each finding too."""
    found = console.object("doctor")
    assert found.keys() == FIELDS["doctor"].keys()
    assert found["exit_code"] == found["problems"] == 0
    assert all(one.keys() == {"area", "level", "text", "fix"} for one in found["findings"])
    assert {one["level"] for one in found["findings"]} <= {"ok", "warning", "problem"}
    assert all(bool(one["fix"]) is (one["level"] != "ok") for one in found["findings"])


def test_lines_for_people(console: Console, toy: Toy) -> None:
    """By area; the last line counts."""
    done = console("doctor")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "versions"
    assert lines[-1].startswith("no problems, ")
    assert any(line.startswith("  ok       ") for line in lines)


def test_quietly(console: Console, sqlite_toy: Toy) -> None:
    """Nothing on stdout; on stderr what is not as it should be, with its fix."""
    done = console("doctor", "--quiet", "--mode", "check")
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if "mode" in line]
    assert line.startswith("warning: mode = check: a boot only checks")
    assert "or remove mode where it is set" in line


def test_a_problem_is_exit_code_1(console: Console, sqlite_toy: Toy) -> None:
    """Also in what programs read."""
    words = ("--database-url", "sqlite:////nowhere/at/all.db")
    done = console("doctor", *words)
    assert done.exit_code == 1
    assert "1 problem, " in done.stdout.splitlines()[-1]
    assert console.object("doctor", *words)["problems"] == 1
