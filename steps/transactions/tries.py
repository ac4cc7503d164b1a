"""How often work is tried if it conflicts with other transactions."""

from __future__ import annotations

TRIES = 5
"""How often a step or a revision is tried. The failed attempt was rolled back, so nothing is done twice."""
