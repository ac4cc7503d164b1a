"""Prints what a run does: a line for each event, and how far the current step is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from initdb.cli.output.screen import Screen
from initdb.events.entry import Entry
from initdb.events.payloads.work import SeedBatchApplied
from initdb.statemachine.render.sentences import details, told
from initdb.statemachine.site import Waiting, Watcher
from initdb.steps.context import Progress

PAUSE = 2.0
"""Seconds between two lines about one seed, if no line can be updated in place."""

STYLES = {
    "health_validated": "green",
    "step_failed": "bold red",
    "defects_found": "yellow",
    "run_resumed": "yellow",
    "run_continued": "yellow",
    "run_stopped": "yellow",
    "migration_reverted": "yellow",
}
"""Event type → the colour of its line. The others have none."""

AT_THE_END = frozenset({"step_failed", "database_inspected"})
"""Events of which the command prints the details at its end: the error, the edited files."""

_VERBS = {
    "inspect": "looking at the database",
    "create_schema": "creating the schema",
    "adopt": "comparing the tables with the models",
    "migrate": "applying revision",
    "roll_back": "rolling back revision",
    "seed": "seeding",
    "validate": "validating",
    "repair": "repairing",
    "back_up": "backing up",
}


class ProgressLines:
    """Prints what a run reports.

    Args:
        screen: Where to print.
        clock: Gives seconds.
    """

    def __init__(self, screen: Screen, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen, self._clock = screen, clock
        self._doing, self._waiting, self._told_at = "", "", 0.0

    @property
    def waited(self) -> bool:
        """Whether this process had to wait."""
        return bool(self._waiting)

    def watcher(self) -> Watcher:
        """The functions that a run calls."""
        return Watcher(
            entry=self.entry,
            progress=self.progress,
            waiting=self.waiting,
            announce=self._screen.say,
        )

    def entry(self, entry: Entry) -> None:
        """Print an event that was committed."""
        if not self._is_worth_a_line(entry):
            return
        self._told_at = self._clock()
        self._screen.say((entry.at[11:23], "dim"), "  ", (told(entry), STYLES.get(entry.type, "")))
        if entry.type not in AT_THE_END:
            for line in details(entry):
                self._screen.say(" " * 14, (line, "yellow"))
        self._screen.show(self._doing)

    def progress(self, progress: Progress) -> None:
        """Show how far a step is."""
        self._doing = doing(progress)
        if progress.subject == "identity":
            # The step itself prints the first password of the administrator on the terminal.
            self._doing = ""
            self._screen.clear()
        else:
            self._screen.show(self._doing)

    def waiting(self, waiting: Waiting) -> None:
        """Print what this process waits for: another process, or the database.

        On a terminal the whole line is printed once, and again if it is not about the same process any more.
        """
        line = f"waiting: {waiting.why}"
        told = self._screen.is_live and waiting.since is not None and bool(self._waiting)
        if line != self._waiting and not told:
            self._screen.say(line)
        self._screen.show(f"waiting{_for(waiting.since)} ({_how_to_stop(waiting.left)}): {waiting.why}")
        self._waiting = line

    def _is_worth_a_line(self, entry: Entry) -> bool:
        """Whether an event is printed. Of a seed's batches, the last one is, and one from time to time."""
        if entry.type != SeedBatchApplied.type or SeedBatchApplied.read(entry.data).complete:
            return True
        return not self._screen.is_live and self._clock() - self._told_at >= PAUSE


def doing(progress: Progress) -> str:
    """How far a step is, in words.

    Example:
        >>> doing(Progress("migrate", "3f0c9a", 2, 5))
        'applying revision 3f0c9a (2 of 5) …'
        >>> doing(Progress("seed", "20_products.csv", 3000))
        'seeding 20_products.csv: 3,000 rows …'
    """
    text = _VERBS.get(progress.step, progress.step)
    if progress.subject:
        text += f" {progress.subject}"
    if progress.step == "back_up":
        return f"{text}: {progress.number} % …" if progress.of else f"{text} …"
    if progress.of:
        return f"{text} ({progress.number} of {progress.of}) …"
    return f"{text}: {progress.number:,} rows …" if progress.number else f"{text} …"


def _how_to_stop(left: float | None) -> str:
    return "Ctrl-C stops" if left is None else f"at most {left:.0f} s more; Ctrl-C stops"


def _for(since: str | None) -> str:
    if since is None:
        return ""
    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()
    except ValueError:
        return ""
    return f" for {max(0, round(seconds))} s"
