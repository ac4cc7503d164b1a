"""How many random examples a property is tried on: enough to find a fault, few enough to be run often."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long it takes to draw an example says how busy the machine is.
_BUSY = [HealthCheck.too_slow]

some = settings(max_examples=50, deadline=None, suppress_health_check=_BUSY)
many = settings(max_examples=120, deadline=None, suppress_health_check=_BUSY)
