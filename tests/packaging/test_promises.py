"""Each promise in README.md and SECURITY.md, and each limit in the README, names the tests that show it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTIONS = (
    ("README.md", "## What it does"),
    ("README.md", "## What it does not promise"),
    ("SECURITY.md", "## What is promised"),
)

pytestmark = pytest.mark.repository


def _items(file: str, heading: str) -> list[str]:
    """The list items and table rows of a section, each with the comment that follows it."""
    text = (ROOT / file).read_text("utf-8")
    section = text.partition(f"{heading}\n")[2].partition("\n## ")[0]
    lists = re.findall(r"^- .*(?:\n  .*)*", section, re.MULTILINE)
    rows = re.findall(r"^\| (?!-).*(?:\n<!--.*)?", section, re.MULTILINE)
    return lists + rows[1:]


ITEMS = [item for section in SECTIONS for item in _items(*section)]


def test_there_are_promises_and_limits() -> None:
    """Or the test below would pass on an empty list."""
    assert [len(_items(*section)) > 4 for section in SECTIONS] == [True, True, True]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item[2:40])
def test_each_names_its_tests(item: str) -> None:
    """In a comment, as pytest names them; each exists."""
    ids = re.findall(r"tests/[\w/]+\.py(?:::\w*)+", "".join(re.findall(r"<!--(.*?)-->", item, re.DOTALL)))
    assert ids, "no test shows this"
    for one in ids:
        path, *names = one.split("::")
        body: list[ast.stmt] = ast.parse((ROOT / path).read_text("utf-8")).body
        for name in names:
            found = [n for n in body if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name == name]
            assert found, f"{one}: there is no {name}"
            body = found[0].body
