"""What a repair will do, and what it cannot do."""

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
"""In the order in which they are done: a later one may need an earlier one."""


@dataclass(frozen=True, slots=True)
class Action:
    """One repair. text: one sentence without its full stop. ddl: the statements that do it, in order."""

    kind: Kind
    table: str
    name: str
    text: str
    ddl: tuple[str, ...]
    issue: Issue


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What is done, in this order, and the issues that a person has to fix, each with exact advice."""

    actions: tuple[Action, ...]
    impossible: tuple[Issue, ...]
