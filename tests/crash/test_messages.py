"""Layer E, the short form: a COMMIT whose answer is lost, also one that arrives when the client is back."""

from __future__ import annotations

import pytest

from tests.crash.conftest import Sweep
from tests.crash.scenario import POSTGRESQL
from tests.crash.sweeping import Task


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["commit-after", "commit-late"])
def test_an_order_whose_commit_is_in_doubt_is_carried_out_once(kind: str, holds: Sweep) -> None:
    """A look that comes before the COMMIT does not see it: what stands is settled under the head's lock."""
    holds(Task("E", "rollback-one", POSTGRESQL, kind))
