"""Alembic's autocommit_block: the journal records that a revision leaves its transaction before it does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from sqlalchemy import Connection

from initdb.events.payloads.runs import StatementStarted, StepStarted
from initdb.events.statements import driver
from initdb.events.undo import on_error
from initdb.steps.alembic_driver import AutocommitBlock, Environment
from initdb.steps.context import StepContext
from initdb.steps.one_revision.version_rows import check_rows
from initdb.steps.transactions.statement_log import StatementLog


def autocommit_block(ctx: StepContext, step: str) -> AutocommitBlock:
    """Make the autocommit_block of a step.

    `step_started` is committed together with what the revision did before the block. After the block, the
    head is locked again. Neither it nor the version rows may have moved meanwhile. In the block, each
    statement is recorded before it is sent.

    Args:
        ctx: The step's context.
        step: "migrate" or "roll_back".
    """

    def block(env: Environment) -> contextlib.AbstractContextManager[None]:
        return _block(ctx, env, step)

    return block


@contextlib.contextmanager
def _block(ctx: StepContext, env: Environment, step: str) -> Iterator[None]:
    connection, revision, kept = env.connection, env.running, env.kept
    assert revision is not None and kept is not None  # noqa: S101 - only a revision can open a block
    graph, log = ctx.application.graph, env.log
    known = graph.files.get(revision) if graph else None
    begun = StepStarted(step=step, subject=revision, digest=known.digest if known else None)
    kept.free = True
    with _unseen(log):
        if log is not None:
            log.since = log.since or _xid(connection)
            sent, block = log.recorded
            begun = replace(begun, statements=sent, block=block, xid=log.since)
        ctx.unit.commit(connection, begun)
        env.left = True
        back = _leave(env)
    if log is not None:
        log.enter_block(None if begun.block is None else _recorder(ctx, env, revision))
    try:
        yield
        if log is not None:
            with _unseen(log):
                log.end_block()
    finally:
        back()
    with _unseen(log):
        ctx.unit.begin(connection)
        with on_error(ctx.unit.rollback, connection):
            check_rows(env)
        connection.exec_driver_sql("SAVEPOINT initdb_step")
    if log is not None:
        log.leave_block()
    kept.free = False


def _recorder(ctx: StepContext, env: Environment, revision: str) -> Callable[[str], None]:
    """What records each statement of a block, in a transaction of its own, before the statement is sent.

    The connection of the revision may be reading rows, and then SQLite lets no other one commit. PostgreSQL
    does, and there a cursor of the revision would not outlive the transaction.
    """
    connection = env.connection if ctx.database == "sqlite" else ctx.work

    def record(mark: str) -> None:
        with ctx.unit.open(connection):
            ctx.unit.commit(connection, StatementStarted(subject=revision, mark=mark))

    return record


def _unseen(log: StatementLog | None) -> contextlib.AbstractContextManager[None]:
    """For the length of the block, statements are initdb's own and are not logged as the revision's."""
    return log.paused() if log is not None else contextlib.nullcontext()


def _xid(connection: Connection) -> str | None:
    """The id of the transaction that is about to be committed. Later it shows what is newer."""
    if connection.dialect.name != "postgresql":
        return None
    return str(connection.exec_driver_sql("SELECT pg_catalog.pg_current_xact_id()::xid::text").scalar())


def _leave(env: Environment) -> Callable[[], None]:
    """Put the driver into autocommit; return the function that takes it out again."""
    dialect, dbapi = env.connection.dialect, driver(env.connection)
    if dialect.name == "sqlite":
        before = dbapi.isolation_level
        dbapi.isolation_level = None
        return lambda: setattr(dbapi, "isolation_level", before)
    level = dialect.get_isolation_level(dbapi)
    dialect.do_rollback(dbapi)
    dialect.set_isolation_level(dbapi, "AUTOCOMMIT")
    return lambda: dialect.set_isolation_level(dbapi, level)
