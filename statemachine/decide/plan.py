"""plan: what a boot would do now, from the facts, without doing it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from initdb.errors import Rendered
from initdb.events.knowledge import Knowledge
from initdb.statemachine.decide.verdict import Verdict, held_back
from initdb.statemachine.machine import turn
from initdb.statemachine.table import State
from initdb.steps.context import Application
from initdb.steps.seeds.ledger import must_assume, seeds_pending
from initdb.steps.seeds.model import SeedSource
from initdb.steps.survey.facts import Facts


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing that would be done: the step's name, on what, and what a person may want to know of it."""

    step: str
    subject: str
    note: str = ""


def plan(facts: Facts, verdict: Verdict, known: Knowledge, application: Application) -> tuple[Intent, ...]:
    """What a boot would do, in order; nothing where the verdict is that there is nothing to do."""
    if verdict.kind != "work":
        return ()
    return tuple(_work(facts, known, application))


def state_of(facts: Facts) -> State:
    """What inspection would find: computed by the machine, as a run computes it."""
    return State(turn(State.unknown, "database_inspected", facts.data()).dest)


def why_not(verdict: Verdict) -> str:
    """Why a boot would do nothing; empty where it would do something."""
    names = ", ".join(verdict.revisions)
    match verdict.kind:
        case "ready":
            return "The database is ready: a boot does nothing."
        case "held":
            return (
                f"Held back: {names}. A boot does nothing until `initdb release`, or until the file changes."
            )
        case "ahead":
            return f"The database has revisions that this code does not know: {names}. A boot does nothing."
        case "failed" if verdict.failure is not None:
            failure = verdict.failure
            reference = Rendered.from_data(failure.error).reference
            return (
                f"This code failed on this database ({reference}, journal entry {failure.seq}) and nothing"
                " has changed since: a boot reports it again without trying. To try again: initdb resume"
            )
    return ""


def _work(facts: Facts, known: Knowledge, application: Application) -> Iterator[Intent]:
    state = state_of(facts)
    pending, ledger = facts.pending, known.seeds
    if state is State.defective:
        yield Intent("repair", "the version table", f"it has lost {', '.join(facts.conflict)}")
        pending = ()
    elif state is State.empty:
        ledger = {}
        yield from _create(facts, application)
        pending = facts.pending if application.schema_from == "base" else ()
    elif state is State.unmanaged:
        heads = application.graph.heads if application.graph else ()
        note = f"where they are exactly the models'; then stamp {', '.join(heads)}" if heads else ""
        yield Intent("adopt", f"{len(facts.tables)} tables", note)
        pending = ()
    yield from _migrate(pending, known, application)
    todo = set(seeds_pending(ledger, application.seeds))
    yield from (_seed(source, known) for source in application.seeds if source.name in todo)
    yield Intent("validate", "schema, constraints, rows, seeds and rules")


def _create(facts: Facts, application: Application) -> Iterator[Intent]:
    if application.schema_from == "base":
        yield Intent("create_schema", "from the base")
        return
    names = ", ".join(facts.missing)
    yield Intent("create_schema", f"{len(facts.missing)} tables from the models", names)
    if application.graph is not None and application.graph.heads:
        yield Intent(
            "create_schema", f"stamp {', '.join(application.graph.heads)}", "its revisions need not run"
        )


def _migrate(pending: tuple[str, ...], known: Knowledge, application: Application) -> Iterator[Intent]:
    files = application.graph.files if application.graph else {}
    held = held_back(known.held, {name: files[name].digest for name in pending})
    for name in pending:
        notes = [files[name].doc] if files[name].doc else []
        if files[name].uses_autocommit_block:
            notes.append("not in one transaction: if it is interrupted, a person must say how far it came")
        if name in held:
            notes.append("held")
        yield Intent("migrate", name, "; ".join(notes))


def _seed(source: SeedSource, known: Knowledge) -> Intent:
    if must_assume(source, known.adopted):
        return Intent("seed", source.name, "recorded as applied, not run: the tables were adopted")
    into = f"into {source.table}" if source.table and source.table != source.name else ""
    return Intent("seed", source.name, into)
