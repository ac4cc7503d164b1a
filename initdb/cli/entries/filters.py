"""Chooses the entries of the journal that a person asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from initdb.events.types import UNSEEN
from initdb.nearest import did_you_mean

if TYPE_CHECKING:
    from initdb.events.entry import Entry

_DURATION = re.compile(r"(\d{1,6})(ms|s|m|h|d|w)", re.ASCII)
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Filters:
    """What an entry must fulfil. An empty filter lets every entry pass.

    Attributes:
        run: The beginning of the id of its run.
        types: The types of events.
        states: The states that it leads to or leaves.
        since: The earliest time, in the form that entries have.
        snapshots: Whether snapshots pass if no type is asked for. They report nothing that happened.
        until: The latest time, in the form that entries have.
        grep: A text that must be in what is printed of it, or in what is stored, in whatever case.
        failed: Whether only failures pass, with what led to each.
    """

    run: str = ""
    types: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    since: str = ""
    snapshots: bool = False
    until: str = ""
    grep: str = ""
    failed: bool = False

    @property
    def is_of_columns(self) -> bool:
        """Whether the columns of an entry alone say whether it passes."""
        return not (self.states or self.grep or self.failed)

    def select(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The entries that are asked for.

        Args:
            entries: In their order.
        """
        return filter(self._passes, leading_to_failures(entries) if self.failed else entries)

    def is_over(self, now: datetime) -> bool:
        """Whether no later entry can pass.

        Args:
            now: The time.
        """
        from initdb.events.canonical import timestamp

        return bool(self.until) and timestamp(now) > self.until

    def _passes(self, entry: Entry) -> bool:
        return (
            entry.run.startswith(self.run)
            and (entry.type in self.types if self.types else self.snapshots or entry.type not in UNSEEN)
            and (not self.states or entry.dest in self.states or entry.source in self.states)
            and entry.at >= self.since
            and (not self.until or entry.at <= self.until)
            and (not self.grep or self.grep.casefold() in searched(entry).casefold())
        )

    def refuse_unknown(self) -> None:
        """Refuse names that are not known: they were mistyped.

        Raises:
            click.BadParameter: There is no such type or state.
        """
        for option, given, known in (
            ("--type", self.types, known_types()),
            ("--state", self.states, known_states()),
        ):
            for name in given:
                if name not in known:
                    raise click.BadParameter(
                        f"there is no {name!r}{did_you_mean(name, known)}", param_hint=option
                    )


def known_types() -> dict[str, str]:
    """Each type of events, with its meaning."""
    from initdb.events.types import EVENTS, NOTES

    return {**EVENTS, **NOTES}


def known_states() -> tuple[str, ...]:
    """The states of a database."""
    from initdb.statemachine.table import State

    return tuple(State)


def last(entries: Iterable[Entry], number: int | None) -> Iterator[Entry]:
    """The last entries.

    Args:
        entries: In their order.
        number: How many; None is all.
    """
    if number is None:
        yield from entries
        return
    from collections import deque

    yield from deque(entries, maxlen=number)


LED = 3
"""How many entries before a failure are shown with it, besides the beginning of its run."""


def leading_to_failures(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The failures, and what led to each: how its run began, and the entries right before it.

    A run that another process had to resume has failed too: its process was killed, or its machine was.

    Args:
        entries: In their order.
    """
    from collections import deque

    from initdb.events.payloads.runs import RunResumed, RunStarted, StepFailed

    began: list[Entry] = []
    before: deque[Entry] = deque(maxlen=LED)
    for entry in entries:
        if entry.type in UNSEEN:
            continue
        if entry.type in (StepFailed.type, RunResumed.type):
            yield from (*began, *before, entry)
            began.clear()
            before.clear()
        elif entry.type == RunStarted.type:
            began[:] = [entry]
            before.clear()
        else:
            before.append(entry)


def searched(entry: Entry) -> str:
    """The text in which `--grep` searches: what is printed of an entry, and the event as it is stored.

    Args:
        entry: The entry.
    """
    import json

    from initdb.events.canonical import decode
    from initdb.statemachine.render.sentences import details, place, told

    stored = json.dumps(decode(entry.text), ensure_ascii=False)
    return "\n".join((place(entry.by), told(entry), *details(entry), stored))


class Moment(click.ParamType[int | str]):
    """A moment of the journal: the number of an entry, or a time as for --since, in the form of entries."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Read it.

        Args:
            value: What was typed.
            param: The option.
            ctx: Its context.

        Raises:
            click.BadParameter: It is neither.
        """
        text = str(value).strip()
        if text.isascii() and text.isdecimal() and len(text) <= 18 and int(text) > 0:
            return int(text)
        return since(ctx, param, text)


def since(ctx: click.Context | None, parameter: click.Parameter | None, value: str | None) -> str:
    """A time in the form that entries have; empty for None.

    Args:
        ctx: The context of the option.
        parameter: The option.
        value: A time (ISO 8601; UTC if it has no zone), or how long ago: `90s`, `2h`, `3d`.

    Raises:
        click.BadParameter: It is neither.
    """
    from initdb.events.canonical import timestamp

    if value is None:
        return ""
    try:
        if ago := _DURATION.fullmatch(value.strip()):
            return timestamp(datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
        return timestamp(datetime.fromisoformat(value.strip()))
    except (ValueError, OverflowError):
        allowed = "neither a time such as 2026-11-23T08:06 nor a duration such as 90s, 2h or 3d"
        raise click.BadParameter(allowed, ctx, parameter) from None
