"""An outage is one note, however many tries it spoiled: written when it is over, or when it is given up."""

from __future__ import annotations

from dataclasses import replace

from initdb.errors import InitError
from initdb.events.canonical import timestamp
from initdb.events.ids import time_ordered
from initdb.events.payloads.form import Payload
from initdb.events.payloads.notes import Outage as OutageSaid
from initdb.events.spool import Note
from initdb.statemachine.assemble.site import Site


class Outage:
    """What stands between a process and its database, as long as it does."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._told: OutageSaid | None = None

    def met(self, error: InitError) -> str:
        """One try more that `error` spoiled; gives what is the matter, in one line."""
        now, said = timestamp(self._site.clock.now()), error.rendered()
        told = self._told or OutageSaid(first=now, last=now, reference=said.reference)
        self._told = replace(told, last=now, count=told.count + 1, context=tuple(said.context))
        return f"{said.message} ({'; '.join(said.context)})"

    def tell(self) -> None:
        """Note it, if there was one, and forget it."""
        if self._told is not None:
            note(self._site, self._told)
            self._told = None


def note(site: Site, said: Payload) -> None:
    """Keep an event in the spool until the next transaction that appends takes it along."""
    now = site.clock.now()
    site.spool.put(Note(time_ordered(now), said.type, timestamp(now), said.data()))
