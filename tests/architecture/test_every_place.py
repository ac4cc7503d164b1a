"""Every table that lists work or events by name lists all of them."""

from __future__ import annotations

from initdb.cli.output import progress
from initdb.events.types import EVENTS
from initdb.statemachine.decide import fold, plan
from initdb.statemachine.render import sentences
from initdb.statemachine.table import WORK, State, work_name

ADDS_NOTHING = {"defects_found"}
"""Transitions of which nothing is kept but the entry itself."""


def test_work_is_foreseen_and_named() -> None:
    """`initdb plan` begins after the inspection; the terminal names each piece of work."""
    works = {work.name for work in WORK.values() if work is not None}
    assert works - {work_name(State.unknown)} == set(plan._FORESEE)
    assert works <= set(progress._VERBS)


def test_transitions_are_folded_and_said() -> None:
    """A note may do without: then it adds nothing, and the meaning of its type is its sentence."""
    assert set(EVENTS) - ADDS_NOTHING <= set(fold.FOLDERS)
    assert set(EVENTS) <= set(sentences._SENTENCES)
