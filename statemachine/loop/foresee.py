"""Foresees what a boot would do: looks, rehearses, and prints what it would send. Writes nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, MetaData, inspect

from initdb.errors import InitError
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.runs import RunStarted
from initdb.events.sessions import database_file, session
from initdb.statemachine.decide.plan import Intent, Plan, Unasked, plan, state_of
from initdb.statemachine.decide.scripts import Printed, with_scripts
from initdb.statemachine.decide.verdict import Look, Verdict, judge, waits_out
from initdb.statemachine.loop.creating import would_create
from initdb.statemachine.loop.holder import at_work
from initdb.statemachine.loop.look import look_on
from initdb.statemachine.loop.others import UNKNOWN, Others
from initdb.statemachine.loop.questions import Asked, Unforeseeable, reading_context
from initdb.statemachine.site import Site
from initdb.steps.alembic_driver.ask import chosen_offline
from initdb.steps.backup import described
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.connect import reading
from initdb.steps.effects.reader import Name
from initdb.steps.effects.schema import Present
from initdb.steps.effects.script import Script, Sql
from initdb.steps.missing_database.file import refuse_unmakeable
from initdb.steps.missing_database.on_server import place
from initdb.steps.repairs.make_schema import print_schema
from initdb.steps.survey.edits import Edit
from initdb.steps.survey.facts import decide, survey, wanted_tables


@dataclass(frozen=True, slots=True)
class Foresight:
    """What a boot would do now.

    Attributes:
        verdict: What it would conclude.
        plan: What it would then do.
        missing: That the database is not there yet, and what a boot does about it; empty if it is there.
        at_work: Which other process is at work now; empty if none is.
        read_only: Why nothing can be written here; empty if it can.
        unknown: Why nothing can be foreseen; empty if it can.
        edited: The files that were edited since they were applied.
    """

    verdict: Verdict
    plan: Plan
    missing: str = ""
    at_work: str = ""
    read_only: str = ""
    unknown: str = ""
    edited: tuple[Edit, ...] = ()


def foresee(site: Site, *, printing: bool = False) -> Foresight:
    """Say what a boot would do now. Nothing is written, and no file or database is made.

    Args:
        site: The application and its database.
        printing: Whether the statements of everything are wanted. Without it those of revisions are printed
            where they may have marks.

    Raises:
        InitError: The database cannot be reached, or its journal cannot be read.
    """
    site.ask_env_py()
    file = database_file(site.engine)
    if file is not None and not file.exists():
        return _of_nothing(site, _would_make(file), f"There is no file {file}", printing)
    try:
        with reading(site.engine), session(site.engine) as connection:
            return _of_database(site, connection, printing)
    except InitError as error:
        if error.reference != "unknown-database" or site.engine.dialect.name == "sqlite":
            raise
    said = f"There is no database {place(site.engine.url)}"
    return _of_nothing(site, lambda: would_create(site, site.engine), said, printing)


def _would_make(file: Path) -> Callable[[], str]:
    def make() -> str:
        refuse_unmakeable(file)
        return f"There is no file {file} yet: a boot makes it"

    return make


def _of_nothing(site: Site, make: Callable[[], str], missing: str, printing: bool) -> Foresight:
    """Of a database that is not there. `make`: says what a boot does about it, or raises why it fails."""
    seen = Look(Knowledge(), site.code, None, journal=Journal(None, site.owner))
    verdict = judge(seen)
    try:
        missing = make()
        application = chosen_offline(site.application, site.engine)
    except InitError as error:
        return Foresight(verdict, Plan(stop=error.rendered()), missing)
    if isinstance(application, str):
        return Foresight(verdict, Plan(), missing, unknown=f"{_FOLDERS}: {application}")
    site.application = application
    facts = decide(application, seen.knowledge, None, wanted_tables(application, (), None))
    made = plan(seen.knowledge, Unasked(application, facts), _begins(site, verdict), site.settings.attempts)
    return Foresight(verdict, _printed(site, made, None, printing), missing)


_FOLDERS = "env.py chooses the folders of the revisions, and cannot be asked before the database is there"


def _begins(site: Site, verdict: Verdict) -> RunStarted:
    reason = "retry" if waits_out(verdict) else verdict.reason
    return RunStarted(reason=reason, code=dict(site.code), sessions={})


def _of_database(site: Site, connection: Connection, printing: bool) -> Foresight:
    seen = look_on(site, connection)
    verdict = judge(seen)
    made = Foresight(
        verdict, Plan(), at_work=_at_work(site, seen), read_only=seen.read_only, edited=seen.edited
    )
    if verdict.kind != "work" and not waits_out(verdict):
        facts = survey(connection, site.application, seen.knowledge)
        return replace(made, plan=Plan(state=state_of(facts), facts=facts))
    asked = Asked(reading_context(site, connection, seen))
    try:
        backup = described(site.settings, site.engine)
        found = plan(seen.knowledge, asked, _begins(site, verdict), site.settings.attempts, backup)
    except Unforeseeable as error:
        return replace(made, unknown=str(error))
    site.application = asked.application
    return replace(made, plan=_printed(site, found, connection, printing))


def _at_work(site: Site, seen: Look) -> str:
    """Which process is at work; empty if none is, or if that cannot be asked."""
    with contextlib.suppress(*UNKNOWN):
        if seen.exists and at_work(site.engine, seen.journal):
            return Others(site).at_work(seen.journal, seen.knowledge, anew=True)
    return ""


def _printed(site: Site, made: Plan, connection: Connection | None, printing: bool) -> Plan:
    """The plan with what its revisions send; with what everything sends, if it is to be printed."""
    if made.facts is None:
        return made
    rows = made.facts.rows
    present = Present() if connection is None else _present(connection)
    revisions = [one.subject for one in made.intents if one.step == "migrate"]
    files = site.application.graph.files if site.application.graph is not None else {}
    leaves = any(files[name].uses_autocommit_block for name in revisions)
    scripts: Mapping[str, Script] = {}
    if revisions and (printing or present.tables or leaves):
        from initdb.steps.alembic_driver.offline import print_revisions

        found = print_revisions(site.application, site.engine, rows)
        scripts = (
            {name: Script(name, refused=found) for name in revisions} if isinstance(found, str) else found
        )
    sources = {
        name: files[name].path.read_bytes()
        for name in revisions
        if files[name].uses_autocommit_block or (name in scripts and scripts[name].refused)
    }
    printed = Printed(site.engine.dialect.name, scripts, files, sources, present)
    made = with_scripts(made, printed)
    if not printing:
        return made
    return replace(made, intents=tuple(_with_sql(site, one, rows) for one in made.intents))


def _present(connection: Connection) -> Present:
    """The tables that are there, without Alembic's version table."""
    default = connection.dialect.default_schema_name
    catalogue = catalogue_of(connection)
    hidden = set(catalogue.version_tables())

    def columns(name: Name) -> Mapping[str, str]:
        schema, table = name
        found = inspect(connection).get_columns(table, schema=schema)
        return {str(one["name"]): one["type"].compile(connection.dialect) for one in found}

    tables = frozenset(key for key in catalogue.tables() if key[1] not in hidden)
    return Present(tables, columns, default)


def _with_sql(site: Site, intent: Intent, rows: tuple[str, ...] | None) -> Intent:
    """The intent with the statements of work that is no revision, as far as they are known."""
    if intent.step not in ("create_schema", "adopt", "repair") or intent.script is not None:
        return intent
    application = site.application
    script = Script("")
    if intent.stamps:
        from initdb.steps.alembic_driver.offline import print_stamp

        script = print_stamp(application, site.engine, rows, intent.stamps)
    if intent.step == "create_schema":
        made = application.base if application.schema_from == "base" else application.metadata
        if not isinstance(made, MetaData):
            return replace(intent, script=Script("", refused="a function of the application makes it"))
        texts = print_schema(made, site.engine.dialect, ignore=site.settings.ignore)
        script = replace(script, statements=tuple(map(Sql, texts)))
    return replace(intent, script=script)
