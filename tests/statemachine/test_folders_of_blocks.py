"""What the statements of an autocommit block add to what is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from initdb.events.knowledge import Doubt
from tests.statemachine.test_folders import BEFORE, added, event

IN_BLOCK = Doubt("migrate", "r4", 6, "d4", ("s1",), "77", ("b1",))
RESET = {"tries": 0, "crashes": 0}


def begun(subject: str, mark: str) -> Any:
    return event("statement_started", {"subject": subject, "mark": mark})


def test_a_statement_of_the_block_is_progress() -> None:
    """It is in doubt now, and those before it are done."""
    known = replace(BEFORE, doubt=IN_BLOCK)
    assert unseen(known, begun("r4", "b2")) == {**RESET, "doubt": replace(IN_BLOCK, block=("b1", "b2"))}


@pytest.mark.parametrize("doubt", [None, replace(IN_BLOCK, block=None)])
def test_without_a_block_it_adds_nothing(doubt: Doubt | None) -> None:
    """As after an order of a person, or after a block of 0.1.0."""
    assert unseen(replace(BEFORE, doubt=doubt), begun("r4", "b2")) == {}
    assert unseen(replace(BEFORE, doubt=IN_BLOCK), begun("r3", "b2")) == {}


def test_a_block_begins_with_what_is_known_of_it() -> None:
    """A run that goes on says what the one before it recorded."""
    data = {
        "step": "migrate",
        "subject": "r4",
        "digest": "d4",
        "statements": ["s1"],
        "block": ["b1"],
        "xid": "77",
    }
    found = added(BEFORE, event("step_started", data))
    assert found["doubt"] == replace(IN_BLOCK, seq=8)


def unseen(known: Any, made: Any) -> dict[str, Any]:
    """As `added`, of an event that is not the last one that people see."""
    from initdb.statemachine.decide.fold import fold

    after = fold([made], known)
    assert (after.last_type, after.last_data) == (known.last_type, known.last_data)
    names = [name for name in type(known).__slots__ if name not in {"seq", "hash"}]
    return {name: getattr(after, name) for name in names if getattr(after, name) != getattr(known, name)}
