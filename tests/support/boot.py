"""A boot in a thread of the test's process, with its reports; revisions that wait until they may go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from initdb.events.entry import Entry
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.site import Waiting, Watcher
from tests.support.toy import Toy, table_up
from tests.support.waiting import wait_until

LIMIT = 60.0
"""Seconds until a boot that has not ended is taken to hang."""


class Boot:
    """Attends at once, in a thread. `first`: when its first event was committed, by time.monotonic()."""

    def __init__(
        self,
        toy: Toy | Initializer,
        *,
        mode: str = "work",
        watch: Callable[[Entry], None] | None = None,
        **options: Any,
    ) -> None:
        """`watch` is called after each event; `options` are settings."""
        self.said: list[str] = []
        self.events: list[str] = []
        self.first = 0.0
        self._watch = watch
        self._outcomes: list[Outcome] = []
        self._initializer = toy.initializer(**options) if isinstance(toy, Toy) else toy
        self._initializer.site.watcher = Watcher(entry=self._entry, waiting=self._waiting)
        self._thread = threading.Thread(target=self._run, args=(mode,))
        self._thread.start()

    def waits(self, words: str = "is at work") -> bool:
        """Once it has said that it waits, in these words; False where it ended or went on without."""
        return self.sees(lambda: any(words in why for why in self.said))

    def sees(self, holds: Callable[[], bool]) -> bool:
        """Once `holds` says yes, and goes on saying it; False where this has ended before."""
        wait_until(lambda: holds() or not self._thread.is_alive(), pause=0.02)
        return holds()

    def end(self) -> Outcome:
        """How it ended, once it has."""
        self._thread.join(LIMIT)
        assert self._outcomes, f"it has not ended: {self.said[-3:]}, {self.events}"
        return self._outcomes[0]

    def is_ready(self) -> Outcome:
        """Its end, which must be ready."""
        outcome = self.end()
        assert outcome.ending == "ready", outcome.error
        return outcome

    def _run(self, mode: str) -> None:
        self._outcomes.append(self._initializer.attend(mode=mode, host=True))

    def _entry(self, entry: Entry) -> None:
        self.first = self.first or time.monotonic()
        self.events.append(entry.type)
        if self._watch is not None:
            self._watch(entry)

    def _waiting(self, waiting: Waiting) -> None:
        self.said.append(waiting.why)


class Gate:
    """Makes a revision stop in its Python, the first time that it runs, until it is opened."""

    def __init__(self, toy: Toy, number: int = 2, *, before: str = "", after: str = "") -> None:
        """`before` and `after`: statements of Python around the stop, with the table that it makes first."""
        self._begun, self._open = toy.folder / f"begun-{number}", toy.folder / f"open-{number}"
        body = [
            table_up(number),
            *(f"    {line}" for line in before.splitlines()),
            "    import pathlib, time",
            f"    begun, gate = pathlib.Path({str(self._begun)!r}), pathlib.Path({str(self._open)!r})",
            "    begun.touch()",
            "    while not gate.exists():",
            "        time.sleep(0.005)",
            *(f"    {line}" for line in after.splitlines()),
        ]
        toy.revision(number, "\n".join(body), f'    op.drop_table("t{number}")')

    def reached(self) -> bool:
        """Once the revision has come to its stop."""
        return wait_until(self._begun.exists)

    def open(self) -> None:
        """Let it go on, now and at every later try."""
        Path(self._open).touch()
