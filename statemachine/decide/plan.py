"""Plans what a boot would do now, from the facts, without doing it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from initdb.errors import InitError, Rendered
from initdb.events.knowledge import Knowledge
from initdb.statemachine.decide.verdict import Verdict, held_back
from initdb.statemachine.machine import turn
from initdb.statemachine.table import State, work_name
from initdb.steps.context import Application
from initdb.steps.seeds.ledger import must_assume, seeds_pending
from initdb.steps.seeds.model import SeedSource
from initdb.steps.survey.edits import Edit
from initdb.steps.survey.facts import Facts


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing that a boot would do.

    Attributes:
        step: The name of the work.
        subject: What it is done to.
        note: What a person may want to know about it.
    """

    step: str
    subject: str
    note: str = ""


def plan(facts: Facts, verdict: Verdict, known: Knowledge, application: Application) -> tuple[Intent, ...]:
    """What a boot would do, in order; nothing if the verdict is that there is nothing to do.

    Args:
        facts: What is true of the database.
        verdict: What this process concludes.
        known: What the journal says.
        application: The parts of the application.
    """
    if verdict.kind != "work":
        return ()
    return tuple(_work(facts, known, application))


def state_of(facts: Facts) -> State:
    """The state that an inspection would find. The machine computes it, as it does in a run."""
    return State(turn(State.unknown, "database_inspected", facts.said().data()).dest)


def refused(edited: Sequence[Edit], facts: Facts, when_edited: str) -> str:
    """Why a boot would fail before it does anything; empty if no edited file keeps it from working.

    Args:
        edited: The files that were edited since they were applied.
        facts: What is true of the database.
        when_edited: The setting.
    """
    if edited and when_edited == "fail":
        return _fails("files-edited")
    if facts.pending and any(edit.kind == "revision" and edit.now for edit in edited):
        return _fails("revision-changed")
    return ""


def _fails(reference: str) -> str:
    fix = InitError(reference).rendered().fix
    return f"A boot would fail before it does anything ({reference}). {fix}"


def why_not(verdict: Verdict) -> str:
    """Why a boot would do nothing; empty if it would do something."""
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


@dataclass(frozen=True, slots=True)
class Left:
    """What is still to be done at one point of a plan: revisions and seeds, by name, in order."""

    facts: Facts
    known: Knowledge
    application: Application
    pending: tuple[str, ...]
    seeds: tuple[str, ...]

    def data(self) -> dict[str, object]:
        """The data that the guards of the machine read."""
        return {"pending": list(self.pending), "seeds_pending": list(self.seeds)}


Foreseen = tuple[tuple[Intent, ...], str, Left]
"""What a piece of work would do, the event that it would write, and what would then be left."""


def _work(facts: Facts, known: Knowledge, application: Application) -> Iterator[Intent]:
    """Run the machine on the expected events, from the inspection to ready."""
    left = Left(facts, known, application, facts.pending, facts.seeds)
    state = state_of(facts)
    while (name := work_name(state)) is not None:
        intents, event, left = _FORESEE[name](left)
        yield from intents
        state = State(turn(state, event, left.data()).dest)


def _repair(left: Left) -> Foreseen:
    lost = ", ".join(left.facts.conflict)
    seeds = seeds_pending(left.known.seeds, left.application.seeds)
    intents = (Intent("repair", "the version table", f"it has lost {lost}"),)
    return intents, "repair_applied", replace(left, pending=(), seeds=seeds)


def _create(left: Left) -> Foreseen:
    application, facts = left.application, left.facts
    left = replace(left, seeds=seeds_pending({}, application.seeds))
    if application.schema_from == "base":
        return (Intent("create_schema", "from the base"),), "schema_created", left
    names = ", ".join(facts.missing)
    intents = [Intent("create_schema", f"{len(facts.missing)} tables from the models", names)]
    if application.graph is not None and application.graph.heads:
        stamp = f"stamp {', '.join(application.graph.heads)}"
        intents.append(Intent("create_schema", stamp, "its revisions need not run"))
    return tuple(intents), "schema_created", replace(left, pending=())


def _adopt(left: Left) -> Foreseen:
    application = left.application
    heads = application.graph.heads if application.graph else ()
    note = f"where they are exactly the models'; then stamp {', '.join(heads)}" if heads else ""
    intents = (Intent("adopt", f"{len(left.facts.tables)} tables", note),)
    seeds = seeds_pending(left.known.seeds, application.seeds)
    return intents, "schema_adopted", replace(left, pending=(), seeds=seeds)


def _migrate(left: Left) -> Foreseen:
    files = left.application.graph.files if left.application.graph else {}
    name, *rest = left.pending
    file = files[name]
    notes = [file.doc] if file.doc else []
    if file.uses_autocommit_block:
        notes.append("not in one transaction: if it is interrupted, a person must say how far it came")
    if held_back(left.known.held, {name: file.digest}):
        notes.append("held")
    intents = (Intent("migrate", name, "; ".join(notes)),)
    return intents, "migration_applied", replace(left, pending=tuple(rest))


def _seed(left: Left) -> Foreseen:
    name, *rest = left.seeds
    source = next(one for one in left.application.seeds if one.name == name)
    return (_seeded(source, left.known),), "seed_batch_applied", replace(left, seeds=tuple(rest))


def _seeded(source: SeedSource, known: Knowledge) -> Intent:
    if must_assume(source, known.adopted):
        return Intent("seed", source.name, "recorded as applied, not run: the tables were adopted")
    into = f"into {source.table}" if source.table and source.table != source.name else ""
    return Intent("seed", source.name, into)


def _validate(left: Left) -> Foreseen:
    return (Intent("validate", "schema, constraints, rows, seeds and rules"),), "health_validated", left


_FORESEE: Mapping[str, Callable[[Left], Foreseen]] = {
    "create_schema": _create,
    "adopt": _adopt,
    "migrate": _migrate,
    "seed": _seed,
    "validate": _validate,
    "repair": _repair,
}
"""The name of a piece of work → what it would do."""
