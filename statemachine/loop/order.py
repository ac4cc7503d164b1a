"""What a run is asked to do, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from initdb.errors import Rendered
from initdb.events.entry import Entry
from initdb.events.payloads.form import Payload
from initdb.steps.context import StepContext

Command = Callable[[StepContext], Sequence[Payload]]
"""Does its work and gives the events that are still to be told, together with the end of the run."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is for: until ready, or a command that a person gave.

    `command` runs once the database has been inspected, where the table has a row for `trigger`, and ends
    the run; `firsts` are done after inspection, one after the other, and the run goes on to ready.
    `insist`: a crash loop is no bar.
    `reseed`: seed sources that are gone through once more although they are applied.
    """

    reason: str | None = None
    override: int | None = None
    retry: tuple[str, ...] = ()
    trigger: str | None = None
    command: Command | None = None
    firsts: tuple[Callable[[StepContext, str], None], ...] = ()
    insist: bool = False
    reseed: tuple[str, ...] = ()

    @property
    def forced(self) -> bool:
        """Whether it begins even where there is nothing to do."""
        return self.reason is not None


@dataclass(slots=True)
class Report:
    """What a run did: its id, the events it wrote, and the failure it ended with."""

    run: str
    entries: list[Entry] = field(default_factory=list)
    failure: Rendered | None = None
    exit_code: int = 1
    stopped: int | None = None
