"""Plans repairs: what can be fixed without losing data, in which order, and what a person has to fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Connection, MetaData

from initdb.steps.catalog.issue import Issue
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.ddl.make_tables import in_order
from initdb.steps.drift.wanted import WantedTable, wanted
from initdb.steps.repairs import ddl
from initdb.steps.repairs.action import KINDS, NOT_CRITICAL, Action, Kind, RepairPlan
from initdb.steps.repairs.columns import column_action, inline

Planner = Callable[[Issue, WantedTable, Connection], Action | Issue]


def plan_for(issues: Iterable[Issue], metadata: MetaData | None, connection: Connection) -> RepairPlan:
    """Plan how to fix the defects. Equal issues and databases give equal plans.

    A repair only adds: tables, indexes, constraints, and columns that may be NULL or get a value from the
    database. To a table without rows it adds any column. It never drops, renames or changes a type.

    Args:
        issues: As a validation found them.
        metadata: The models; without them nothing can be repaired.
        connection: To see whether tables are empty. Nothing is written.
    """
    wants = {want.item.key: want for want in wanted(connection, metadata)} if metadata is not None else {}
    defects = [issue for issue in issues if issue.is_defect]
    brought = _brought(defects, wants, connection)
    answers = [_answer(issue, wants, connection) for issue in defects if _place(issue) not in brought]
    order = in_order(metadata) if metadata is not None else []
    actions = sorted(
        (answer for answer in answers if isinstance(answer, Action)),
        key=lambda action: (KINDS.index(action.kind), order.index(action.table)),
    )
    return RepairPlan(tuple(actions), tuple(answer for answer in answers if isinstance(answer, Issue)))


def foreseen(issues: Iterable[Issue], metadata: MetaData | None, connection: Connection) -> tuple[Issue, ...]:
    """The issues as a repair would judge them, so that a validation says the same.

    What no repair can fix has the planner's advice instead of "initdb repair". If the application works
    without it, it is a warning: a run becomes ready in spite of it.

    Args:
        issues: Differences from the models.
        metadata: The models.
        connection: As for `plan_for`.
    """
    found = tuple(issues)
    if not any(issue.is_defect for issue in found):
        return found
    impossible = {issue.id: issue for issue in plan_for(found, metadata, connection).impossible}
    return tuple(_lasting(impossible[issue.id]) if issue.id in impossible else issue for issue in found)


def _lasting(issue: Issue) -> Issue:
    return replace(issue, severity="warning") if issue.kind in NOT_CRITICAL else issue


def _place(issue: Issue) -> tuple[str, str | None, str]:
    return issue.kind, issue.table, issue.name


def _brought(
    issues: Iterable[Issue], wants: Mapping[str, WantedTable], connection: Connection
) -> set[tuple[str, str | None, str]]:
    """The constraints that are added together with their column."""
    found = set()
    for issue in issues:
        want = wants.get(issue.table or "")
        if issue.kind == "missing-column" and want is not None:
            for name, _ in inline(want, want.item.columns[issue.name], connection):
                found |= {("missing-foreign-key", issue.table, name), ("missing-check", issue.table, name)}
    return found


def _answer(issue: Issue, wants: Mapping[str, WantedTable], connection: Connection) -> Action | Issue:
    want = wants.get(issue.table or "")
    planner = _BY_MODEL.get(issue.kind)
    return issue if want is None or planner is None else planner(issue, want, connection)


def _table(issue: Issue, want: WantedTable, connection: Connection) -> Action:
    key = want.item.key
    return Action("create-table", key, key, f"create table {key}", ddl.create_table(connection, want), issue)


def _column(issue: Issue, want: WantedTable, connection: Connection) -> Action | Issue:
    return column_action(issue, want, want.item.columns[issue.name], connection)


def _unique(issue: Issue, want: WantedTable, connection: Connection) -> Action | Issue:
    index = next((index for index in want.indexes if index.name == issue.name), None)
    if index is not None:
        return _index(issue, want, connection)
    unique = next(item for item in want.uniques if item.name == issue.name)
    text = f"add unique constraint {unique.name} to {want.item.key}"
    if catalogue_of(connection).adds_constraints:
        statement = ddl.add_constraint(connection, want.item, unique.item)
    else:
        # The database itself makes a unique index of the constraint.
        name = (
            f"uq_{want.item.name}_{'_'.join(unique.columns)}" if unique.name.startswith("(") else unique.name
        )
        statement = ddl.create_unique_index(connection, name, want.item, unique.columns)
    return Action("add-unique", want.item.key, unique.name, text, (statement,), issue)


def _index(issue: Issue, want: WantedTable, connection: Connection) -> Action:
    index = next(index for index in want.indexes if index.name == issue.name)
    statement = ddl.create_index(connection, index.item)
    kind: Kind = "add-unique" if index.unique else "create-index"
    text = f"create index {index.name} on {want.item.key}"
    return Action(kind, want.item.key, index.name, text, (statement,), issue)


def _foreign_key(issue: Issue, want: WantedTable, connection: Connection) -> Action | Issue:
    item = next(item for item in want.foreign_keys if item.name == issue.name)
    if not catalogue_of(connection).adds_constraints:
        return replace(issue, suggestion=_rebuild(want, "create_foreign_key"))
    text = f"add foreign key {item.name} to {want.item.key}"
    statement = ddl.add_constraint(connection, want.item, item.item)
    return Action("add-foreign-key", want.item.key, item.name, text, (statement,), issue)


def _check(issue: Issue, want: WantedTable, connection: Connection) -> Action | Issue:
    if not catalogue_of(connection).adds_constraints:
        return replace(issue, suggestion=_rebuild(want, "create_check_constraint"))
    item = next(item for item in want.checks if item.name == issue.name)
    text = f"add check {item.name} to {want.item.key}"
    statement = ddl.add_constraint(connection, want.item, item.item)
    return Action("add-check", want.item.key, item.name, text, (statement,), issue)


def _rebuild(want: WantedTable, operation: str) -> str:
    return (
        "SQLite cannot add a constraint to a table that is there: rebuild it in a revision, "
        f'with op.batch_alter_table("{want.item.name}") as batch: batch.{operation}(...)'
    )


def _invalid_index(issue: Issue, want: WantedTable, connection: Connection) -> Action:
    quote, table = connection.dialect.identifier_preparer.quote, ddl.table_name(connection, want.item)
    schema = f"{quote(want.item.schema)}." if want.item.schema else ""
    # An index that another session is building CONCURRENTLY looks the same. That session holds this lock. To
    # wait for it, or to drop the index, would stop it.
    statements = (
        f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE NOWAIT",
        f"REINDEX INDEX {schema}{quote(issue.name)}",
    )
    text = f"rebuild index {issue.name} of {want.item.key}"
    return Action("rebuild-index", want.item.key, issue.name, text, statements, issue)


_BY_MODEL: Mapping[str, Planner] = {
    "missing-table": _table,
    "missing-column": _column,
    "missing-unique": _unique,
    "missing-index": _index,
    "missing-foreign-key": _foreign_key,
    "missing-check": _check,
    "invalid-index": _invalid_index,
}
