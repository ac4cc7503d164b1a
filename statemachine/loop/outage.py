"""Records an outage as one note, which is written when the outage is over or no longer waited for."""

from __future__ import annotations

from dataclasses import replace

from initdb.errors import InitError
from initdb.events.canonical import timestamp
from initdb.events.clock import Clock
from initdb.events.ids import time_ordered
from initdb.events.payloads.form import Payload
from initdb.events.payloads.notes import Outage as OutageSaid
from initdb.events.spool import Note, Spool
from initdb.statemachine.site import Site


class Outage:
    """A time in which a process cannot use its database.

    Args:
        site: What is to be brought to ready, and where.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._told: OutageSaid | None = None

    def met(self, error: InitError) -> str:
        """Count an error as part of the outage.

        Args:
            error: Why the database cannot be used.

        Returns:
            The error in one line.
        """
        now, said = timestamp(self._site.clock.now()), error.rendered()
        told = self._told or OutageSaid(first=now, last=now, reference=said.reference)
        self._told = replace(told, last=now, count=told.count + 1, context=tuple(said.context))
        return f"{said.message} ({'; '.join(said.context)})"

    def tell(self) -> None:
        """Write the note, if there was an outage, and begin anew."""
        if self._told is not None:
            note(self._site, self._told)
            self._told = None


def note(site: Site, said: Payload) -> None:
    """Keep an event in the spool. The next transaction that appends to the journal takes it along.

    Args:
        site: What is brought to ready, and where.
        said: The event.
    """
    note_for(site.spool, site.clock, said)


def note_for(spool: Spool, clock: Clock, said: Payload) -> None:
    """Keep an event in a spool, perhaps in that of another database; see `note`.

    Args:
        spool: That of the journal.
        clock: The time.
        said: The event.
    """
    now = clock.now()
    spool.put(Note(time_ordered(now), said.type, timestamp(now), said.data()))
