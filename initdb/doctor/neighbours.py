"""Names what other roles have put beside the journal on PostgreSQL. It stops no boot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from initdb.doctor.finding import Finding, warning
from initdb.events.advisory import Hold, holds
from initdb.events.database import database_of
from initdb.events.journal import Journal
from initdb.events.statements import run
from initdb.events.trust import MOST, Named
from initdb.settings import Settings
from initdb.statemachine.site import trusted_by

_EVENT_TRIGGERS = """
SELECT e.evtname::pg_catalog.text, pg_catalog.pg_get_userbyid(e.evtowner)::pg_catalog.text
FROM pg_catalog.pg_event_trigger e
WHERE NOT e.evtenabled OPERATOR(pg_catalog.=) 'D'::pg_catalog."char" ORDER BY e.evtname
"""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What was found.

    Attributes:
        shadows: Operators and functions that can run in statements of SQLAlchemy, as sentences.
        strange: What strangers have under a journal's names.
        holds: Advisory locks of the journal that do not count.
        event_triggers: Name and owner of each event trigger: it runs with every DDL statement of a boot.
    """

    shadows: tuple[str, ...] = ()
    strange: tuple[Named, ...] = ()
    holds: tuple[Hold, ...] = ()
    event_triggers: tuple[tuple[str, str], ...] = ()


def gather_neighbours(connection: Connection, journal: Journal, settings: Settings) -> Neighbours:
    """Ask the server.

    Args:
        connection: In a transaction that may read.
        journal: The journal, whether it exists or not.
        settings: They say which roles are trusted.
    """
    database, trusted = database_of(connection), trusted_by(settings)
    found = (*holds(connection, journal, "baton"), *holds(connection, journal, "first"))
    return Neighbours(
        database.shadows(connection),
        database.around(connection, trusted, ()).strange(),
        tuple(hold for hold in found if not hold.counts),
        tuple((name, owner) for name, owner in run(connection, _EVENT_TRIGGERS)),
    )


def judge_neighbours(found: Neighbours) -> Iterator[Finding]:
    """The findings about neighbours. Pure.

    Args:
        found: What was found.
    """
    for said in found.shadows:
        yield warning(
            "neighbours",
            said,
            "Let its owner drop it, and let only the owner of the schema create objects there:"
            " REVOKE CREATE ON SCHEMA … FROM PUBLIC;",
        )
    if found.strange:
        names = ", ".join(map(str, found.strange[:MOST]))
        more = f" and {len(found.strange) - MOST} more" if len(found.strange) > MOST else ""
        yield warning(
            "neighbours",
            f"Other roles have things with the journal's names, which are left alone: {names}{more}.",
            "Let their owners drop them; or, if one of them makes this database ready, set journal_owner.",
        )
    for hold in found.holds:
        yield warning(
            "neighbours",
            f"An advisory lock of this journal is held by {hold}, which could not do the work. It is passed"
            " over.",
            f"End it: SELECT pg_terminate_backend({hold.pid});"
            if hold.pid is not None
            else "See the prepared transactions: SELECT gid, owner, prepared FROM pg_prepared_xacts;",
        )
    for name, owner in found.event_triggers:
        yield warning(
            "neighbours",
            f"The event trigger {name} of {owner} runs with the DDL statements of a boot.",
            "See what it does: SELECT evtname, evtfoid::regprocedure FROM pg_event_trigger;",
        )
