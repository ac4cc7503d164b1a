"""The harness itself: faults planted in the core must make it fail, each where it is meant to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.hunting import hunt
from tests.crash.mutants import MUTANTS, Mutant
from tests.crash.scenario import POSTGRESQL


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_planted_fault_is_found(mutant: Mutant, folder: Path, request: pytest.FixtureRequest) -> None:
    """A harness that passes with a fault in the core proves nothing."""
    server = request.getfixturevalue("server") if mutant.database == POSTGRESQL else None
    assert hunt(mutant, folder / "app", server).where
