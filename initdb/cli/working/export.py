"""`initdb journal export`: writes the entries to a file or to stdout, and says what was written."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from sqlalchemy import Engine

from initdb.cli.calling.call import Call
from initdb.cli.output.screen import Screen
from initdb.cli.working.eject import free
from initdb.errors import InitError, Rendered
from initdb.errors.redact import url_text
from initdb.events.export import ExportFile, line
from initdb.events.pages import PAGE
from initdb.events.verify import Stored
from initdb.settings import Settings
from initdb.statemachine.exporting import Exported, export, refuse_own_file


def program() -> str:
    """The text of the program that verifies an export."""
    return files("initdb.events").joinpath("verify_export.py").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Export:
    """One call of the command.

    Attributes:
        call: The call.
        engine: The engine of the database.
        settings: The settings of its application.
    """

    call: Call
    engine: Engine
    settings: Settings

    def perform(self, to: Path | None) -> int:
        """Export the journal.

        Args:
            to: The file; None for stdout.

        Returns:
            The exit code: 1 if stdout did not take all of it.

        Raises:
            InitError: "export-refused", and those of `initdb.statemachine.exporting`.
        """
        screen = self.call.screen
        if to is None:
            export(self.engine, self.settings, lambda rows: _printed(screen, rows))
            return 1 if screen.is_gone else 0
        try:
            refuse_own_file(self.engine, self.settings, to)
            done = export(self.engine, self.settings, lambda rows: _written(to, rows))
        except InitError as error:
            if error.reference != "export-refused":
                raise
            raise InitError.from_rendered(said_here(error, to, "initdb journal export {}")) from error
        self._report(done, to)
        return 0

    def _report(self, done: Exported, to: Path) -> None:
        say, name = self.call.screen.say, shlex.quote(str(to))
        last = f", the last with hash {done.hash}" if done.hash else ""
        say(("exported", "bold green"), f" {done.entries} entries to {to}{last}")
        say("To verify it on any machine with Python:")
        say("  initdb journal export --verifier > verify_export.py")
        say(f"  python3 verify_export.py {name}")
        self.call.screen.emit(
            {
                "command": self.call.name,
                "exit_code": 0,
                "outcome": "exported",
                "database": {"kind": self.engine.dialect.name, "url": url_text(self.engine.url)},
                "entries": done.entries,
                "hash": done.hash,
                "file": str(to),
            }
        )


def _written(to: Path, rows: Iterator[Stored]) -> Iterator[Stored]:
    """The rows, which are written to a file while they pass. The file is made if the journal can be read."""
    with ExportFile(to) as file:
        yield from file.written(rows)


def _printed(screen: Screen, rows: Iterator[Stored]) -> Iterator[Stored]:
    """The rows, which are printed while they pass, until stdout takes no more."""
    waiting: list[str] = []
    for row in rows:
        waiting.append(line(row).decode("ascii"))
        if len(waiting) >= PAGE:
            screen.print("".join(waiting).rstrip("\n"))
            waiting.clear()
        if screen.is_gone:
            return
        yield row
    if waiting:
        screen.print("".join(waiting).rstrip("\n"))


def said_here(error: InitError, to: Path, command: str) -> Rendered:
    """The failure, with what was kept and how to go on after a command.

    Args:
        error: The failure, "export-refused".
        to: The file that was named.
        command: The command, with {} for the file.
    """
    return replace(
        error.rendered(),
        kept="The journal is as it was.",
        fix="Name a file that does not exist yet, where this process may write:"
        f" {command.format(shlex.quote(str(free(to))))}",
    )
