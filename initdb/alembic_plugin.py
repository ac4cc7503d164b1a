"""Hides the journal from Alembic's autogenerate, as in `flask db migrate` and `alembic check`.

Alembic loads this module by the entry point `alembic.autogenerate.initdb`, whenever Alembic is imported.
So it imports nothing that could be missing or take time.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import MigrateOperation, UpgradeOps
    from alembic.runtime.plugins import Plugin
    from alembic.util import PriorityDispatchResult


class _PluginModule(ModuleType):
    """A module that yields itself: Alembic before 1.19.1 iterates over what an entry point names."""

    def __iter__(self) -> Iterator[ModuleType]:
        yield self


sys.modules[__name__].__class__ = _PluginModule


def setup(plugin: Plugin) -> None:
    """Register the comparator. It runs last, after those that compare the tables.

    Args:
        plugin: Alembic's object for this plugin.
    """
    from alembic.util import DispatchPriority

    plugin.add_autogenerate_comparator(leave_out, "schema", priority=DispatchPriority.LAST)
    base = "alembic.autogenerate.compare"
    for name in (base, f"{base}.tables", f"{base}.constraints"):
        logging.getLogger(name).addFilter(_is_about_others)


def _is_about_others(record: logging.LogRecord) -> bool:
    """Whether a line of Alembic's log is not about a table of the journal.

    Alembic says "Detected removed table" before it asks the plugins; the revision has no such line.
    """
    from initdb.events.naming import parted
    from initdb.events.shape import COLUMNS_OF

    said = record.args if isinstance(record.args, tuple) else ()
    names = {parted(str(one).rpartition(".")[2])[0] for one in said}
    return "removed" not in str(record.msg) or not names & COLUMNS_OF.keys()


def leave_out(
    context: AutogenContext, upgrade_ops: UpgradeOps, schemas: Iterable[str | None]
) -> PriorityDispatchResult:
    """Remove the operations that would drop a journal, or its indexes.

    A table counts as a journal's by its name and its columns. A table of the models is left alone.

    Args:
        context: What Alembic compares.
        upgrade_ops: What it would do.
        schemas: The schemas that it compares.
    """
    from alembic.util import PriorityDispatchResult

    ours = set(_dropped_journals(upgrade_ops.ops))
    upgrade_ops.ops[:] = [one for one in upgrade_ops.ops if _table(one) not in ours]
    return PriorityDispatchResult.CONTINUE


def _dropped_journals(operations: Iterable[MigrateOperation]) -> Iterator[tuple[str | None, str]]:
    from alembic.operations.ops import DropTableOp

    from initdb.events.naming import parted
    from initdb.events.shape import COLUMNS_OF, HEAD, JOURNAL

    found = {_table(one): one.to_table() for one in operations if isinstance(one, DropTableOp)}
    shaped: dict[tuple[str | None, str], set[str]] = {}
    for schema, table in filter(None, found):
        own, name = parted(table)
        if own in COLUMNS_OF and COLUMNS_OF[own] <= {*found[schema, table].columns.keys()}:
            shaped.setdefault((schema, name), set()).add(table)
    for (schema, _), tables in shaped.items():
        if {JOURNAL, HEAD} <= {parted(table)[0] for table in tables}:
            yield from ((schema, table) for table in tables)


def _table(operation: MigrateOperation) -> tuple[str | None, str] | None:
    """The schema and the name of the table that an operation is about."""
    name = getattr(operation, "table_name", None)
    return (getattr(operation, "schema", None), name) if isinstance(name, str) else None
