"""inspect: look at the database and record what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from initdb.errors import InitError
from initdb.events.naming import readable
from initdb.events.payloads.work import DatabaseInspected
from initdb.steps.alembic_driver.ask import learned
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import Application, Progress, StepContext
from initdb.steps.health.lost_tables import refuse_lost_rows
from initdb.steps.payload.remaining import pending_seeds
from initdb.steps.seeds.ledger import position
from initdb.steps.seeds.sources import check
from initdb.steps.survey.edits import Edit, edits, listed, named, sentences
from initdb.steps.survey.facts import Facts, survey, version_place
from initdb.steps.survey.row_statement import deleting
from initdb.steps.survey.whose_rows import refuse_other_directory


def run(ctx: StepContext) -> None:
    """Look at the database and append `database_inspected`, in one unit. What is found decides the state.

    The seeds that are still to be applied are checked first, before anything changes.

    Args:
        ctx: The step's context.

    Raises:
        InitError: `database-ahead`, if no revision file has one of the version rows; `version-rows-overlap`;
            `files-edited`, if the setting `when_edited` says so; `table-lost`; `no-revisions`;
            `identity-refused`; `journal-of-another-directory`; `version-table-shared`; and what
            `seeds.checking.check` raises.
    """
    ctx.report(Progress("inspect"))
    application = prepared(ctx)
    with ctx.unit.open(ctx.work):
        ctx.unit.commit(ctx.work, inspected(ctx, application)[1])


def prepared(ctx: StepContext) -> Application:
    """Check the seeds that are still to be applied, and ask env.py for its version table if that is needed.

    Args:
        ctx: The step's context.

    Returns:
        The application, with what env.py said.

    Raises:
        InitError: What `seeds.checking.check` raises.
    """
    waiting = pending_seeds(ctx)
    for source in ctx.application.seeds:
        if source.name in waiting:
            check(source, ctx.application.metadata, position(ctx.knowledge.seeds, source).mark)
    return learned(ctx)


def inspected(ctx: StepContext, application: Application) -> tuple[Facts, DatabaseInspected]:
    """Look at the database. Nothing is written.

    Args:
        ctx: The step's context.
        application: As `prepared` returned it.

    Returns:
        The facts, and the event that says them.

    Raises:
        InitError: `database-ahead`, `version-rows-overlap`, `files-edited`, `table-lost`, `no-revisions`,
            `identity-refused`, `journal-of-another-directory`, `version-table-shared`.
    """
    facts = survey(ctx.work, application, ctx.knowledge)
    if facts.unknown:
        refuse_other_directory(application, ctx.knowledge)
        raise InitError("database-ahead", f"not in these migration files: {', '.join(facts.unknown)}")
    if facts.overlapping:
        raise _overlap(ctx, application, facts)
    edited = () if facts.started_over else edits(application, ctx.knowledge)
    _refuse_edited(ctx, edited)
    if not facts.outside and not facts.conflict and not facts.started_over:
        refuse_lost_rows(ctx, facts.missing)
    refuse_no_revisions(application, facts)
    _refuse_identity(ctx, facts)
    leftovers = tuple(one.text for one in catalogue_of(ctx.work).leftovers())
    event = _with_edited(ctx, facts.said(leftovers), edited)
    if application.version_asked:
        event = replace(
            event, version_table=application.version_table, version_schema=application.version_schema
        )
    return facts, event


def _refuse_identity(ctx: StepContext, facts: Facts) -> None:
    """Refuse to put the built-in identity schema beside the tables of an application."""
    if ctx.application.identity and not facts.tables and not facts.rows and facts.there:
        said = f"It has {facts.there} other tables, and none of the identity schema."
        raise InitError("identity-refused", said, database=ctx.database)


def _refuse_edited(ctx: StepContext, edited: Sequence[Edit]) -> None:
    if edited and ctx.settings.when_edited == "fail":
        raise InitError("files-edited", *named(edited), database=ctx.database)


def _with_edited(ctx: StepContext, event: DatabaseInspected, edited: Sequence[Edit]) -> DatabaseInspected:
    """The event with the edited files that no event has said yet."""
    known = ctx.knowledge.told
    new = [edit for edit in edited if known.get(edit.key) != (edit.now or "")]
    return replace(event, edited=listed(new), warnings=sentences(new)) if new else event


def refuse_no_revisions(application: Application, facts: Facts) -> None:
    """Refuse an empty database whose tables revisions are to make, if there is no revision yet.

    Args:
        application: The parts of the application.
        facts: What was found.

    Raises:
        InitError: `no-revisions`.
    """
    graph = application.graph
    waits = facts.schema_from == "migrations" and facts.missing and not facts.tables and not facts.rows
    if waits and graph is not None and not graph.files and application.place is not None:
        where = application.place.script_location
        raise InitError(
            "no-revisions", f"tables in the models: {len(facts.missing)}; revisions in {where}: 0"
        )


def _overlap(ctx: StepContext, application: Application, facts: Facts) -> InitError:
    """The error for version rows that Alembic refuses, with the statement that removes the older ones."""
    place = version_place(application, ctx.knowledge)
    statement = deleting(place, facts.overlapping)
    rows = ", ".join(sorted(facts.rows or ()))
    return InitError(
        "version-rows-overlap",
        f"{readable(*place)} says {rows}; older than another row: {', '.join(facts.overlapping)}",
        fix=f"{statement} Then: initdb run",
        database=ctx.database,
    )
