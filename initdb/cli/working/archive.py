"""`initdb journal archive`: moves the entries, and says what was moved."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from initdb.cli.calling.call import Call
from initdb.cli.working.export import said_here
from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.errors.safe import safe_text
from initdb.settings import Settings
from initdb.statemachine.archiving import archive
from initdb.steps.connect import reading


@dataclass(frozen=True, slots=True)
class Archive:
    """One call of the command.

    Attributes:
        call: The call.
        engine: The engine of the database.
        settings: The settings of its application.
    """

    call: Call
    engine: Engine
    settings: Settings

    def perform(self, to: Path, before: int | str, reason: str) -> int:
        """Archive the entries before a moment.

        Args:
            to: The file.
            before: The number of an entry, or a time in the form that entries have.
            reason: Why.

        Returns:
            The exit code: 0, also if there was nothing to move.

        Raises:
            InitError: See `initdb.statemachine.archiving.archive`.
        """
        try:
            with reading(self.engine):
                done = archive(self.engine, self.settings, to, before, safe_text(reason))
        except InitError as error:
            if error.reference != "export-refused":
                raise
            command = f"initdb journal archive {{}} --before {shlex.quote(str(before))} --reason '…'"
            raise InitError.from_rendered(said_here(error, to, command)) from error
        say, name = self.call.screen.say, shlex.quote(str(to))
        if done is None:
            say(
                ("nothing to archive", "bold green"),
                ": there is no snapshot before it from which boots could go on",
            )
        else:
            say(
                ("archived", "bold green"),
                f": {done.moved} entries, 2 to {done.upto}, are in {to} and no longer in the database",
            )
            say(f"The file has {done.written} entries of the journal. To check the history as a whole:")
            say(f"  initdb journal verify --archive {name}")
        self.call.screen.emit(
            {
                "command": self.call.name,
                "exit_code": 0,
                "outcome": "archived" if done else "nothing",
                "database": {"kind": self.engine.dialect.name, "url": url_text(self.engine.url)},
                "file": str(to),
                "upto": done.upto if done else None,
                "hash": done.hash if done else None,
                "moved": done.moved if done else 0,
                "entries": done.written if done else 0,
            }
        )
        return 0
