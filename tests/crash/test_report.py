"""The crash report names the code that it is about, and a test run says when that is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import report
from tests.support.product_tree import named, outdated, product_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small product."""
    for folder in ("events", "initdb", "migrations", "statemachine", "steps"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.py").write_text(f"'''{folder}'''\n")
    (tmp_path / "initdb" / "steps").symlink_to("../steps")
    return tmp_path


def test_a_changed_source_changes_the_hash(tree: Path) -> None:
    """Code, name and number of the sources count; prose, and what Python or an editor leaves, does not."""
    before = product_tree(tree)
    (tree / "steps" / "__pycache__").mkdir()
    (tree / "steps" / "__pycache__" / "one.py").write_text("left")
    (tree / "steps" / "one.txt").write_text("left")
    assert product_tree(tree) == before
    (tree / "steps" / "one.py").write_text("# said\n\n'docstring'\n")
    assert product_tree(tree) == before
    (tree / "steps" / "one.py").write_text("changed = 1")
    changed = product_tree(tree)
    (tree / "steps" / "one.py").rename(tree / "steps" / "two.py")
    assert len({before, changed, product_tree(tree)}) == 3


def test_a_report_is_of_one_tree() -> None:
    """The page that the command writes names today's; of an older one it is said."""
    page, today = report.page([], [0.0]), product_tree()
    assert named(today) in page
    assert outdated(page, today) is None
    assert outdated(page, "0" * 16) == f"it is about the tree {today}; today's is {'0' * 16}"
    assert outdated("an old report", "0" * 16) == f"it names no tree of the product; today's is {'0' * 16}"
