"""Runs initdb's own scripts, on a given connection and without an env.py."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from initdb.steps.alembic_driver.environment import Environment
from initdb.steps.alembic_driver.process_lock import PROCESS


@contextlib.contextmanager
def own_environment(
    connection: Connection, folder: Path, version_table: str, schema: str | None
) -> Iterator[Environment]:
    """Make an environment for initdb's own scripts, without an env.py.

    Args:
        connection: Where they run.
        folder: The folder of the scripts.
        version_table: The name of their version table.
        schema: Its schema; None for the default schema.
    """
    script = ScriptDirectory(str(folder))
    context = MigrationContext.configure(
        connection, opts={"version_table": version_table, "version_table_schema": schema, "script": script}
    )
    with PROCESS, Operations.context(context):
        yield Environment(connection, context, script)
