"""Every scenario by its name."""

from __future__ import annotations

from tests.crash.scenario import Scenario
from tests.crash.scenarios.cascade import CASCADE
from tests.crash.scenarios.doubt import DOUBT
from tests.crash.scenarios.identity import IDENTITY
from tests.crash.scenarios.larger import LARGER
from tests.crash.scenarios.optuna import OPTUNA
from tests.crash.scenarios.small import SMALL

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario for scenario in (*SMALL, IDENTITY, CASCADE, *LARGER, DOUBT, OPTUNA)
}
