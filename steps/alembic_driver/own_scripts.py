"""Scripts of initdb's own: on a connection of ours, without an env.py."""

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
    """An environment for initdb's own scripts, on a connection of ours and without an env.py."""
    script = ScriptDirectory(str(folder))
    context = MigrationContext.configure(
        connection, opts={"version_table": version_table, "version_table_schema": schema, "script": script}
    )
    with PROCESS, Operations.context(context):
        yield Environment(connection, context, script)
