"""`initdb journal --follow`: looks for new entries from time to time, and keeps no connection in between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from initdb.cli.entries.reading import Reader
from initdb.cli.output.journal_lines import Story
from initdb.cli.output.screen import Screen
from initdb.errors import InitError
from initdb.events.entry import Entry

PAUSE = 0.5
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Follower:
    """Follows a journal, and writes the entries that are asked for."""

    reader: Reader
    screen: Screen
    story: Story

    def follow(self, seen: int) -> None:
        """Write each new entry, until the process is stopped, or no later entry can pass.

        It waits for a journal that does not exist yet, and for a database that cannot be reached.

        Args:
            seen: The number of the last entry that needs no look.

        Raises:
            InitError: An error that waiting cannot help.
        """
        for entry in self.reader.select(self._arriving(seen)):
            self.story.write(entry)
            self.story.flush()

    def _arriving(self, seen: int) -> Iterator[Entry]:
        """The entries after one, which are looked for from time to time. None is read twice."""
        away = ""
        while not self.screen.is_gone:
            over = self.reader.filters.is_over(datetime.now(UTC))
            if not over:
                time.sleep(PAUSE)
            try:
                found = self.reader.since(seen)
                for entry in found.entries:
                    seen = entry.seq
                    yield entry
            except InitError as error:
                if not error.rendered().passing:
                    raise
                if error.reference != away:
                    self.screen.warn(f"waiting: {error.row.message}")
                away = error.reference
                continue
            away, seen = "", max(seen, found.upto)
            if over:
                return
