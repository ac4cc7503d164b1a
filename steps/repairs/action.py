"""What a repair does, and what it cannot do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from initdb.steps.catalog.issue import Issue

Kind: TypeAlias = Literal[
    "create-table",
    "add-column",
    "add-unique",
    "create-index",
    "add-foreign-key",
    "add-check",
    "rebuild-index",
]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which they are done, because a later one may need an earlier one."""


@dataclass(frozen=True, slots=True)
class Action:
    """One repair.

    Attributes:
        kind: What it adds.
        table: The key of the table.
        name: The name of what it adds.
        text: One sentence without its full stop.
        ddl: The statements that do it, in order.
        issue: The issue that it fixes.
    """

    kind: Kind
    table: str
    name: str
    text: str
    ddl: tuple[str, ...]
    issue: Issue


NOT_CRITICAL = frozenset({"missing-index", "invalid-index", "missing-check"})
"""The application works without these, but slower or less protected. What cannot be fixed is a warning."""


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What a repair does, in this order, and the issues that a person has to fix, each with exact advice."""

    actions: tuple[Action, ...]
    impossible: tuple[Issue, ...]

    @property
    def critical(self) -> tuple[Issue, ...]:
        """The issues that are left once the actions are done, and keep the database from being ready."""
        made = {action.table for action in self.actions if action.kind == "create-table"}
        return tuple(
            one
            for one in self.impossible
            if one.kind not in NOT_CRITICAL | {"seed-pending"}
            and not (one.kind == "seed-table-missing" and one.table in made)
        )
