"""How often work is tried that lost against another transaction."""

from __future__ import annotations

TRIES = 5
"""How often a step or a revision is tried. What lost was rolled back, so a second try repeats nothing."""
