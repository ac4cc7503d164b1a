"""The diagram is drawn from the table that the machine runs."""

from __future__ import annotations

import re

import pytest

from initdb.statemachine.render.diagram import mermaid
from initdb.statemachine.table import TABLE, State


def test_every_transition_of_the_table_is_drawn_once() -> None:
    """Transitions from every state, and from a state to itself, are only a comment."""
    wanted = {(str(r.source), str(r.dest)) for r in TABLE if r.trigger not in ("begin", "note")}
    drawn = re.findall(r"^    (\w+) --> (\w+) : ", mermaid(), re.MULTILINE)
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == wanted


def test_it_begins_as_mermaid_wants_it() -> None:
    """It has stateDiagram-v2, a first state, and no state without a transition."""
    lines = mermaid().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert f"    [*] --> {State.unknown} : begin" in lines
    assert all(str(state) in mermaid() for state in State)


@pytest.mark.parametrize(
    "line",
    [
        "    %% begin leads from every state to unknown; note leaves every state as it is",
        "    unknown --> defective : inspect [conflicting]",
        "    unknown --> unproven : inspect",
        "    defective --> defective : repair [defects remain]",
        "    defective --> behind : repair [revisions pending] / roll_back",
        "    unproven --> ready : validate [nothing found]",
        "    ready --> behind : roll_back",
    ],
)
def test_a_line_of_the_diagram(line: str) -> None:
    """It has the trigger and the guard. Two ways between the same states are one line."""
    assert line in mermaid().splitlines()
