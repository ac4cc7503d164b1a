"""Which test types what a reference prints: one table, filled by the mark of each test."""

from __future__ import annotations

import sys
from collections import defaultdict

import pytest

CASES: dict[str, set[str]] = defaultdict(set)
"""Reference → the modules whose tests type what it prints."""


def fixes(*references: str) -> pytest.MarkDecorator:
    """Mark a test, or a set of its parameters, that types what these references print, and is then ready.

    After the test it is checked that each of them was printed, and that something printed was typed.
    """
    for reference in references:
        CASES[reference].add(str(sys._getframe(1).f_globals["__name__"]))
    return pytest.mark.fixes(*references)
