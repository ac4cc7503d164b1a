"""Performs a plan of repairs, each repair in a SAVEPOINT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, MetaData

from initdb.steps.ddl.make_tables import Made, make_tables, make_types
from initdb.steps.repairs.action import Action, RepairPlan
from initdb.steps.transactions.savepoints import attempt, reason

_DOING: dict[str, Literal["index", "constraint"]] = {
    "add-unique": "constraint",
    "create-index": "index",
    "rebuild-index": "index",
    "add-foreign-key": "constraint",
    "add-check": "constraint",
}


@dataclass(frozen=True, slots=True)
class Performed:
    """What was done.

    Attributes:
        done: The actions that were performed.
        refused: The actions that the database refused, each with the reason.
        tables: The tables that were created.
        warnings: A sentence for each thing that these tables lack.
    """

    done: tuple[Action, ...]
    refused: tuple[tuple[Action, str], ...]
    tables: tuple[str, ...]
    warnings: tuple[str, ...]


def perform(connection: Connection, plan: RepairPlan, metadata: MetaData | None) -> Performed:
    """Perform the actions of a plan in their order, in the caller's transaction.

    Tables are created together, as one schema. Every other action runs in its own SAVEPOINT. If the database
    refuses one, the result says so.

    Args:
        connection: In a transaction.
        plan: What to do.
        metadata: The models.

    Raises:
        SQLAlchemyError: The database refuses to create a table.
    """
    done = [action for action in plan.actions if action.kind == "create-table"]
    new = [metadata.tables[action.table] for action in done] if metadata is not None else []
    made = make_tables(connection, metadata, new) if metadata is not None and new else Made()
    refused = []
    for action in plan.actions[len(done) :]:
        failure = attempt(connection, _act(connection, action, metadata), _DOING.get(action.kind, "repair"))
        if failure is None:
            done.append(action)
        else:
            refused.append((action, reason(failure)))
    return Performed(tuple(done), tuple(refused), tuple(made.tables), tuple(made.warnings))


def _act(connection: Connection, action: Action, metadata: MetaData | None) -> Callable[[], None]:
    def act() -> None:
        if action.kind == "add-column" and metadata is not None:
            make_types(connection, metadata.tables[action.table].columns[action.name])
        for statement in action.ddl:
            connection.exec_driver_sql(statement)

    return act
