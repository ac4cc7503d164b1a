"""Each reference of the catalogue has a test that types what it prints."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from initdb.errors import CATALOGUE
from tests.fixes.claims import CASES

STILL_WITHOUT: frozenset[str] = frozenset()
"""References that have no such test yet."""

for _file in sorted(Path(__file__).parent.glob("test_*.py")):
    if _file != Path(__file__):
        import_module(f"tests.fixes.{_file.stem}")


def test_each_reference_has_a_test() -> None:
    """With the mark `fixes` of tests/fixes/claims.py."""
    assert CATALOGUE.keys() - CASES.keys() == STILL_WITHOUT


def test_each_test_is_of_a_reference() -> None:
    """None is misspelt."""
    assert CASES.keys() <= CATALOGUE.keys()
