"""Alembic's autocommit_block: what is about to leave the transaction is written down first."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from initdb.events.journal import side
from initdb.steps.alembic_driver import AutocommitBlock, Environment
from initdb.steps.context import StepContext


def autocommit_block(ctx: StepContext, step: str) -> AutocommitBlock:
    """The block of a step, "migrate" or "roll_back".

    `step_started` commits together with what the revision did before the block. Afterwards the transaction
    goes on: the head is locked again, and nobody may have moved it meanwhile.
    """

    def block(env: Environment) -> contextlib.AbstractContextManager[None]:
        return _block(ctx, env, step)

    return block


@contextlib.contextmanager
def _block(ctx: StepContext, env: Environment, step: str) -> Iterator[None]:
    connection, revision, kept = env.connection, env.running, env.kept
    assert revision is not None and kept is not None  # noqa: S101 - only a revision can open a block
    graph = ctx.application.graph
    known = graph.files.get(revision) if graph else None
    kept.free = True
    ctx.unit.commit(
        connection,
        "step_started",
        {"step": step, "subject": revision, "digest": known.digest if known else None},
    )
    env.left = True
    back = _leave(env)
    try:
        yield
    finally:
        back()
    ctx.unit.begin(connection)
    connection.exec_driver_sql("SAVEPOINT initdb_step")
    kept.free = False


def _leave(env: Environment) -> Callable[[], None]:
    """Put the driver into autocommit; gives the way back."""
    dialect, dbapi = env.connection.dialect, side(env.connection).driver(env.connection)
    if dialect.name == "sqlite":
        before = dbapi.isolation_level
        dbapi.isolation_level = None
        return lambda: setattr(dbapi, "isolation_level", before)
    level = dialect.get_isolation_level(dbapi)
    dialect.do_rollback(dbapi)
    dialect.set_isolation_level(dbapi, "AUTOCOMMIT")
    return lambda: dialect.set_isolation_level(dbapi, level)
