"""The order that a run gets, and the report that it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from initdb.errors import Rendered
from initdb.events.entry import Entry
from initdb.events.payloads.form import Payload
from initdb.settings.values import OrderName
from initdb.steps.context import StepContext

Command = Callable[[StepContext], Sequence[Payload]]
"""Does the work of an order. It returns the events that are committed together with the end of the run."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks of a run. The default asks only that it goes on to ready.

    Attributes:
        reason: Why there is a run. With a reason the run begins even if there is nothing to do.
        override: The number of the entry of the failure that is overridden.
        retry: Revisions that are applied again, although they began or are recorded.
        trigger: The trigger for which the table must have a row, or `command` is refused.
        command: Called after the inspection. Then the run ends.
        firsts: Called after the inspection, each with the state. Then the run goes on to ready.
        insist: Whether the run begins in spite of a crash loop.
        reseed: The names of seed sources that are applied once more.
        accepts: File → hash, for the edited files that are right as they are.
        asks: What it asks for, by the names that the settings know; see `initdb.settings.values.OrderName`.
        why: Why the person gives it, in their words.
    """

    reason: str | None = None
    override: int | None = None
    retry: tuple[str, ...] = ()
    trigger: str | None = None
    command: Command | None = None
    firsts: tuple[Callable[[StepContext, str], None], ...] = ()
    insist: bool = False
    reseed: tuple[str, ...] = ()
    accepts: Mapping[str, str] = field(default_factory=dict)
    asks: tuple[OrderName, ...] = ()
    why: str | None = None

    @property
    def forced(self) -> bool:
        """Whether a run begins even if there is nothing to do."""
        return self.reason is not None


@dataclass(slots=True)
class Report:
    """What a run did.

    Attributes:
        run: Its identifier.
        entries: The entries that it wrote.
        failure: The error with which it failed.
        exit_code: The exit code of that error.
        stopped: The signal that stopped it.
    """

    run: str
    entries: list[Entry] = field(default_factory=list)
    failure: Rendered | None = None
    exit_code: int = 1
    stopped: int | None = None
