"""MigrationRunner: lists pending revisions, applies them, rolls one back, and gives their history."""

from __future__ import annotations

from initdb.errors import InitError, render
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.work import MigrationApplied
from initdb.managers.manager import Manager
from initdb.managers.open_look import open_look
from initdb.managers.outcome import events, failed_step, raise_for
from initdb.managers.reports import RevisionRecord
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop.order import Order
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.render.results import MigrationResult
from initdb.statemachine.reporting import reason_of
from initdb.steps.context import StepContext
from initdb.steps.revisions.graph import RevisionGraph

_LATER = frozenset({"seed", "validate", "repair"})
"""The steps after the last revision. If one of them fails, no migration failed."""


class MigrationRunner(Manager):
    """The revisions of one application's database.

    Example:
        runner = MigrationRunner(app, db)
        runner.check_pending_migrations()  # ["8d2e41f0c2a7"]
        result = runner.run_migrations()
        if not result.success:
            print(result.failed_migration, result.error_message)
    """

    def check_pending_migrations(self) -> list[str]:
        """List the ids of the revisions that are to be applied, in order, also of those that are held.

        Raises:
            InitError: The revisions cannot be read, or the database cannot be reached.
        """
        with self.bound() as initializer, open_look(initializer) as opened:
            return list(opened.facts.pending)

    def run_migrations(self) -> MigrationResult:
        """Make the database ready, and report what became of the revisions. A failure is in the result, and
        is not raised.

        Returns:
            `failed_migration` is the revision that failed, and `rollback_performed` says whether the
            database is as it was before that one. If a revision is held, or this code does not know one that
            is applied, that is no success.
        """
        try:
            with self.bound() as initializer:
                return _result(initializer, initializer.attend())
        except InitError as error:
            return MigrationResult(False, [], error_message=str(error))

    def rollback_migration(self, migration_id: str) -> bool:
        """Roll one revision back. It is held from then on: no boot applies it until it is released.

        Args:
            migration_id: The id of a current head, or the beginning of it.

        Returns:
            Whether it is rolled back now.

        Raises:
            InitError: no-such-revision; rollback-refused if it is not a current head; downgrade-missing; or
                the error with which the downgrade failed.
        """
        with self.bound() as initializer:
            graph = _graph(initializer)
            revision = graph.resolve(migration_id)
            with open_look(initializer) as opened:
                rows = opened.facts.rows or ()
            if revision not in rows:
                heads = ", ".join(rows) or "none"
                raise InitError("rollback-refused", f"{revision} is not a current head; these are: {heads}")
            raise_for(initializer.attend(_roll_back(graph, revision)))
            with open_look(initializer) as opened:
                return revision not in graph.applied(opened.facts.rows or ())

    def get_migration_history(self) -> list[RevisionRecord]:
        """Describe every revision, the oldest first, as plain data.

        Raises:
            InitError: The database cannot be reached.
        """
        with self.bound() as initializer, open_look(initializer) as opened:
            graph = initializer.site.application.graph or RevisionGraph.of(())
            known = opened.seen.knowledge
            applied = graph.applied(opened.facts.rows or ())
            names = [*graph.pending(()), *(name for name in opened.facts.unknown)]
            there = applied | set(opened.facts.unknown)
            return [_told(name, graph, known, name in there) for name in names]


def _graph(initializer: Initializer) -> RevisionGraph:
    initializer.site.ask_env_py()
    graph = initializer.site.application.graph
    if graph is None:
        raise InitError("migrations-not-found", "the application has no revisions")
    return graph


def _roll_back(graph: RevisionGraph, revision: str) -> Order:
    """The order to roll back this head, and no other head."""
    if not graph.files[revision].has_downgrade:
        raise InitError("downgrade-missing", f"{revision}: {graph.files[revision].path}")

    def command(ctx: StepContext) -> tuple[()]:
        from initdb.steps import rollback

        rollback.run(ctx, (revision,))
        return ()

    return Order(reason=f"rollback of {revision}", trigger="roll_back", command=command)


def _told(name: str, graph: RevisionGraph, known: Knowledge, applied: bool) -> RevisionRecord:
    record = known.applied.get(name)
    return {
        "revision": name,
        "doc": graph.files[name].doc if name in graph.files else None,
        "applied": applied,
        "at": record.at if record else None,
        "by": dict(record.by) if record else None,
        "run": record.run if record else None,
        "marked": record.marked if record else False,
        "held": name in known.held,
    }


def _result(initializer: Initializer, outcome: Outcome) -> MigrationResult:
    applied = [applied.revision for applied in events(outcome, MigrationApplied)]
    if outcome.ending in ("ready", "done") or failed_step(outcome) in _LATER:
        return MigrationResult(True, applied)
    reason = render(reason_of(outcome))
    if failed_step(outcome) != "migrate":
        return MigrationResult(False, applied, error_message=reason)
    with open_look(initializer) as opened:
        failed = next(iter(opened.facts.pending), None)
        doubt = opened.seen.knowledge.doubt
    return MigrationResult(False, applied, failed, reason, doubt is None)
