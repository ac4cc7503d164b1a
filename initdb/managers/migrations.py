"""MigrationRunner: which revisions are pending, applies them, takes one back, tells their history."""

from __future__ import annotations

from initdb.errors import InitError, render
from initdb.events.knowledge import Knowledge
from initdb.managers.manager import Manager
from initdb.managers.open_look import open_look
from initdb.managers.outcome import entries, failed_step, raise_for
from initdb.managers.reports import RevisionRecord
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop.attend import Outcome
from initdb.statemachine.loop.order import Order
from initdb.statemachine.orders import reason_of
from initdb.statemachine.render.results import MigrationResult
from initdb.steps.context import StepContext
from initdb.steps.revisions.graph import RevisionGraph

_LATER = frozenset({"seed", "validate", "repair"})
"""Steps that come when every revision is applied: their failure is no migration's."""


class MigrationRunner(Manager):
    """The revisions of one application's database."""

    def check_pending_migrations(self) -> list[str]:
        """The ids of the revisions still to apply, in order, those that are held among them.

        Raises InitError for revisions that cannot be read and where the database cannot be had.
        """
        with self.bound() as initializer, open_look(initializer) as opened:
            return list(opened.facts.pending)

    def run_migrations(self) -> MigrationResult:
        """Bring the database to ready, and report the revisions' part of it; raises nothing a user can meet.

        `failed_migration` is the revision at work when a migration failed; `rollback_performed` whether it
        left nothing behind. A revision that is held or unknown to this code is no success.
        """
        try:
            with self.bound() as initializer:
                return _result(initializer, initializer.attend())
        except InitError as error:
            return MigrationResult(False, [], error_message=str(error))

    def rollback_migration(self, migration_id: str) -> bool:
        """Revert one revision, which is held from then on; whether it is reverted now.

        Raises InitError: "no-such-revision"; "rollback-refused" where it is not a current head;
        "downgrade-missing"; whatever the downgrade fails with.
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
        """Every revision, oldest first, as plain data.

        Keys: revision, doc, applied, held, marked (as applied, by a person), and at, by, run where the
        journal knows of its application. Raises InitError where the database cannot be had.
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
    """The order to revert this one head, of however many there are."""
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
    applied = [str(entry.data.get("revision")) for entry in entries(outcome, "migration_applied")]
    if outcome.ending in ("ready", "done") or failed_step(outcome) in _LATER:
        return MigrationResult(True, applied)
    reason = render(reason_of(outcome))
    if failed_step(outcome) != "migrate":
        return MigrationResult(False, applied, error_message=reason)
    with open_look(initializer) as opened:
        failed = next(iter(opened.facts.pending), None)
        doubt = opened.seen.knowledge.doubt
    return MigrationResult(False, applied, failed, reason, doubt is None)
