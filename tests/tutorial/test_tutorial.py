"""The tutorial does what it says, on both databases."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.tutorial.script import (
    DOCUMENT,
    Place,
    as_on_the_page,
    blocks,
    commands,
    fresh_environment,
    settled,
)

pytestmark = [pytest.mark.repository, pytest.mark.timeout(300)]


def _place(folder: Path, **fixed: str) -> Place:
    return Place(folder, fresh_environment(Path(sys.executable).parent), fixed)


def test_as_written(tmp_path: Path) -> None:
    """Each command prints what the page says, but for times, processes and folders."""
    place, typed = _place(tmp_path), 0
    for found in blocks(DOCUMENT.read_text()):
        if found[1] == "python":
            place.write(found[2])
        elif found[1] == "diff":
            place.change(found[2])
        elif found[1] == "yaml":
            assert {"initContainers", "containers"} == yaml.safe_load(found[2]).keys()
        for command, printed in commands(found[2]) if found[1] == "console" else ():
            typed += 1
            said = as_on_the_page(place.type(command), tmp_path)
            assert settled(said) == settled(printed), f"{command}\n{said}"
    assert typed > 20


_OUTCOME = re.compile(r"^(?:ready: .*?|error: .*|\[.*\]|verdict .*)(?: \(.*)?$", re.MULTILINE)


def test_on_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    """The same commands end in the same way there."""
    place = _place(tmp_path, DATABASE_URL=postgresql_url)
    for found in blocks(DOCUMENT.read_text()):
        if found[1] == "python":
            place.write(found[2])
        elif found[1] == "diff":
            place.change(found[2])
        for command, printed in commands(found[2]) if found[1] == "console" else ():
            said = place.type(command)
            assert _outcomes(said) == _outcomes(printed), f"{command}\n{said}"


def _outcomes(printed: str) -> list[str]:
    return [settled(line) for line in _OUTCOME.findall(printed)]
