"""How many random examples a property is tried on: enough to find a fault, few enough to be run often."""

from __future__ import annotations

from hypothesis import settings

some = settings(max_examples=50, deadline=None)
many = settings(max_examples=120, deadline=None)
