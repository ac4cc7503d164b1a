"""`initdb eject`: shows what it takes out, asks, does it, and says what is left for a person."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click
from sqlalchemy import Engine

from initdb.cli.calling.call import Call
from initdb.errors import InitError, Rendered
from initdb.errors.redact import url_text
from initdb.events.sessions import database_file
from initdb.settings import PREFIX, Settings
from initdb.statemachine.leaving import Found, Taken, look_for_journal, take_out

_AGAIN = re.compile(r"initdb (?:run|resume)$|initdb eject --to FILE")
"""What the fix of an error tells a person to type after it: here that is this command."""

_MOST_FINDINGS = 3


@dataclass(frozen=True, slots=True)
class Ejection:
    """One call of the command.

    Attributes:
        call: The call.
        engine: The engine of the database.
        settings: The settings of its application.
        to: The file of the export.
    """

    call: Call
    engine: Engine
    settings: Settings
    to: Path

    def perform(self, *, assured: bool) -> int:
        """Do all of it.

        Args:
            assured: Whether --yes was given.

        Returns:
            The exit code: 0, or 1 if a person said no.

        Raises:
            InitError: See `initdb.statemachine.leaving`. Its fix names this command with its file.
        """
        with self._naming_it(assured=assured):
            file = database_file(self.engine)
            if file is not None and not file.exists():
                raise InitError("unknown-database", f"{file} does not exist", database="sqlite")
            found = look_for_journal(self.engine, self.settings)
            if not (found.parts or found.files):
                self.call.screen.say(f"nothing of initdb is in {url_text(self.engine.url)}, or beside it")
                self._emit("nothing", found, Taken(), ())
                return 0
            self._show(found)
            if not assured and not self._confirmed():
                self.call.screen.warn("nothing was removed")
                return 1
            taken = take_out(self.engine, self.settings, self.to)
        self._report(found, taken)
        return 0

    @contextlib.contextmanager
    def _naming_it(self, *, assured: bool) -> Iterator[None]:
        try:
            yield
        except InitError as error:
            raise InitError.from_rendered(said_here(error, self.to, assured=assured)) from error

    def _confirmed(self) -> bool:
        if self.call.screen.as_json or not sys.stdin.isatty():
            raise InitError("eject-unconfirmed", url_text(self.engine.url))
        return click.confirm("Take initdb out of this database?", err=True)

    def _show(self, found: Found) -> None:
        say = self.call.screen.say
        say(("database  ", "dim"), url_text(self.engine.url))
        if found.head is None:
            say(("journal   ", "dim"), "none, but something of initdb was left")
        else:
            where = "" if self.engine.dialect.name == "sqlite" else f" in the schema {found.journal.schema}"
            say(
                ("journal   ", "dim"), f"{found.head.seq} entries{where}; the database is {found.known.state}"
            )
            say(("exports   ", "dim"), f"all entries to {self.to}")
        objects = [f"{part.kind} {part.name}" for part in found.parts]
        for number, name in enumerate([*objects, *(f"file {one}" for one in found.files)]):
            say((f"{'' if number else 'removes':<10}", "dim"), name)
        say(("keeps     ", "dim"), "all other tables with their rows, and Alembic's version table")
        for warning in warnings_of(found):
            self.call.screen.warn(f"warning: {warning}")

    def _report(self, found: Found, taken: Taken) -> None:
        screen, left = self.call.screen, left_by_hand(self.settings, taken, os.environ, flask=self._is_flask)
        if found.head is not None:
            last = f", the last with hash {taken.hash}" if taken.hash else ""
            screen.say(("exported  ", "dim"), f"{taken.entries} entries to {self.to}{last}")
        for finding in taken.findings[:_MOST_FINDINGS]:
            screen.warn(f"warning: the journal was not intact: entry {finding.seq} {finding.text}")
        if (more := len(taken.findings) - _MOST_FINDINGS) > 0:
            screen.warn(f"warning: {more} more findings in the journal; the export has it as it was")
        for name in taken.removed:
            screen.say(("removed   ", "dim"), name)
        screen.say(("initdb is out of this database", "bold green"), "; left for you to remove:")
        for line in left:
            screen.say("  - ", line)
        self._emit("ejected", found, taken, left)

    @property
    def _is_flask(self) -> bool:
        return self.call.flask is not None or self.settings.app is not None

    def _emit(self, outcome: str, found: Found, taken: Taken, left: Collection[str]) -> None:
        self.call.screen.emit(
            {
                "command": self.call.name,
                "exit_code": 0,
                "outcome": outcome,
                "database": {"kind": self.engine.dialect.name, "url": url_text(self.engine.url)},
                "journal_schema": found.journal.schema if found.head else None,
                "entries": taken.entries,
                "hash": taken.hash,
                "file": str(self.to) if found.head else None,
                "findings": [{"seq": finding.seq, "text": finding.text} for finding in taken.findings],
                "removed": list(taken.removed),
                "left": list(left),
                "warnings": list(warnings_of(found)),
            }
        )


def said_here(error: InitError, to: Path, *, assured: bool) -> Rendered:
    """A failure with what was kept and how to go on, if it was this command that failed.

    Args:
        error: The failure.
        to: The file of the export.
        assured: Whether --yes was given.
    """
    said = error.rendered()
    if error.reference == "export-refused":
        to = free(to)
    again = f"initdb eject --to {shlex.quote(str(to))}{' --yes' if assured else ''}"
    if error.reference == "connection-lost":
        return replace(
            said,
            kept="Either everything was removed and the export is complete, or nothing was removed.",
            fix=f"Call it again: it does what is left: {again}",
        )
    fix = _AGAIN.sub(lambda _: again, said.fix)
    return replace(said, kept="Nothing was removed: the journal is as it was.", fix=fix)


def free(path: Path) -> Path:
    """A path like this one at which there is nothing yet.

    Args:
        path: The path that cannot be used.
    """
    number = 2
    while (found := path.with_name(f"{path.stem}-{number}{path.suffix}")).exists():
        number += 1
    return found


def warnings_of(found: Found) -> tuple[str, ...]:
    """What is lost with the journal, or not finished, as sentences.

    Args:
        found: What there is of initdb.
    """
    known, said = found.known, []
    if found.unreadable:
        said.append(f"Some of the journal cannot be read ({found.unreadable}). It is exported as it is.")
    elif found.head is not None and known.state != "ready":
        said.append(f"The database is {known.state}, not ready: to finish first what was begun: initdb run")
    if known.doubt:
        said.append(
            f"Revision {known.doubt.subject} was interrupted half-way. Plain Alembic would run it once more"
            " from its beginning. See first what it has done: initdb explain revision-in-doubt"
        )
    if known.held:
        names = ", ".join(known.held)
        said.append(f"Held after a rollback: {names}. Alembic's next upgrade to head applies it again.")
    if found.notes:
        said.append(
            f"Of the outages that the journal has not recorded yet {found.notes} notes are removed too."
        )
    return tuple(said)


def left_by_hand(
    settings: Settings, taken: Taken, environ: Collection[str], *, flask: bool
) -> tuple[str, ...]:
    """What a person has to remove, one line each.

    Args:
        settings: The settings of the application.
        taken: What was taken out.
        environ: The names of the environment variables.
        flask: Whether it is a Flask application.
    """
    calls = "init_app(…) of initdb" if flask else "initdb"
    said = [f"the calls of {calls} in your code and your deployment: the next boot would begin a new journal"]
    for source in map(Path, settings.sources):
        own = source.name == "initdb.toml"
        said.append(f"the file {source}" if own else f"the table [tool.initdb] in {source}")
    if flask:
        said.append(f"the keys of app.config that begin with {PREFIX}, if there are any")
    if variables := sorted(name for name in environ if name.startswith(PREFIX)):
        said.append(f"the environment variables {', '.join(variables)}")
    on_server = any(one.startswith("function ") for one in taken.removed)  # SQLite has no schemas
    if (
        on_server
        and settings.journal_schema
        and not any("schema" in one for one in (*taken.removed, *taken.left))
    ):
        said.append(f"the schema {settings.journal_schema}, if nothing else is in it")
    said += taken.left
    for name in settings.companion_urls():
        if name != settings.database:
            said.append(
                f"the journal of the database {name}: initdb eject --database {name} --to {name}.jsonl"
            )
    return (*said, "the package: pip uninstall initdb-journal")
