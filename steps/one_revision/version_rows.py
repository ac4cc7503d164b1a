"""The version rows of a revision at work, which plain Alembic may change at the same time."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from initdb.errors.classify import is_lock_timeout
from initdb.events.database import database_of
from initdb.events.head import RowsMoved
from initdb.steps.alembic_driver import Environment
from initdb.steps.catalog.blockers import blockers
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import StepContext
from initdb.steps.survey.facts import version_place
from initdb.steps.transactions.savepoints import savepoint

PAUSE = 0.5
"""Seconds between two tries to lock the version table."""


def check_inspected(ctx: StepContext) -> None:
    """Compare the version rows with those that the inspection found.

    Args:
        ctx: The step's context.

    Raises:
        RowsMoved: They are not the same: what plain Alembic has applied since must be recorded first.
    """
    with ctx.reading() as connection:
        rows = catalogue_of(connection).version_rows(*version_place(ctx.application, ctx.knowledge))
    if set(rows or ()) != set(ctx.knowledge.heads):
        raise RowsMoved


def check_rows(env: Environment) -> None:
    """Compare the version rows with those that the revision began with.

    Args:
        env: The environment in which it runs.

    Raises:
        RowsMoved: They are not the same.
    """
    if not env.still(env.before):
        raise RowsMoved


def lock_rows(ctx: StepContext, env: Environment) -> None:
    """Compare the version rows, and keep others from changing them, before the revision changes them.

    The lock is taken as late as possible: plain Alembic writes a row after each revision, and may have locked
    what the next statement of this revision needs. A revision that left its transaction waits without limit,
    since it cannot be tried again from its beginning.

    Args:
        ctx: The step's context.
        env: The environment in which the revision runs.

    Raises:
        RowsMoved: They are not the same any more.
        DBAPIError: Another transaction has changed them, and did not end in time.
    """
    while not _is_locked(ctx, env):
        ctx.sleep(PAUSE)
    check_rows(env)


def _is_locked(ctx: StepContext, env: Environment) -> bool:
    try:
        with savepoint(env.connection):
            env.lock_rows()
    except DBAPIError as error:
        if not (env.left and is_lock_timeout(error)):
            raise
        ctx.waits(" ".join(("The version table is locked.", *blockers(ctx.work, error))))
        return False
    return True


def have_moved(env: Environment) -> bool:
    """Whether plain Alembic has changed the version rows, which can be why the revision failed.

    Args:
        env: The environment in which it ran. It is rolled back.
    """
    try:
        env.lock_rows()
        return not env.still(env.before)
    except SQLAlchemyError:  # the failure is what is to be told
        return False
    finally:
        database_of(env.connection).rollback(env.connection)
