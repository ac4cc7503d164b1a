"""Failures are stored for years: what 0.1.0 stored can be read, and 0.1.0 reads what is stored today.

0.1.0 called the fix `mend`. Its reader is here as it was, in `rendering_0_1_0`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from initdb.errors import CATALOGUE, InitError, Rendered
from initdb.statemachine.render.sentences import details
from tests.errors import rendering_0_1_0
from tests.statemachine.test_telling import entry

STORED_BY_0_1_0 = """{
    "reference": "revision-failed", "message": "A revision failed.",
    "context": ["revision 3f2a, versions/3f2a_add_status.py line 14", "no such column: state"],
    "kept": "The revisions before it, with their events; this one was rolled back.",
    "mend": "Correct the revision, then: initdb resume",
    "sqlstate": "SQLITE_ERROR", "passing": false, "advice": [], "database": "sqlite", "exit_code": 1}"""

FIX = "Correct the revision, then: initdb resume"


def stored(data: dict[str, object]) -> dict[str, Any]:
    """`data` as an event gives it back: through JSON."""
    found: dict[str, Any] = json.loads(json.dumps(data))
    return found


def test_a_failure_that_0_1_0_stored_has_its_fix() -> None:
    """It is shown, raised and stored once more with all that it says."""
    data = json.loads(STORED_BY_0_1_0)
    rendered = Rendered.from_data(data)
    assert rendered.fix == FIX
    assert f"fix: {FIX}" in details(entry("step_failed", {"step": "migrate", "error": data}))
    assert f"\nfix: {FIX}\n" in str(InitError.from_rendered(rendered))
    assert rendered.as_stored() == data | {"fix": FIX}


@pytest.mark.parametrize("reference", CATALOGUE)
def test_0_1_0_reads_a_failure_of_today(reference: str) -> None:
    """Word for word: only the label of the fix is its own."""
    error = InitError(reference, "on /dev/sda1", database="postgresql", sqlstate="53100").rendered()
    read = rendering_0_1_0.Rendered.from_data(stored(error.as_stored()))
    assert read.mend == error.fix
    lines = str(InitError.from_rendered(error)).splitlines()
    assert rendering_0_1_0.render(read).splitlines() == [line.replace("fix: ", "mend: ", 1) for line in lines]


def test_what_programs_are_given_has_one_name_for_the_fix() -> None:
    """The name of old is for journals alone."""
    assert "mend" not in InitError("stopped").rendered().as_data()


def test_the_name_of_today_wins() -> None:
    """Where both are stored and differ, as nothing of ours writes it."""
    assert Rendered.from_data({"fix": "Do this.", "mend": "Do that."}).fix == "Do this."
    assert Rendered.from_data({"fix": 7, "mend": "Do that."}).fix == "Do that."
