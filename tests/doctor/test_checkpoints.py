"""What keeps checkpoints from being signed and delivered is named before a run warns of it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.console import Console
from tests.doctor.examined import examine
from tests.doctor.test_settings import add
from tests.support.toy import Toy


def test_what_nobody_asked_for_is_not_examined(console: Console, sqlite_toy: Toy) -> None:
    """By default there are none."""
    assert not any("checkpoint" in one["text"] for one in examine(console).data["findings"])


def test_all_is_well(console: Console, sqlite_toy: Toy) -> None:
    """A key for its owner alone, a file that can be made, a program that is there."""
    console("journal", "checkpoint", "--new-key", "key.pem")
    add(console, 'checkpoint_when = "ready"', 'checkpoint_key = "key.pem"')
    add(console, 'checkpoint_file = "points"', 'checkpoint_command = "cat"')
    found = examine(console)
    assert not [one for one in found.warnings if "checkpoint" in one]
    assert found.says("ok", "checkpoint_key can sign: ")
    assert not (console.folder / "points").exists()


@pytest.mark.parametrize("mode", [None, 0o640])
def test_a_key_that_cannot_sign(console: Console, sqlite_toy: Toy, mode: int | None) -> None:
    """It is missing, or others can read it; the fix, typed, makes it sign."""
    add(console, 'checkpoint_key = "checkpoint.pem"')
    key = console.folder / "checkpoint.pem"
    if mode is not None:
        console("journal", "checkpoint", "--new-key", "checkpoint.pem")
        key.chmod(mode)
    fix = examine(console).fix("checkpoint_key cannot sign: ")
    if mode is None:
        words = shlex.split(fix.partition("Make a key: ")[2].partition(";")[0])
        assert console(*words[1:]).exit_code == 0
    else:
        assert fix == f"chmod 600 {key}"
        key.chmod(0o600)
    assert examine(console).says("ok", "checkpoint_key can sign: ")


def test_a_file_that_cannot_be_appended_to(console: Console, sqlite_toy: Toy) -> None:
    """Its folder is missing; or it is a link, which is not followed."""
    add(console, 'checkpoint_file = "kept/points"')
    file = console.folder / "kept/points"
    fix = examine(console).fix(f"checkpoint_file cannot be appended to: {file}: this user cannot write there")
    assert fix.startswith("mkdir -p ")
    Path(shlex.split(fix.partition(",")[0])[2]).mkdir()
    assert not [one for one in examine(console).warnings if "checkpoint" in one]
    file.symlink_to(console.folder / "other")
    assert examine(console).says("warning", f"checkpoint_file cannot be appended to: {file}: it is a link")


def test_a_program_that_is_not_there(console: Console, sqlite_toy: Toy) -> None:
    """It is named."""
    add(console, 'checkpoint_command = "no-such-program --tag x"')
    assert "no-such-program" in examine(console).fix("there is no program no-such-program in PATH")


def test_lines_that_go_nowhere(console: Console, sqlite_toy: Toy) -> None:
    """They are asked for, and no place is named; the fix names one."""
    add(console, 'checkpoint_when = "ready"')
    fix = examine(console).fix('checkpoint_when is "ready", and only the logger')
    add(console, fix.partition(": ")[2].replace("/var/log/", ""))
    assert not [one for one in examine(console).warnings if "checkpoint" in one]
