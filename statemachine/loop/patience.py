"""What a step is tried again for within its run, how often, and how long."""

from __future__ import annotations

from initdb.errors import InitError
from initdb.events.clock import Clock
from initdb.statemachine.table import State

TRIES = 5
"""How often a step is tried that lost against others; a revision is as often, within its step."""

CONFLICTS = frozenset({"deadlock", "serialization-failure", "lock-timeout"})
"""The step lost against another transaction and was rolled back whole: as if it had not begun."""

REFUSED = frozenset({"too-many-connections", "database-closed"})
"""The connection that an env.py opens for itself was not given, as ours might not have been."""


class Patience:
    """The patience of one step: a few tries after a conflict, `limit` s for a connection."""

    def __init__(self, state: State, database: str, limit: float, clock: Clock) -> None:
        self._state, self._database, self._clock = state, database, clock
        self._tries, self._until, self._pause = 1, clock.monotonic() + limit, 0.1

    def after(self, error: InitError) -> float | None:
        """The pause in s until the next try; None where the step has failed."""
        if error.reference in REFUSED and self._clock.monotonic() < self._until:
            self._pause = min(self._pause * 1.5, 1.0)
            return self._pause
        if error.reference in CONFLICTS and self._may_end(error) and self._tries < TRIES:
            self._tries += 1
            return 0.5 * (self._tries - 1)
        return None

    def _may_end(self, error: InitError) -> bool:
        """A revision has been tried again already; on SQLite nobody else has a lock while we write."""
        if self._state == State.behind:
            return False
        return error.reference != "lock-timeout" or self._database == "postgresql"
