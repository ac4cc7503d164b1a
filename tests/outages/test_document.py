"""docs/outages.md has a row for each situation, and a test for each row."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from initdb.errors import CATALOGUE

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "outages.md"

pytestmark = pytest.mark.repository


def _rows() -> Iterator[list[str]]:
    """The cells of each row but the headings."""
    for line in DOCUMENT.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0] != "what happens":
            yield cells


def _tests() -> set[str]:
    """The names of the tests of outages."""
    trees = (ast.parse(path.read_text("utf-8")) for path in HERE.glob("test_*.py") if path != Path(__file__))
    names = {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}
    return {name for name in names if name.startswith("test_")}


def test_every_row_names_its_tests() -> None:
    """And no test is without a row."""
    named = [re.findall(r"`(test_\w+)`", cells[-1]) for cells in _rows()]
    assert all(named)
    assert {name for names in named for name in names} == _tests()


def test_every_row_is_complete() -> None:
    """What happens, what one sees, what initdb does, what fixes it, and the test."""
    for cells in _rows():
        assert len(cells) == 5, cells
        assert all(cells[:3]), cells


def test_every_reference_exists() -> None:
    """What a row says that it fails with, or waits by, is in the catalogue."""
    for cells in _rows():
        for name in re.findall(r"(?:with|or|waits) \(?`([a-z]+(?:-[a-z]+)+)`", cells[2]):
            assert name in CATALOGUE, name
