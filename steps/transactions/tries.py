"""How often work is tried that conflicts with other transactions."""

from __future__ import annotations

TRIES = 5
"""How often a step or a revision is tried. What lost was rolled back, so a second try repeats nothing."""
