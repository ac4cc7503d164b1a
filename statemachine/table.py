"""The whole machine on one page: states, guards and rows. Data only; nothing here does I/O."""

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

    unknown = "unknown"  # nobody has looked yet
    empty = "empty"  # no table of the application
    unmanaged = "unmanaged"  # tables of the application that neither Alembic nor initdb knows
    behind = "behind"  # revisions are pending
    unseeded = "unseeded"  # the schema stands, first rows are missing
    unproven = "unproven"  # everything is in place, not yet validated
    defective = "defective"  # something is wrong and may be mendable
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


def defects_remain(data: Data) -> bool:
    """Something is still to be repaired."""
    return bool(data.get("defects"))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Rows of one trigger and source are tried in order; the first guard that holds
    wins."""

    trigger: str
    source: State
    dest: State
    events: tuple[str, ...]
    guard: Guard | None = None


def _onward(trigger: str, source: State, event: str) -> tuple[Row, ...]:
    """Where finished work leads: whatever is then still to be done."""
    return (
        Row(trigger, source, S.behind, (event,), revisions_pending),
        Row(trigger, source, S.unseeded, (event,), seeds_pending),
        Row(trigger, source, S.unproven, (event,)),
    )


TABLE: tuple[Row, ...] = (
    *(Row("begin", state, S.unknown, ("run_started", "run_resumed")) for state in S),
    Row("inspect", S.unknown, S.defective, ("database_inspected",), conflicting),
    Row("inspect", S.unknown, S.empty, ("database_inspected",), nothing_there),
    Row("inspect", S.unknown, S.unmanaged, ("database_inspected",), nobody_manages),
    *_onward("inspect", S.unknown, "database_inspected"),
    *_onward("create_schema", S.empty, "schema_created"),
    *_onward("adopt", S.unmanaged, "schema_adopted"),
    *_onward("migrate", S.behind, "migration_applied"),
    *_onward("seed", S.unseeded, "seed_batch_applied")[1:],
    Row("validate", S.unproven, S.defective, ("defects_found",), issues_found),
    Row("validate", S.unproven, S.ready, ("health_validated",)),
    Row("repair", S.defective, S.defective, ("repair_applied",), defects_remain),
    *_onward("repair", S.defective, "repair_applied"),
    *(
        Row("roll_back", state, S.behind, ("migration_reverted",))
        for state in (S.behind, S.unseeded, S.unproven, S.defective, S.ready)
    ),
    *(Row("note", state, state, tuple(NOTES)) for state in S),
)

TRIGGERS: Mapping[str, str] = {event: row.trigger for row in TABLE for event in row.events}
"""Event type → the trigger that it answers."""

WORK: Mapping[State, str | None] = {
    S.unknown: "inspect",
    S.empty: "create_schema",
    S.unmanaged: "adopt",
    S.behind: "migrate",
    S.unseeded: "seed",
    S.unproven: "validate",
    S.defective: "repair",
    S.ready: None,
}
"""State → its one piece of work."""
