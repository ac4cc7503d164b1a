"""Answers what a rehearsal asks of the database, with the same functions as the steps, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import NoReturn

from sqlalchemy import Connection, Engine, MetaData

from initdb.errors import InitError
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.form import Payload
from initdb.statemachine.decide.plan import Inspection
from initdb.statemachine.decide.verdict import Look
from initdb.statemachine.site import Site
from initdb.steps import adopt, repair, restamp
from initdb.steps.alembic_driver.ask import chosen
from initdb.steps.catalog.issue import Issue
from initdb.steps.context import Application, StepContext
from initdb.steps.engines.restricted import only_reading
from initdb.steps.inspect import inspected, prepared
from initdb.steps.migrate import check_changed
from initdb.steps.one_revision.doubt import check_doubt
from initdb.steps.repairs.action import RepairPlan
from initdb.steps.repairs.make_schema import missing_in
from initdb.steps.survey.facts import Facts
from initdb.steps.validate import checked


class Unforeseeable(Exception):
    """What a run would do cannot be known without doing it. The text says why."""


@contextmanager
def _env_py_reads(engine: Engine) -> Iterator[None]:
    """Let env.py run in the block, but not write.

    Raises:
        Unforeseeable: It does write.
    """
    try:
        with only_reading(engine):
            yield
    except InitError as error:
        if error.reference != "read-only-database":
            raise
        said = next((line for line in error.context if line.startswith("statement")), error.context[0])
        raise Unforeseeable(f"env.py writes when it is asked for its revisions: {said}") from None


class NoUnit:
    """The unit of a context that only reads."""

    def begin(self, connection: Connection) -> NoReturn:
        """See `initdb.steps.context.Unit`. Nothing is begun."""
        raise AssertionError("a rehearsal writes nothing")

    def commit(self, connection: Connection, *events: Payload) -> NoReturn:
        """See `begin`."""
        self.begin(connection)

    def rollback(self, connection: Connection) -> NoReturn:
        """See `begin`."""
        self.begin(connection)

    def open(self, connection: Connection) -> nullcontext[None]:
        """See `begin`."""
        self.begin(connection)


def reading_context(site: Site, connection: Connection, seen: Look) -> StepContext:
    """The context of a step that may only read.

    Args:
        site: The application and its database.
        connection: In a transaction that may read.
        seen: What was seen.
    """
    return StepContext(
        work=connection,
        unit=NoUnit(),
        application=site.application,
        settings=site.settings,
        knowledge=seen.knowledge,
        engine=site.engine,
        journal=seen.journal,
    )


class Asked:
    """The answers of a database.

    Args:
        ctx: May only read.
    """

    def __init__(self, ctx: StepContext) -> None:
        self._ctx = ctx

    @property
    def application(self) -> Application:
        """The parts of the application, with what env.py said."""
        return self._ctx.application

    def _at(self, known: Knowledge) -> StepContext:
        return replace(self._ctx, knowledge=known)

    def inspect(self, known: Knowledge) -> Inspection:
        """See `initdb.statemachine.decide.plan.Questions`."""
        with _env_py_reads(self._ctx.engine):
            self._ctx = replace(self._ctx, application=chosen(self._ctx.application, self._ctx.engine))
            application = prepared(self._at(known))
        with self._ctx.reading():
            facts, event = inspected(self._at(known), application)
        return Inspection(self._ctx.application, facts, event)

    def may_go_on(self, known: Knowledge) -> None:
        """See `inspect`."""
        check_doubt(self._at(known), repeats=True)

    def may_create(self) -> None:
        """See `inspect`."""
        source = _source(self._ctx.application)
        if source is not None:
            with self._ctx.reading() as connection:
                missing_in(connection, source, ignore=self._ctx.settings.ignore)

    def may_adopt(self) -> None:
        """See `inspect`."""
        with _env_py_reads(self._ctx.engine):
            adopt.refuse_unlike(self._ctx)

    def restamped(self, known: Knowledge, facts: Facts) -> tuple[str, ...]:
        """See `inspect`."""
        return restamp.certain_rows(self._at(known), facts)

    def may_migrate(self, known: Knowledge) -> None:
        """See `inspect`."""
        check_doubt(self._at(known), repeats=True)
        check_changed(self._at(known))

    def defects(self, known: Knowledge) -> tuple[Issue, ...]:
        """See `inspect`."""
        with _env_py_reads(self._ctx.engine), self._ctx.reading():
            return checked(self._at(known)).defects

    def repair(self, known: Knowledge) -> RepairPlan:
        """See `inspect`."""
        with _env_py_reads(self._ctx.engine), self._ctx.reading():
            return repair.planned_for(self._at(known))


def _source(application: Application) -> MetaData | None:
    """The MetaData that an empty database is made from; None if there is none."""
    made = application.base if application.schema_from == "base" else application.metadata
    return made if isinstance(made, MetaData) else None
