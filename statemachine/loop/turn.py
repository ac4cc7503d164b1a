"""Waits for its turn: asks for the baton, and knows when there is something to look at first."""

from __future__ import annotations

from initdb.events.baton import Baton, try_baton
from initdb.events.glance import glance
from initdb.events.head import HeadMoved
from initdb.statemachine.decide.verdict import Look
from initdb.statemachine.site import Site

FRESH, OLDEST = 2.0, 16.0
"""After how long, in s, a process that waits looks at everything again; twice as long each time, up to the
second figure.

A hundred that wait must not be in the way of the one that works.
"""


class Turn:
    """One process's wait for the baton, since it last looked.

    Args:
        site: The place.
        seen: What was seen.
        fresh: After how many seconds to look again. Progress that only a look sees has to be seen in time.

    On PostgreSQL, as long as the same session holds it, each time is only a glance: the head's number and the
    holder. On SQLite it is a lock on a file.

    Attributes:
        moved: Whether the holder has written since it was asked for the last time.
        must_look: Whether everything is to be looked at before anything else is done.
    """

    def __init__(self, site: Site, seen: Look, fresh: float = FRESH) -> None:
        self._site, self._seen = site, seen
        head = seen.head if site.engine.dialect.name != "sqlite" else None
        self._first = self._head = (head.seq, head.hash) if head else None
        self._until = site.clock.monotonic() + min(fresh, site.settings.wait_limit / 4)
        self._asked, self._held = 0, tuple[int, ...]()
        self.moved = self.must_look = False

    def ask(self) -> Baton | None:
        """Ask for the baton.

        Returns:
            The baton; None if another process has it, or if there is something to look at first.

        Raises:
            InitError, sqlalchemy.exc.SQLAlchemyError: As `try_baton`.
        """
        self.moved = False
        if self._is_held():
            return None
        try:
            baton = try_baton(self._site.engine, self._seen.journal, self._head)
        except HeadMoved as moved:
            self.must_look = moved.head is None
            self.moved, self._head, self._asked = True, moved.head, self._asked + 1
            return None
        if baton is not None and self._asked and (self._head is None or self._head != self._first):
            # Others can look at the same time, but only one has the baton.
            baton.release()
            self.must_look = True
            return None
        self._asked += 1
        return baton

    def is_over(self) -> bool:
        """Whether it is time to look at everything again: the journal, too, if there was none."""
        is_new = self._first is None and self._site.engine.dialect.name != "sqlite"
        return is_new or self._site.clock.monotonic() > self._until

    def _is_held(self) -> bool:
        """Whether the session that was judged still holds the baton; whether it has written."""
        if self._asked == 0 or self._head is None:
            return False
        seen = glance(self._site.engine, self._seen.journal)
        if seen is None or not seen.holders or seen.holders != (self._held or seen.holders):
            return False
        self.moved, self._head, self._held = seen.head != self._head, seen.head, seen.holders
        return True
