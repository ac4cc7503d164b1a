"""migrate: apply the pending revisions through the application's own env.py, one transaction and one event
each."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from initdb.errors import InitError
from initdb.errors.classify import classify, is_connection_lost, is_lock_timeout
from initdb.events.head import ConnectionLost, HeadMoved, JournalSignal
from initdb.steps.alembic_driver import Environment, run_in_environment
from initdb.steps.autocommit import autocommit_block
from initdb.steps.context import Progress, StepContext
from initdb.steps.foreign_keys import violations
from initdb.steps.seeds.ledger import seeds_pending
from initdb.steps.transaction_words import kept_transaction

LOCK_TRIES = 5
"""How often a revision is tried that could not get its locks in `lock_timeout`; a serving site is not
stopped."""


def run(ctx: StepContext) -> None:
    """Apply every pending revision in plain Alembic's order.

    Raises InitError: revision-failed and its kin, revision-in-doubt, revision-changed, lock-timeout.
    """
    check_doubt(ctx)
    check_changed(ctx)
    run_in_environment(
        ctx.application.provider, ctx.engine, lambda env: _upgrade(ctx, env), autocommit_block(ctx)
    )


def check_doubt(ctx: StepContext) -> None:
    """A revision that was outside a transaction when its run ended: only a person knows how far it came."""
    doubt = ctx.knowledge.doubt
    if doubt is not None:
        name = doubt.subject
        raise InitError(
            "revision-in-doubt",
            f"revision {name} was begun outside a transaction (journal entry {doubt.seq}) and did not end",
            mend=f"Look how far it came, then: initdb resume --retry {name}, or: initdb resume --mark-applied {name}",
            database=ctx.database,
        )


def check_changed(ctx: StepContext) -> None:
    """A revision whose file is no longer what was applied: what comes after it was not made for this."""
    graph = ctx.application.graph
    files = graph.files if graph else {}
    changed = [
        f"{name}: {files[name].path}"
        for name, applied in ctx.knowledge.applied.items()
        if name in files and applied.digest and files[name].digest != applied.digest
    ]
    if changed:
        raise InitError("revision-changed", *changed, database=ctx.database)


def _upgrade(ctx: StepContext, env: Environment) -> None:
    env.recall(ctx.knowledge.memo)
    rows = env.rows()
    steps = env.upgrades(rows)
    if not steps:
        raise InitError("env-py-ran-nothing", "env.py finds no revision to apply", database=ctx.database)
    before = violations(env.connection)
    for number, step in enumerate(steps, start=1):
        rest = [later.revision.revision for later in steps[number:]]
        ctx.report(Progress("migrate", step.revision.revision, number, len(steps)))
        rows = _with_patience(ctx, env, step, _Place(number, len(steps), rows, rest, before))


class _Place:
    """Where in the sequence a revision stands."""

    def __init__(
        self, number: int, of: int, rows: tuple[str, ...], rest: Sequence[str], violated: frozenset[Any]
    ) -> None:
        self.number, self.of, self.rows, self.rest, self.violated = number, of, rows, list(rest), violated


def _with_patience(ctx: StepContext, env: Environment, step: Any, place: _Place) -> tuple[str, ...]:
    """Apply one revision; where its own statements do not get their locks, again after a pause."""
    memo = env.memo()
    for attempt in range(1, LOCK_TRIES + 1):
        try:
            return _apply(ctx, env, step, place)
        except Exception as error:
            if attempt == LOCK_TRIES or not is_lock_timeout(error):
                raise named(error, step, ctx.database) from error
            env.recall(memo)
            ctx.sleep(0.5 * attempt)
    raise AssertionError("unreachable")


def _apply(ctx: StepContext, env: Environment, step: Any, place: _Place) -> tuple[str, ...]:
    begun = time.perf_counter()
    connection, revision = env.connection, step.revision
    with ctx.unit.open(connection):
        if env.rows() != place.rows:
            raise HeadMoved
        with in_savepoint(env, revision.path):
            env.apply(step)
        new = violations(connection) - place.violated
        if new:
            raise InitError("constraint-violation", *sorted(map(str, new))[:10], database=ctx.database)
        rows = env.rows()
        data = {
            "revision": revision.revision,
            "file": Path(revision.path).name,
            "doc": revision.doc,
            "digest": digest_of(ctx, revision),
            "down": sorted(revision._all_down_revisions),
            "heads": list(rows),
            "number": place.number,
            "of": place.of,
            "pending": len(place.rest),
            "seeds_pending": list(seeds_pending(ctx.knowledge.seeds, ctx.application.seeds)),
            "version_table": env.version_table,
            "version_schema": env.version_schema,
            "ms": milliseconds(begun),
        }
        if place.rest and (memo := env.memo()):
            data["memo"] = memo
        ctx.unit.commit(connection, "migration_applied", data)
    return rows


@contextmanager
def in_savepoint(env: Environment, file: str) -> Iterator[None]:
    """Run a revision inside a savepoint, which is gone afterwards if the revision left the transaction."""
    connection = env.connection
    connection.exec_driver_sql("SAVEPOINT initdb_step")
    with kept_transaction(connection, file):
        yield
    try:
        connection.exec_driver_sql("RELEASE SAVEPOINT initdb_step")
    except Exception as error:
        if is_connection_lost(error):
            raise
        raise InitError("revision-committed-itself", file, database=connection.dialect.name) from error


def digest_of(ctx: StepContext, revision: Any) -> str:
    """The hash of a revision's file: as read before anything ran, or now where env.py chose the folder."""
    graph = ctx.application.graph
    if graph and revision.revision in graph.files:
        return graph.files[revision.revision].digest
    return hashlib.sha256(Path(revision.path).read_bytes()).hexdigest()


def milliseconds(begun: float) -> float:
    """Time since `begun` (time.perf_counter), in ms with one digit."""
    return round((time.perf_counter() - begun) * 1000, 1)


def named(error: Exception, step: Any, database: str) -> Exception:
    """The error, saying which revision and which line of its file."""
    if isinstance(error, JournalSignal):
        return error
    if is_connection_lost(error):
        return ConnectionLost()
    found = classify(error, doing="migrate", database=database)
    file = str(step.revision.path)
    line = _line_in(error, file)
    place = f"revision {step.revision.revision}, {Path(file).name}" + (f" line {line}" if line else "")
    return InitError(
        found.reference, place, *found.context, database=database, sqlstate=found.rendered().sqlstate
    )


def _line_in(error: BaseException, file: str) -> int | None:
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
