"""Decides whether a step that failed is retried in the same run, and when."""

from __future__ import annotations

from initdb.errors import InitError
from initdb.events.clock import Clock
from initdb.statemachine.table import State
from initdb.steps.transactions.tries import TRIES

CONFLICTS = frozenset({"deadlock", "serialization-failure", "lock-timeout"})
"""The errors of a step that another transaction got in the way of. It was rolled back whole."""

REFUSED = frozenset({"too-many-connections", "database-closed"})
"""The errors of a connection that an env.py could not open for itself."""


class Patience:
    """The retries of one step.

    Args:
        state: The state whose work the step does.
        database: "sqlite" or "postgresql".
        limit: For how many seconds a connection that was refused is asked for again.
        clock: The clock to measure them by.
    """

    def __init__(self, state: State, database: str, limit: float, clock: Clock) -> None:
        self._state, self._database, self._clock = state, database, clock
        self._tries, self._until, self._pause = 1, clock.monotonic() + limit, 0.1

    def after(self, error: InitError) -> float | None:
        """Decide about a retry.

        Args:
            error: What the step failed with.

        Returns:
            The seconds to wait before the retry; None if there is none.
        """
        if error.reference in REFUSED and self._clock.monotonic() < self._until:
            self._pause = min(self._pause * 1.5, 1.0)
            return self._pause
        if error.reference in CONFLICTS and self._may_end(error) and self._tries < TRIES:
            self._tries += 1
            return 0.5 * (self._tries - 1)
        return None

    def _may_end(self, error: InitError) -> bool:
        """A revision was retried in its step. On SQLite no one else can have a lock while we write."""
        if self._state == State.behind:
            return False
        return error.reference != "lock-timeout" or self._database == "postgresql"
