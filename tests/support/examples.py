"""How many random examples a property test tries: enough to find a fault, few enough to run often."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long it takes to draw an example says how busy the machine is.
_BUSY = [HealthCheck.too_slow]

# Hypothesis says 100 but where `make mutation` has loaded a profile with fewer.
_PERCENT = settings.default.max_examples if settings.default else 100

some = settings(max_examples=_PERCENT // 2, deadline=None, suppress_health_check=_BUSY)
many = settings(max_examples=_PERCENT * 6 // 5, deadline=None, suppress_health_check=_BUSY)
