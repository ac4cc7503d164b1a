"""Creates a missing PostgreSQL database, if the setting `create_database` or a person allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from initdb.errors import InitError
from initdb.errors.redact import identity
from initdb.events.payloads.notes import DatabaseCreated
from initdb.events.spool import Spool
from initdb.nearest import did_you_mean
from initdb.statemachine.loop.outage import note_for
from initdb.statemachine.loop.translated import translated
from initdb.statemachine.site import Site, report_to
from initdb.steps import connect
from initdb.steps.missing_database.on_server import Around, create, look_around, place

Found = TypeVar("Found")


def looked_or_created(
    site: Site, engine: Engine, look: Callable[[], Found], wait: Callable[[], None]
) -> Found:
    """Look at a database. If it is missing, create it if that is allowed, and look again.

    Args:
        site: Where this process is at work.
        engine: The engine of the database.
        look: Looks at it.
        wait: Waits a moment, since another session of the server is in the way. It raises at a limit.

    Returns:
        What `look` gives.

    Raises:
        InitError: What `look` or `create_missing` raises.
    """
    while True:
        try:
            return look()
        except InitError as error:
            if error.reference != "unknown-database":
                raise
        if not create_missing(site, engine):
            wait()


def create_missing(site: Site, engine: Engine) -> bool:
    """Create a missing database. What is created is said first; the new database's journal says it too.

    Args:
        site: It says whether a person can be asked, and what the settings allow.
        engine: The engine of the missing database: of the site, or of one beside it.

    Returns:
        Whether the database is there now. If not, another session of the server is in the way for a moment.

    Raises:
        InitError: `unknown-database`, if it must not be created; or why it could not be.
    """
    name = engine.url.database or ""
    around = _look_around(engine)
    near = did_you_mean(name, around.names) if around else ""
    if around is None or not around.may_create or not _allowed(site, f"{place(engine.url)}{near}"):
        raise _missing(engine, around, near)
    report_to(site.watcher.announce, f"creating the database {place(engine.url)}")
    with translated(lambda error: connect.refused(engine, error)):
        made = create(engine)
    if made == "created":
        by = "setting" if site.settings.create_database == "yes" else "person"
        spool = Spool.beside(identity(engine.url), site.settings.application or "")
        note_for(spool, site.clock, DatabaseCreated(name=name, server=place(engine.url), allowed_by=by))
    return made != "later"


def would_create(site: Site, engine: Engine) -> str:
    """Say what a boot does about a missing database, without doing it.

    Args:
        site: It has the settings.
        engine: The engine of the missing database.

    Raises:
        InitError: `unknown-database`, if the database must not be created.
    """
    around = _look_around(engine)
    near = did_you_mean(engine.url.database or "", around.names) if around else ""
    if around is None or not around.may_create or site.settings.create_database == "no":
        raise _missing(engine, around, near)
    does = (
        "a boot creates it"
        if site.settings.create_database == "yes"
        else "a boot at a terminal asks whether to create it, any other boot fails (unknown-database)"
    )
    return f"There is no database {place(engine.url)}{near}: {does}"


def _look_around(engine: Engine) -> Around | None:
    """What the server says; None if it does not let this role look."""
    try:
        return look_around(engine)
    except (SQLAlchemyError, OSError) as error:
        found = connect.refused(engine, error)
        if connect.passing(found):
            raise found from error
        return None


def _allowed(site: Site, missing: str) -> bool:
    match site.settings.create_database:
        case "yes":
            return True
        case "ask" if site.asker is not None:
            return site.asker(f"There is no database {missing}. Create it?")
    return False


def _missing(engine: Engine, around: Around | None, near: str) -> InitError:
    """The error for a database that is missing and stays so, with both ways out."""
    said, fix = [f"{place(engine.url)}{near}"], None
    if around is not None and not around.may_create:
        said.append(f"The role {around.role} may not create databases.")
        fix = (
            "Correct the name in the URL. Or let a role that may create databases do it: createdb -O DBROLE"
            " DBNAME, then: initdb run"
        )
    return connect.refused(engine, InitError("unknown-database", *said, fix=fix, database="postgresql"))
