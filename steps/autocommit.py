"""Alembic's autocommit_block: what is about to leave the transaction is written down first."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from initdb.steps.alembic_driver import AutocommitBlock, Environment
from initdb.steps.context import StepContext


def autocommit_block(ctx: StepContext, reverting: str | None = None) -> AutocommitBlock:
    """The block for one step: `step_started` commits with what the revision did before the block.

    `reverting`: the revision that is rolled back; without it the next one to apply is meant.
    """

    def block(env: Environment) -> contextlib.AbstractContextManager[None]:
        return _block(ctx, env, reverting)

    return block


@contextlib.contextmanager
def _block(ctx: StepContext, env: Environment, reverting: str | None) -> Iterator[None]:
    connection = env.connection
    revision = reverting or env.upgrades(env.rows())[0].revision.revision
    graph = ctx.application.graph
    known = graph.files.get(revision) if graph else None
    ctx.unit.commit(
        connection,
        "step_started",
        {
            "step": "roll_back" if reverting else "migrate",
            "subject": revision,
            "digest": known.digest if known else None,
        },
    )
    back = _leave(env)
    try:
        yield
    finally:
        back()
    ctx.unit.begin(connection)
    connection.exec_driver_sql("SAVEPOINT initdb_step")


def _leave(env: Environment) -> Callable[[], None]:
    """Put the driver into autocommit; gives the way back."""
    connection = env.connection
    dialect, dbapi = connection.dialect, connection.connection.dbapi_connection
    if dialect.name == "sqlite":
        return _sqlite(dbapi)
    level = dialect.get_isolation_level(dbapi)  # type: ignore[arg-type]
    dialect.do_rollback(dbapi)  # type: ignore[arg-type]
    dialect.set_isolation_level(dbapi, "AUTOCOMMIT")  # type: ignore[arg-type]
    return lambda: dialect.set_isolation_level(dbapi, level)  # type: ignore[arg-type]


def _sqlite(dbapi: Any) -> Callable[[], None]:
    before = dbapi.isolation_level
    dbapi.isolation_level = None

    def back() -> None:
        dbapi.isolation_level = before

    return back
