"""`initdb doctor --sql`: opens the database, and writes the SQL that makes its roles."""

from __future__ import annotations

from dataclasses import replace

from initdb.cli.calling.call import Call
from initdb.cli.opening.opened import opened
from initdb.cli.opening.target import find_target
from initdb.doctor.objects import gather_objects, members_among
from initdb.doctor.privileges import sql
from initdb.doctor.roles import PARTS, roles_of
from initdb.errors import InitError
from initdb.events.sessions import session
from initdb.statemachine.site import journal_of
from initdb.steps.connect import reading


def script(call: Call, given: dict[str, str]) -> list[str]:
    """The lines of the script.

    Args:
        call: The call of the command.
        given: Part → name of a role, for those that a person chose.

    Raises:
        InitError: `bad-usage`, for SQLite; what keeps the database or the journal from being read.
        ValueError: The names are no roles, or two of them are one.
    """
    with opened(call, find_target(call)) as initializer:
        engine, application = initializer.engine, initializer.site.application
        if engine.dialect.name != "postgresql":
            said = "SQLite has no roles: whoever may write the file may do everything with it."
            raise InitError("bad-usage", said, fix="Let only its user write the file: chmod 600 DBFILE")
        models = () if application.metadata is None else application.metadata.tables.values()
        with reading(engine), session(engine) as connection:
            settings = initializer.settings
            # Who names the owner here speaks for it, as by the setting.
            named = (*settings.journal_owner, *filter(None, [given.get("owner")]))
            settings = replace(settings, journal_owner=named)
            journal, _ = journal_of(connection, settings, initializer.site.tables)
            found = gather_objects(
                connection,
                journal,
                [(table.schema, table.name) for table in models],
                (application.version_schema, application.version_table),
            )
            roles = roles_of(found, given)
            members = members_among(connection, [getattr(roles, part) for part in PARTS])
    return list(sql(replace(found, members=members), roles))
