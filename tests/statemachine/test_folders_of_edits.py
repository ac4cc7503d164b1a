"""What events add to knowledge of edited files: which were named, which were accepted, the last env.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from initdb.events.knowledge import Applied, Judgement, LastReady, SeedRecord
from tests.statemachine.test_folders import BEFORE, BY, PROGRESS, RUN, SEEDS, VOID, A, added, event

EDITED: dict[str, Any] = {
    "told": {"env.py": "y", "revision r1": "d8", "seed b": "x"},
    "accepted": {"env.py": "y", "revision r1": "d8", "seed b": "x"},
}
EACH: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (
        "database_inspected",
        {"rows": ["r2"], "edited": {"seed a": "e"}},
        {**EDITED, "managed": True},
        {"told": {**EDITED["told"], "seed a": "e"}},
    ),
    (
        "override",
        {"accepts": {"revision r1": "d9", "seed z": ""}},
        EDITED,
        {"tries": 0, "crashes": 0, "accepted": {**EDITED["accepted"], "revision r1": "d9", "seed z": ""}},
    ),
    (
        "migration_applied",
        {"revision": "r1", "digest": "d7", "file": "r1_shops.py"},
        {**EDITED, "managed": True},
        {
            **PROGRESS,
            "applied": {
                **BEFORE.applied,
                "r1": Applied("r1", "d7", "run-2", "now", BY, file="r1_shops.py"),
            },
            "memo": {},
            "told": {"env.py": "y", "seed b": "x"},
            "accepted": {"env.py": "y", "seed b": "x"},
        },
    ),
    (
        "seed_batch_applied",
        {"source": "b", "digest": "p", "next": 9},
        EDITED,
        {**PROGRESS, "seeds": {**SEEDS, "b": SeedRecord("b", "w", frozenset(), "p", 9)}},
    ),
    (
        "seed_batch_applied",
        {"source": "b", "digest": "p", "complete": True},
        EDITED,
        {
            **PROGRESS,
            "seeds": {**SEEDS, "b": SeedRecord("b", "w", frozenset({"p"}), None, 0, "p", "now")},
            "told": {"env.py": "y", "revision r1": "d8"},
            "accepted": {"env.py": "y", "revision r1": "d8"},
        },
    ),
    (
        "health_validated",
        {"catalog": "c", "code": A, "env_py": "y"},
        {**EDITED, "managed": True, "judgements": ()},
        {
            **{"tries": 0, "crashes": 0, "judgements": (Judgement(A, env_py="y"),)},
            **{"last_run": replace(RUN, ended="ready"), "last_ready": LastReady("now", "y")},
            "told": {"revision r1": "d8", "seed b": "x"},
            "accepted": {"revision r1": "d8", "seed b": "x"},
        },
    ),
    (
        "database_inspected",
        {"started_over": True},
        {**EDITED, "last_ready": LastReady("then", "x")},
        {
            **{"heads": (), "applied": {}, "seeds": {}, "memo": {}, "doubt": None, **VOID},
            **{"last_ready": None, "told": {}, "accepted": {}, "bases": frozenset()},
        },
    ),
]


@pytest.mark.parametrize(("kind", "data", "before", "adds"), EACH)
def test_what_an_event_adds(
    kind: str, data: dict[str, Any], before: dict[str, Any], adds: dict[str, Any]
) -> None:
    """Nothing else changes."""
    assert added(replace(BEFORE, **before), event(kind, data)) == adds
