"""`initdb restore`: shows the backups, or what a restore replaces; asks, does it, and says what follows."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click
from sqlalchemy import Engine

from initdb.cli.calling.call import Call
from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import DatabaseRestored
from initdb.statemachine.render.sentences import size_in_words
from initdb.statemachine.restoring import Exchange, Restoring, Saved


@dataclass(frozen=True, slots=True)
class Restoration:
    """One call of the command.

    Attributes:
        call: The call.
        engine: The engine of the database.
        restoring: Does the work.
    """

    call: Call
    engine: Engine
    restoring: Restoring

    def list(self) -> int:
        """Print the files from which the database can be restored."""
        say, saved = self.call.screen.say, self.restoring.saved()
        say(url_text(self.engine.url))
        if not saved:
            say(f"there is no backup in {self.restoring.folder}; to have one made before each change:")
            say('  backup = "before-changes"')
        else:
            say(f"backups in {self.restoring.folder}, the newest first:")
        for one in saved:
            say("  ", (one.path.name, "bold"), f"  {size_in_words(one.size)}, {_told(one.known)}")
        if saved:
            say(f"to restore one: initdb restore {shlex.quote(saved[0].path.name)}")
        self._emit("listed", backups=[_as_data(one) for one in saved])
        return 0

    def perform(self, name: str | None, *, assured: bool) -> int:
        """Restore the database.

        Args:
            name: The name of a backup, or its path; None for the one from before the last changes.
            assured: Whether --yes was given.

        Returns:
            The exit code: 0, or 1 if a person said no.

        Raises:
            InitError: See `initdb.statemachine.restoring`.
        """
        found = self.restoring.compare(name)
        self._show(found)
        if not assured and not self._confirmed(found):
            self.call.screen.warn("nothing was restored")
            return 1
        event = self.restoring.restore(found)
        self._report(found, event)
        return 0

    def _show(self, found: Exchange) -> None:
        say = self.call.screen.say
        say(("replaces  ", "dim"), (str(found.file), "bold"), f"  {_told(found.now)}")
        say(("by        ", "dim"), (str(found.backup), "bold"), f"  {_told(found.then)}")
        say(("keeps     ", "dim"), f"what is there now, as {found.aside}")
        if found.undone:
            say(("undoes    ", "dim"), f"{', '.join(found.undone)}: the backup does not have it")

    def _confirmed(self, found: Exchange) -> bool:
        if self.call.screen.as_json or not sys.stdin.isatty():
            names = {"BACKUP": str(found.backup), "DBFILE": str(found.file)}
            said, fix = "Nobody was there to ask.", "To replace it all the same: initdb restore BACKUP --yes"
            raise InitError("restore-refused", said, fix=fix, database="sqlite", names=names)
        return click.confirm("Restore it?", err=True)

    def _report(self, found: Exchange, event: DatabaseRestored) -> None:
        say = self.call.screen.say
        if event.replaced:
            say(("kept      ", "dim"), event.replaced)
        say(("restored", "bold green"), f": {found.file} is as of journal entry {event.is_}")
        names = ", ".join(found.undone)
        again = f"; it applies {names} again, if the code still has it" if names else ""
        say(f"to go on from there: initdb run{again}")
        self._emit(
            "restored",
            backup=event.backup,
            digest=event.digest,
            replaced=event.replaced,
            entry_was=event.was,
            entry_is=event.is_,
            undone=list(found.undone),
        )

    def _emit(self, outcome: str, **more: object) -> None:
        self.call.screen.emit(
            {
                "command": self.call.name,
                "exit_code": 0,
                "outcome": outcome,
                "database": {"kind": self.engine.dialect.name, "url": url_text(self.engine.url)},
                **dict.fromkeys(_OTHERS[outcome]),
                **more,
            }
        )


_RESTORED: Sequence[str] = ("backup", "digest", "replaced", "entry_was", "entry_is", "undone")
_OTHERS = {"listed": _RESTORED, "restored": ("backups",)}
"""Outcome → the fields that it leaves null."""


def _told(known: Knowledge | None) -> str:
    """What a journal says, in short."""
    if known is None:
        return "its journal cannot be read"
    at = f" at {known.last_at[:19]}Z" if known.last_at else ""
    rows = f", at revision {', '.join(known.heads)}" if known.heads else ""
    return f"journal entry {known.seq}{at}{rows}"


def _as_data(one: Saved) -> dict[str, object]:
    known = one.known
    return {
        "name": one.path.name,
        "path": str(one.path),
        "size": one.size,
        "entry": known.seq if known else None,
        "at": known.last_at if known else None,
        "rows": list(known.heads) if known else None,
    }
