"""The whole machine on one page: states, guards, transitions and work. Data only; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from initdb.events.types import NOTES

Data = Mapping[str, Any]
Guard = Callable[[Data], bool]


class State(StrEnum):
    """What is true of the database, as far as the journal knows. Each has one piece of work; ready has
    none."""

    unknown = "unknown"  # no process has looked yet
    empty = "empty"  # no table of the application
    unmanaged = "unmanaged"  # tables of the application that neither Alembic nor initdb knows
    behind = "behind"  # revisions are pending
    unseeded = "unseeded"  # the schema is there, first rows are missing
    unproven = "unproven"  # everything is there, but not yet validated
    defective = "defective"  # something is wrong, and a repair may fix it
    ready = "ready"  # the application may serve


S = State


def conflicting(data: Data) -> bool:
    """The journal knows revisions that the version table has lost."""
    return bool(data.get("conflict"))


def nothing_there(data: Data) -> bool:
    """No table of the application, no version row, and the tables are not made by revisions."""
    return not data.get("tables") and not data.get("rows") and data.get("schema_from") != "migrations"


def nobody_manages(data: Data) -> bool:
    """Tables of the application that neither a version row nor the journal accounts for."""
    return bool(data.get("tables")) and not data.get("managed")


def revisions_pending(data: Data) -> bool:
    """Revisions are still to be applied."""
    return bool(data.get("pending"))


def seeds_pending(data: Data) -> bool:
    """Seed sources are still to be applied."""
    return bool(data.get("seeds_pending"))


def issues_found(data: Data) -> bool:
    """Validation found errors; warnings are no defects."""
    return bool(data.get("issues"))


def nothing_found(data: Data) -> bool:
    """Validation found no error."""
    return not data.get("issues")


def defects_remain(data: Data) -> bool:
    """Something is still to be repaired."""
    return bool(data.get("defects"))


TRIGGERS: Mapping[str, str] = {
    "run_started": "begin",
    "run_resumed": "begin",
    "run_continued": "begin",
    "database_inspected": "inspect",
    "schema_created": "create_schema",
    "schema_adopted": "adopt",
    "migration_applied": "migrate",
    "seed_batch_applied": "seed",
    "defects_found": "validate",
    "health_validated": "validate",
    "repair_applied": "repair",
    "migration_reverted": "roll_back",
    **dict.fromkeys(NOTES, "note"),
}
"""Event type → what was asked for, as the event stores it. Each event type is one trigger of the machine."""


@dataclass(frozen=True, slots=True)
class Row:
    """One transition. Rows of one event and source are tried in order; the first guard that holds wins."""

    event: str
    source: State
    dest: State
    guard: Guard | None = None

    @property
    def trigger(self) -> str:
        """What was asked for."""
        return TRIGGERS[self.event]


def _onward(event: str, source: State) -> tuple[Row, ...]:
    """Where finished work leads: whatever is then still to be done."""
    return (
        Row(event, source, S.behind, revisions_pending),
        Row(event, source, S.unseeded, seeds_pending),
        Row(event, source, S.unproven),
    )


BEGINNINGS = ("run_started", "run_resumed", "run_continued")
"""The events after which the database is looked at, whatever was known of it."""

TABLE: tuple[Row, ...] = (
    *(Row(event, state, S.unknown) for event in BEGINNINGS for state in S),
    Row("database_inspected", S.unknown, S.defective, conflicting),
    Row("database_inspected", S.unknown, S.empty, nothing_there),
    Row("database_inspected", S.unknown, S.unmanaged, nobody_manages),
    *_onward("database_inspected", S.unknown),
    *_onward("schema_created", S.empty),
    *_onward("schema_adopted", S.unmanaged),
    *_onward("migration_applied", S.behind),
    *_onward("seed_batch_applied", S.unseeded)[1:],
    Row("defects_found", S.unproven, S.defective, issues_found),
    Row("health_validated", S.unproven, S.ready, nothing_found),
    Row("repair_applied", S.defective, S.defective, defects_remain),
    *_onward("repair_applied", S.defective),
    *(
        Row("migration_reverted", state, S.behind)
        for state in (S.behind, S.unseeded, S.unproven, S.defective, S.ready)
    ),
    *(Row(event, state, state) for event in NOTES for state in S),
)


@dataclass(frozen=True, slots=True)
class Work:
    """The one piece of work of a state.

    Args:
        name: the trigger, as events, plans and messages name it.
        step: the module in `initdb.steps` whose `run` does it; imported when there is work for it.
        doing: what is being done, for `initdb.errors.classify`.
    """

    name: str
    step: str
    doing: str


WORK: Mapping[State, Work | None] = {
    S.unknown: Work("inspect", "inspect", "inspect"),
    S.empty: Work("create_schema", "create", "schema"),
    S.unmanaged: Work("adopt", "adopt", "adopt"),
    S.behind: Work("migrate", "migrate", "migrate"),
    S.unseeded: Work("seed", "seed", "seed"),
    S.unproven: Work("validate", "validate", "validate"),
    S.defective: Work("repair", "repair", "repair"),
    S.ready: None,
}
"""State → its one piece of work; ready has none."""


def work_name(state: str) -> str | None:
    """The name of a state's work; None for ready, and for a state of a newer version."""
    work = WORK[State(state)] if state in State.__members__ else None
    return work.name if work else None


def accepts(state: str, trigger: str) -> bool:
    """Whether the table has a row for what is asked in this state."""
    return any(row.trigger == trigger and row.source == state for row in TABLE)
