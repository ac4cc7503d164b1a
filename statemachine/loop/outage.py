"""An outage is one note, however many tries it spoiled: written when it is over, or when it is given up."""

from __future__ import annotations

from collections.abc import Mapping

from initdb.errors import InitError
from initdb.events.canonical import timestamp
from initdb.events.ids import time_ordered
from initdb.events.spool import Note
from initdb.statemachine.assemble.site import Site


class Outage:
    """What stands between a process and its database, as long as it does."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._data: dict[str, object] = {}
        self._count = 0

    def met(self, error: InitError) -> str:
        """One try more that `error` spoiled; gives what is the matter, in one line."""
        now, said = timestamp(self._site.clock.now()), error.rendered()
        self._count += 1
        self._data = self._data or {"first": now, "reference": said.reference}
        self._data |= {"last": now, "count": self._count, "context": list(said.context)}
        return f"{said.message} ({'; '.join(said.context)})"

    def tell(self) -> None:
        """Note it, if there was one, and forget it."""
        if self._data:
            note(self._site, "outage", self._data)
            self._data, self._count = {}, 0


def note(site: Site, kind: str, data: Mapping[str, object]) -> None:
    """Keep an event in the spool until the next transaction that appends takes it along."""
    now = site.clock.now()
    site.spool.put(Note(time_ordered(now), kind, timestamp(now), data))
