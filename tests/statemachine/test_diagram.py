"""The diagram is printed from the table that the machine runs."""

from __future__ import annotations

import re

from initdb.statemachine.render.diagram import mermaid
from initdb.statemachine.table import TABLE, State


def test_every_transition_of_the_table_is_drawn_once() -> None:
    """Those from everywhere and to itself aside, which are a comment."""
    wanted = {(str(r.source), str(r.dest)) for r in TABLE if r.trigger not in ("begin", "note")}
    drawn = re.findall(r"^    (\w+) --> (\w+) : ", mermaid(), re.MULTILINE)
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == wanted


def test_it_begins_as_mermaid_wants_it() -> None:
    """stateDiagram-v2, a first state, no state without a place."""
    lines = mermaid().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert f"    [*] --> {State.unknown} : begin" in lines
    assert all(str(state) in mermaid() for state in State)
