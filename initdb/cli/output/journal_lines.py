"""Prints the journal for a person: one line for each event, grouped by run, failures as they were shown."""

from __future__ import annotations

import json

from initdb.cli.output.progress import STYLES
from initdb.cli.output.screen import Screen
from initdb.events.entry import Entry
from initdb.statemachine.render.sentences import details, place, told, writer

AT_ONCE = 500
"""How many lines of JSON are printed at once."""


class Story:
    """Prints entries in their order. If the screen prints JSON, they are printed as they are stored: many at
    once, and the last ones with `flush`."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._run: str | None = None
        self._lines: list[str] = []

    def write(self, entry: Entry) -> None:
        """Print an entry: number, time, host/process, states, event, what it says, and its details."""
        if self._screen.as_json:
            self._lines.append(_json_line(entry.text))
            if len(self._lines) == AT_ONCE:
                self.flush()
            return
        if entry.run != self._run:
            if self._run is not None:
                self._screen.say("")
            self._screen.say((f"run {entry.run}", "bold"), f"  {writer(entry.by)}")
            self._run = entry.run
        state = entry.dest if entry.source == entry.dest else f"{entry.source} → {entry.dest}"
        self._screen.say(
            (f"{entry.seq:>5}  {entry.at[:10]} {entry.at[11:23]}Z  {place(entry.by)}  ", "dim"),
            f"{state:<21}  ",
            (f"{entry.type:<19}", STYLES.get(entry.type, "")),
            f"  {told(entry)}",
        )
        for line in details(entry):
            self._screen.say(" " * 9, (f"| {line}", STYLES.get(entry.type, "yellow")))

    def flush(self) -> None:
        """Print what was not printed yet."""
        if self._lines:
            self._screen.print("\n".join(self._lines))
            self._lines.clear()


def _json_line(text: str) -> str:
    """The stored text. Control characters, which only an owner can have put there, are spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return json.dumps(json.loads(text)).replace("\x7f", "\\u007f")
