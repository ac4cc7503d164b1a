"""Plans what a boot would do: rehearses its run by the same machine and fold, without doing it.

A rehearsal is pure as far as `Questions` is: it asks there what only the database can answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from initdb.errors import InitError, Rendered
from initdb.events.entry import Moment, write
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.form import Payload
from initdb.events.payloads.notes import BackupMade
from initdb.events.payloads.runs import RunResumed, RunStarted
from initdb.events.payloads.work import (
    DatabaseInspected,
    DefectsFound,
    HealthValidated,
    MigrationApplied,
    RepairApplied,
    SchemaAdopted,
    SchemaCreated,
    SeedBatchApplied,
)
from initdb.statemachine.decide.fold import step
from initdb.statemachine.decide.verdict import Verdict, held_back
from initdb.statemachine.machine import turn
from initdb.statemachine.table import State, work_name
from initdb.steps.catalog.issue import Issue
from initdb.steps.context import Application
from initdb.steps.effects.mark import Mark
from initdb.steps.effects.script import Script, Sql
from initdb.steps.repairs.action import RepairPlan
from initdb.steps.seeds.ledger import must_assume, seeds_pending
from initdb.steps.survey.facts import Facts

Heads = tuple[str, ...]
"""Version rows."""

NOTHING_TO_REPAIR = RepairPlan((), ())


@dataclass(frozen=True, slots=True)
class Inspection:
    """What an inspection finds.

    Attributes:
        application: The parts of the application, with what env.py said.
        facts: What is true of the database.
        event: What is written about it.
    """

    application: Application
    facts: Facts
    event: DatabaseInspected


class Questions(Protocol):
    """What a rehearsal asks of the database, which is as it was before the run.

    Each of these may raise the InitError by which the run would be stopped at that point.
    """

    def inspect(self, known: Knowledge) -> Inspection:
        """What the inspection finds."""

    def may_go_on(self, known: Knowledge) -> None:
        """Whether no revision is in doubt. Asked after the inspection."""

    def may_create(self) -> None:
        """Whether nothing is in the way of the tables."""

    def may_adopt(self) -> None:
        """Whether the tables are those of the models."""

    def restamped(self, known: Knowledge, facts: Facts) -> tuple[str, ...]:
        """The version rows that a repair of the version table sets."""

    def may_migrate(self, known: Knowledge) -> None:
        """Whether no applied revision was edited."""

    def defects(self, known: Knowledge) -> tuple[Issue, ...]:
        """What a validation finds."""

    def repair(self, known: Knowledge) -> RepairPlan:
        """What a repair does about it."""


class Unasked:
    """The answers for a database of which nothing can be asked: nothing is in the way.

    Args:
        application: The parts of the application.
        facts: What is true of the database.
    """

    def __init__(self, application: Application, facts: Facts) -> None:
        self._found = Inspection(application, facts, facts.said())

    def inspect(self, known: Knowledge) -> Inspection:
        """What was given."""
        return self._found

    def may_go_on(self, known: Knowledge) -> None:
        """It may."""

    def may_create(self) -> None:
        """It may."""

    def may_adopt(self) -> None:
        """It may."""

    def restamped(self, known: Knowledge, facts: Facts) -> tuple[str, ...]:
        """Those that the journal knows."""
        return known.heads

    def may_migrate(self, known: Knowledge) -> None:
        """It may."""

    def defects(self, known: Knowledge) -> tuple[Issue, ...]:
        """None."""
        return ()

    def repair(self, known: Knowledge) -> RepairPlan:
        """Nothing."""
        return NOTHING_TO_REPAIR


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing that a boot would do.

    Attributes:
        step: The name of the work.
        subject: What it is done to.
        note: What a person may want to know about it.
        event: The type of the event that records it; empty if it is only a part of the next one.
        stamps: The version rows that it sets; none for a revision, which moves them by itself.
        script: What it sends, if that is known.
        marks: What it destroys, and whom it blocks.
    """

    step: str
    subject: str
    note: str = ""
    event: str = ""
    stamps: tuple[str, ...] = ()
    script: Script | None = None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a boot would do.

    Attributes:
        intents: In order.
        stop: The error by which it would then be stopped; None if nothing is foreseen that stops it.
        state: The state that the inspection finds.
        facts: What it finds; None if the run is stopped before it.
    """

    intents: tuple[Intent, ...] = ()
    stop: Rendered | None = None
    state: State = State.unknown
    facts: Facts | None = None


def plan(
    known: Knowledge, questions: Questions, begins: RunStarted, attempts: int = 5, backup: str = ""
) -> Plan:
    """Rehearse the run of a boot that has work.

    Args:
        known: What the journal says.
        questions: Answers what only the database can answer.
        begins: The event with which the run begins.
        attempts: The setting of this name.
        backup: Where a backup is made before the first change; empty if none is.
    """
    rehearsal = _Rehearsal(known, questions, begins, attempts, backup)
    stop: Rendered | None = None
    try:
        rehearsal.run()
    except InitError as error:
        stop = error.rendered()
    return Plan(tuple(rehearsal.intents), stop, rehearsal.found, rehearsal.facts)


def state_of(facts: Facts) -> State:
    """The state that an inspection would find. The machine computes it, as it does in a run."""
    return State(turn(State.unknown, "database_inspected", facts.said().data()).dest)


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


_MOMENT = Moment("rehearsal", "", 1, {})


class _Rehearsal:
    """A run that writes its events only into what is known."""

    def __init__(
        self, known: Knowledge, questions: Questions, begins: RunStarted, attempts: int, backup: str
    ) -> None:
        self.intents: list[Intent] = []
        self.found = State.unknown
        self.facts: Facts | None = None
        self._known, self._questions, self._begins = known, questions, begins
        self._attempts, self._backup = attempts, backup
        self._state = State.unknown
        self._pending: tuple[str, ...] = ()
        self._restamps = self._migrates = self._changed = self._repaired = False

    def run(self) -> None:
        self._begin()
        found = self._questions.inspect(self._known)
        self._application, self._facts = found.application, found.facts
        self._write(found.event)
        self.found, self.facts = self._state, self._facts
        self._pending, self._restamps = self._facts.pending, bool(self._facts.conflict)
        self._questions.may_go_on(self._known)
        while (name := work_name(self._state)) is not None:
            self._write(_FORESEE[name](self))

    def _begin(self) -> None:
        last, begins = self._known.last_run, self._begins
        if last is not None and last.ended is None:
            begins = RunResumed(reason=begins.reason, code=begins.code, sessions={}, interrupted={})
        self._write(begins)
        if self._known.crashes >= self._attempts:
            raise InitError("crash-loop", f"{self._known.crashes} runs in a row of this code got no further")

    def _write(self, said: Payload) -> None:
        """What the machine and the fold make of an event that the run would write."""
        moved = turn(self._state, said.type, said.data())
        entry = write(self._known.seq, self._known.hash, _MOMENT, moved, said.data())
        self._known, self._state = step(self._known, entry), State(entry.dest)

    def _intend(self, step: str, subject: str, note: str = "", event: str = "", stamps: Heads = ()) -> None:
        self.intents.append(Intent(step, subject, note, event, stamps))

    def _back_up(self) -> None:
        """The backup before the first change, if there is one."""
        if self._backup and not self._known.backed_up:
            self._intend("back_up", self._backup, event=BackupMade.type)
            self._write(BackupMade())

    def _seeds(self, recreated: tuple[str, ...] = ()) -> tuple[str, ...]:
        return seeds_pending(self._known.seeds, self._application.seeds, recreated)

    def _heads(self) -> tuple[str, ...]:
        graph = self._application.graph
        return graph.heads if graph is not None and self._application.provider is not None else ()

    def _left(self, rows: tuple[str, ...]) -> tuple[str, ...]:
        """The revisions that are left to apply; the run's own list is the same from here on."""
        graph = self._application.graph
        self._pending = graph.pending(rows) if graph is not None else ()
        return self._pending

    def create(self) -> Payload:
        application, facts = self._application, self._facts
        self._back_up()
        self._questions.may_create()
        self._changed = True
        seeds = seeds_pending({}, application.seeds)
        event = SchemaCreated.type
        if application.schema_from == "base":
            self._intend("create_schema", "from the base", event=event)
            return SchemaCreated(from_="base", seeds_pending=seeds, pending=self._left(()))
        heads, names = self._heads(), ", ".join(facts.missing)
        stamp = f"; then stamp {', '.join(heads)}: the revisions need not run" if heads else ""
        count = f"{len(facts.missing)} table{'s' if len(facts.missing) != 1 else ''} from the models"
        self._intend("create_schema", count, f"{names}{stamp}", event, heads)
        return SchemaCreated(
            from_="models", tables=facts.missing, heads=heads, seeds_pending=seeds, pending=self._left(heads)
        )

    def adopt(self) -> Payload:
        heads, tables = self._heads(), self._facts.tables
        self._questions.may_adopt()
        note = f"they are exactly the models'; then stamp {', '.join(heads)}" if heads else ""
        subject = f"{len(tables)} table{'s' if len(tables) != 1 else ''}"
        self._intend("adopt", subject, note, SchemaAdopted.type, heads)
        return SchemaAdopted(
            tables=tables, heads=heads, pending=self._left(heads), seeds_pending=self._seeds()
        )

    def migrate(self) -> Payload:
        if not self._migrates:
            self._questions.may_migrate(self._known)
            self._back_up()
        self._migrates = self._changed = True
        name, *rest = self._pending
        self._pending = tuple(rest)
        files = self._application.graph.files if self._application.graph else {}
        file = files[name]
        notes = [file.doc] if file.doc else []
        if self._known.doubt is not None and self._known.doubt.subject == name:
            notes.append("interrupted: the database is asked how far it came")
        if held_back(self._known.held, {name: file.digest}):
            notes.append("held")
        self._intend("migrate", name, "; ".join(notes), MigrationApplied.type)
        return MigrationApplied(
            revision=name, digest=file.digest, pending=len(rest), seeds_pending=self._seeds()
        )

    def seed(self) -> Payload:
        name, *rest = self._seeds()
        source = next(one for one in self._application.seeds if one.name == name)
        if must_assume(source, self._known.adopted):
            note = "recorded as applied, not run: the tables were adopted"
        else:
            self._back_up()
            note = f"into {source.table}" if source.table and source.table != source.name else ""
        self._intend("seed", name, note, SeedBatchApplied.type)
        return SeedBatchApplied(
            source=name, digest=source.digest, table=source.table, complete=True, seeds_pending=tuple(rest)
        )

    def validate(self) -> Payload:
        # Once the schema is another one, the database as it is now does not tell what the checks will find.
        found = () if self._changed else self._questions.defects(self._known)
        what = "schema, constraints, rows, seeds and rules"
        if not found:
            self._intend("validate", what, event=HealthValidated.type)
            return HealthValidated(checks={})
        self._intend("validate", what, " ".join(issue.text for issue in found), DefectsFound.type)
        return DefectsFound(checks={}, issues=tuple(issue.data() for issue in found))

    def repair(self) -> Payload:
        if self._restamps:
            return self._restamp()
        planned = self._questions.repair(self._known)
        if planned.critical and (self._repaired or not planned.actions):
            raise InitError(
                "repair-impossible", *(f"{one.text} {one.suggestion}" for one in planned.critical)
            )
        if planned.actions:
            self._back_up()
        self._repaired = self._changed = True
        for number, action in enumerate(planned.actions, 1):
            event = RepairApplied.type if number == len(planned.actions) else ""
            script = Script("", tuple(map(Sql, action.ddl)))
            self.intents.append(Intent("repair", action.text, event=event, script=script))
        if not planned.actions:
            texts = " ".join(issue.text for issue in planned.impossible)
            self._intend("repair", "nothing: the application works without it", texts, RepairApplied.type)
        tables = tuple(action.table for action in planned.actions if action.kind == "create-table")
        return RepairApplied(
            actions=tuple(action.text for action in planned.actions),
            tables=tables,
            defects=tuple(issue.text for issue in planned.critical),
            pending=self._pending,
            seeds_pending=self._seeds(tables),
        )

    def _restamp(self) -> Payload:
        rows = self._questions.restamped(self._known, self._facts)
        lost = ", ".join(self._facts.conflict)
        self._intend("repair", "the version table", f"it has lost {lost}", RepairApplied.type, rows)
        self._restamps = False
        return RepairApplied(heads=rows, pending=self._left(rows), seeds_pending=self._seeds())


_FORESEE: Mapping[str, Callable[[_Rehearsal], Payload]] = {
    "create_schema": _Rehearsal.create,
    "adopt": _Rehearsal.adopt,
    "migrate": _Rehearsal.migrate,
    "seed": _Rehearsal.seed,
    "validate": _Rehearsal.validate,
    "repair": _Rehearsal.repair,
}
"""The name of a piece of work → what it would do, and the event that it would write."""
