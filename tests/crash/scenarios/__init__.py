"""Every scenario by its name."""

from __future__ import annotations

from tests.crash.scenario import Scenario
from tests.crash.scenarios.identity import IDENTITY
from tests.crash.scenarios.small import SMALL

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in (*SMALL, IDENTITY)}
