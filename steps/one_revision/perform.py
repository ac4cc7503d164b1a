"""Runs one revision, up or down, in its unit and a savepoint. Retries it after a lock conflict."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from initdb.errors import InitError, naming
from initdb.errors.classify import (
    classify,
    is_connection_lost,
    is_lock_timeout,
    is_made_meanwhile,
    is_serialization,
)
from initdb.errors.driver import driver_error
from initdb.errors.own_statement import own_statement
from initdb.events.database import database_of
from initdb.events.head import JournalSignal, RowsMoved
from initdb.events.payloads.form import Payload
from initdb.events.process import in_this_process
from initdb.events.statements import database_errors
from initdb.steps.alembic_driver import Environment, Step
from initdb.steps.catalog.blockers import blockers
from initdb.steps.catalog.existing import existing
from initdb.steps.context import StepContext
from initdb.steps.one_revision.doubt import names_of, unfinished_indexes
from initdb.steps.one_revision.failure import Doing, Place, lacks_table, revision_failure
from initdb.steps.one_revision.reconcile import log_of
from initdb.steps.one_revision.version_rows import check_rows, have_moved, lock_rows
from initdb.steps.survey.facts import survey, table_names
from initdb.steps.survey.whose_rows import refuse_other_table
from initdb.steps.transactions.foreign_keys import violations
from initdb.steps.transactions.guard import kept_transaction
from initdb.steps.transactions.statement_log import logged
from initdb.steps.transactions.tries import TRIES

_NO_SAVEPOINT = frozenset({"3B001", "25P01"})
"""The SQLSTATEs of RELEASE SAVEPOINT after the transaction has ended."""

_MADE = "Another session has just made what the revision makes."


@dataclass(frozen=True, slots=True)
class Start:
    """What was there before a revision: the version rows, and the rows that break a foreign key already."""

    rows: tuple[str, ...]
    violated: frozenset[str]


@dataclass(frozen=True, slots=True)
class Job:
    """One revision to run.

    Args:
        step: Alembic's step.
        doing: What an error calls it.
        event: Creates the event from the version rows after the revision.
        earlier: The ids of the revisions that the same step has run before.
    """

    step: Step
    doing: Doing
    event: Callable[[tuple[str, ...]], Payload]
    earlier: tuple[str, ...] = ()


def start(ctx: StepContext, env: Environment) -> Start:
    """Read the version rows and check the foreign keys. Afterwards no snapshot of the database is held.

    Args:
        ctx: The step's context.
        env: The environment that env.py made.

    Raises:
        InitError: `version-table-renamed`, `journal-of-another-directory`.
    """
    refuse_other_table(ctx.application, ctx.knowledge, (env.version_table, env.version_schema))
    found = Start(env.rows(), violations(env.connection))
    database_of(env.connection).rollback(env.connection)
    return found


def perform(ctx: StepContext, env: Environment, job: Job, at: Start) -> Start:
    """Run one revision in its unit. If one of its statements does not get its locks, retry after a pause.

    Args:
        ctx: The step's context.
        env: The environment that env.py made.
        job: The revision.
        at: What was there before it.

    Returns:
        What is there after it.

    Raises:
        InitError: The revision failed. The error names it and the line.
        JournalSignal: Another process wrote, or the connection is lost. The process must look again.
    """
    memo, step = env.memo(), job.step
    for attempt in range(1, TRIES + 1):
        env.running, env.left = step.revision, False
        try:
            return _once(ctx, env, job, at)
        except (
            Exception,
            SystemExit,
        ) as raised:  # a revision is the application's code
            error = _of_revision(raised, env, job)
            if attempt == TRIES or env.left or not _is_conflict(error):
                if not isinstance(error, JournalSignal) and not is_connection_lost(error) and have_moved(env):
                    raise RowsMoved from error
                lacks = job.doing == "migrate" and not env.left and lacks_table(error)
                from_empty = lacks and _from_empty(ctx, job, at.rows)
                foundations = _foundations(ctx) if from_empty else None
                place = Place(
                    step.revision,
                    str(step.path),
                    ctx.database,
                    job.doing,
                    from_empty,
                    foundations,
                    existing(ctx.reading),
                )
                with naming(lambda: names_of(ctx, step.revision)):
                    unfinished = unfinished_indexes(ctx) if env.left else ()
                    raise revision_failure(error, place, *unfinished, left=env.left) from error
            found = classify(error, doing=job.doing, database=ctx.database).rendered()
            said = _MADE if is_made_meanwhile(error) else found.message
            ctx.waits(" ".join((said, *blockers(ctx.work, error))))
        finally:
            env.running = None
        env.recall(memo)
        ctx.sleep(0.5 * attempt)
    raise AssertionError("unreachable")


def _of_revision(error: BaseException, env: Environment, job: Job) -> BaseException:
    """The error, or that of a revision which changed the version rows itself: nobody else has moved them."""
    if not isinstance(error, RowsMoved) or env.left or have_moved(env):
        return error
    reference = "revision-failed" if job.doing == "migrate" else "rollback-failed"
    return InitError(reference, "It changed the version rows itself. Alembic does that after it.")


def _from_empty(ctx: StepContext, job: Job, rows: tuple[str, ...]) -> bool:
    """Whether nothing but revisions made the schema, and it was never whole: initdb ran all applied ones."""
    graph, applied = ctx.application.graph, ctx.knowledge.applied
    return (
        graph is not None
        and ctx.knowledge.last_ready is None
        and all(
            name in job.earlier or (name in applied and not applied[name].marked)
            for name in graph.applied(rows)
        )
    )


def _foundations(ctx: StepContext) -> frozenset[str] | None:
    """See `Place`."""
    with ctx.reading():
        there = survey(ctx.work, ctx.application, ctx.knowledge).there
    return table_names(ctx.application) if there else None


def _is_conflict(error: BaseException) -> bool:
    """Whether another session was in the way, so that the revision may succeed a little later."""
    return is_lock_timeout(error) or is_serialization(error) or is_made_meanwhile(error)


def _once(ctx: StepContext, env: Environment, job: Job, at: Start) -> Start:
    with ctx.unit.open(env.connection):
        env.before = at.rows
        with own_statement(ctx.database):
            check_rows(env)
        env.log = log_of(ctx, env.connection, job.step.revision) if job.doing == "migrate" else None
        with kept_transaction(env.connection) as env.kept:
            rows = env.apply(job.step, at.rows, _savepoint(ctx, env, job.step.revision))
        new = violations(env.connection) - at.violated
        if new:
            fix = "Let the revision correct these rows too, then: initdb resume"
            raise InitError("constraint-violation", *sorted(new)[:10], fix=fix, database=ctx.database)
        ctx.unit.commit(env.connection, job.event(rows))
    return Start(rows, at.violated)


@contextmanager
def _savepoint(ctx: StepContext, env: Environment, revision: str) -> Iterator[None]:
    """A savepoint around a revision. It is gone at the end if the revision left the transaction."""
    connection = env.connection
    connection.exec_driver_sql("SAVEPOINT initdb_step")
    seen = logged(connection, env.log) if env.log is not None else nullcontext()
    with in_this_process(), seen:
        yield
    try:
        connection.exec_driver_sql("RELEASE SAVEPOINT initdb_step")
    except database_errors(connection) as error:
        found = driver_error(error)
        if found is None or is_connection_lost(error) or found.sqlstate not in {None, *_NO_SAVEPOINT}:
            raise
        raise InitError("revision-committed-itself", _seen(ctx, revision)) from error
    lock_rows(ctx, env)


def _seen(ctx: StepContext, revision: str) -> str:
    """Say where the source leaves its transaction, if that was noticed only afterwards."""
    graph = ctx.application.graph
    lines = graph.files[revision].commits if graph and revision in graph.files else ()
    where = f", in line {', '.join(map(str, lines))}" if lines else ""
    return f"By the driver itself{where}: the savepoint that it ran in is gone."


def milliseconds(begun: float) -> float:
    """The time since `begun` (of `time.perf_counter`), in milliseconds with one digit."""
    return round((time.perf_counter() - begun) * 1000, 1)
