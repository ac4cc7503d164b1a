"""`initdb journal --follow`: looks for new entries from time to time, and keeps no connection in between."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from initdb.cli.entries.filters import Filters
from initdb.cli.entries.reading import read
from initdb.cli.output.journal_lines import Story
from initdb.cli.output.screen import Screen
from initdb.errors import InitError
from initdb.settings import Settings

PAUSE = 0.5
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Follower:
    """Follows a journal, and writes the entries that the filters let pass."""

    engine: Engine
    settings: Settings
    screen: Screen
    filters: Filters
    story: Story

    def follow(self, seen: int) -> None:
        """Write each new entry, until the process is stopped, or no later entry can pass.

        It waits for a journal that does not exist yet, and for a database that cannot be reached.

        Args:
            seen: The number of the last entry that was written.

        Raises:
            InitError: An error that waiting cannot help.
        """
        away = ""
        while not self.screen.is_gone:
            over = self.filters.is_over(datetime.now(UTC))
            if not over:
                time.sleep(PAUSE)
            try:
                found = read(self.engine, self.settings, self.filters.select, after=seen)
            except InitError as error:
                if not error.rendered().passing:
                    raise
                if error.reference != away:
                    self.screen.warn(f"waiting: {error.row.message}")
                away = error.reference
                continue
            away = ""
            for entry in found.entries:
                self.story.write(entry)
                seen = entry.seq
            if found.error is not None:
                raise found.error
            if over:
                return
