"""The nearest known name to a mistyped one."""

from __future__ import annotations

import pytest

from initdb.nearest import did_you_mean, nearest

KNOWN = ("lock_timeout", "wait_limit", "mode")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lock-timeout", "lock_timeout"),
        ("LockTimeout", "lock_timeout"),
        ("timeout", "lock_timeout"),
        ("moed", "mode"),
        ("colour", None),
        ("", None),
        ("\udc80" * 100_000, None),
    ],
)
def test_the_nearest_name(name: str, expected: str | None) -> None:
    """Case, hyphens and underscores do not count; where nothing is near, nothing is offered."""
    assert expected == nearest(name, KNOWN)


def test_as_part_of_a_sentence() -> None:
    """The question follows what was said, or nothing does."""
    assert did_you_mean("moed", KNOWN) == "; did you mean mode?"
    assert did_you_mean("colour", KNOWN) == ""
