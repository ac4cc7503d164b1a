"""`initdb replay`: finds the events that are asked for, replays the journal up to them, and prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click
from sqlalchemy import Connection, Engine

from initdb.cli.calling.call import Call
from initdb.cli.working.archived import NONE, Archived, history
from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.events.statements import run
from initdb.events.verify import Finding
from initdb.settings import Settings
from initdb.statemachine.decide.replaying import Point, points
from initdb.statemachine.render.replayed import WIDTH, change_lines, changes, facts_of, lines, title
from initdb.statemachine.site import journal_of
from initdb.steps.connect import reading


@dataclass(frozen=True, slots=True)
class Replay:
    """One call of the command.

    Attributes:
        call: The call.
        engine: The engine of the database.
        settings: The settings of its application.
    """

    call: Call
    engine: Engine
    settings: Settings

    def perform(self, asked: Sequence[int | str | None], older: Archived = NONE) -> int:
        """Replay, and print.

        Args:
            asked: One moment or two: a number, a time in the form that entries have, or None for the end.
            older: The rows in the journal's archive.

        Returns:
            The exit code: 1 if an event cannot have followed from those before it.

        Raises:
            InitError: There is no journal, or it cannot be read.
            click.BadParameter: There is no such entry.
        """
        with reading(self.engine), session(self.engine) as connection:
            journal, exists = journal_of(connection, self.settings)
            if not exists:
                raise InitError(
                    "journal-missing", url_text(self.engine.url), database=self.engine.dialect.name
                )
            with journal.readable(connection):
                numbers = [_number(connection, journal, one, older) for one in asked]
                entries = history(older, journal.read(connection))
                made = {point.entry.seq: point for point in points(entries, set(numbers))}
                upto = journal.archived(connection)
        for number in numbers:
            if number not in made:
                how = "is archived: add --archive FILE" if number <= upto else "does not exist"
                raise click.BadParameter(f"entry {number} {how}")
        if len(numbers) == 1:
            return self._show(made[numbers[0]])
        return self._compare(made[numbers[0]], made[numbers[1]])

    def _show(self, point: Point) -> int:
        say, facts = self.call.screen.say, facts_of(point)
        say((title(point), "bold"))
        for label, text in lines(facts):
            say((f"{label:<{WIDTH}}", "dim"), text)
        return self._end(point.broken, {"point": _data(point, facts)})

    def _compare(self, first: Point, second: Point) -> int:
        say, before, after = self.call.screen.say, facts_of(first), facts_of(second)
        made = changes(before, after)
        say((f"{'from':<{WIDTH}}", "dim"), (title(first), "bold"))
        say((f"{'to':<{WIDTH}}", "dim"), (title(second), "bold"))
        for label, text in change_lines(made):
            say((f"{label:<{WIDTH}}", "dim"), text)
        if not made:
            say("nothing that the journal knows has changed")
        last = first if first.entry.seq > second.entry.seq else second
        said = {"from": _data(first, before), "to": _data(second, after)}
        return self._end(last.broken, {**said, "changes": [one.data() for one in made]})

    def _end(self, broken: Sequence[Finding], said: dict[str, object]) -> int:
        screen, code = self.call.screen, 1 if broken else 0
        if broken:
            first = broken[0]
            screen.say((f"{'impossible':<{WIDTH}}", "bold red"), f"since entry {first.seq}: it {first.text}")
        for finding in broken[1:]:
            screen.say((f"entry {finding.seq}", "bold red"), f" {finding.text}")
        url = url_text(self.engine.url)
        screen.emit(
            {
                "command": self.call.name,
                "exit_code": code,
                "outcome": "impossible" if broken else "replayed",
                "database": {"kind": self.engine.dialect.name, "url": url},
                **said,
                "findings": [{"seq": finding.seq, "text": finding.text} for finding in broken],
            }
        )
        return code


def _data(point: Point, facts: dict[str, object]) -> dict[str, object]:
    entry = point.entry
    return {"entry": entry.seq, "at": entry.at, "type": entry.type, "run_of_entry": entry.run, **facts}


def _number(connection: Connection, journal: Journal, asked: int | str | None, older: Archived) -> int:
    """The number of the entry that is asked for."""
    last = journal.last(connection)[0]
    if asked is None:
        if last == 0:
            raise InitError("journal-missing", "it has no entry", database=connection.dialect.name)
        return last
    if isinstance(asked, int):
        if asked > last:
            raise click.BadParameter(f"there is no entry {asked}: the journal ends with entry {last}")
        return asked
    table = journal.table(connection, "init_journal")
    rows = run(connection, f"SELECT max(seq) FROM {table} WHERE at <= :at", {"at": asked})  # noqa: S608
    found = max((rows[0][0] or 0, *(row.seq for row in older if row.at <= asked)))
    if found == 0:
        raise click.BadParameter(f"there was no entry up to {asked}")
    if found == 1 and not older and journal.archived(connection):
        raise click.BadParameter(f"the entries up to {asked} are archived: add --archive FILE")
    return int(found)
