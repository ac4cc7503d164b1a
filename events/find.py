"""Finds the journal of an application, and decides from the catalogue alone whose it is."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from initdb.errors import InitError
from initdb.errors.classify import is_connection_lost
from initdb.errors.driver import driver_error
from initdb.events import facts
from initdb.events.database import database_of
from initdb.events.entry import parse
from initdb.events.fact import sentence
from initdb.events.journal import Journal
from initdb.events.payloads.notes import JournalCreated
from initdb.events.statements import AnyConnection, run, savepoint
from initdb.events.trust import OWN_SCHEMA, Around, place

_NOT_ASKED = Around(None)


def find(
    connection: AnyConnection,
    application: str,
    wanted: str | None,
    trusted: Collection[str] = (),
    tables: Collection[str] | None = None,
) -> tuple[Journal, bool]:
    """Find the journal to use, and whether it exists. Nothing of it is read before the catalogue was.

    Without the setting, this application's journal is looked for in every schema. SQLite has no schemas:
    there the setting only names the journal of a second application in one file.

    Args:
        connection: In a transaction that may read.
        application: The owner of the journal.
        wanted: The setting `journal_schema`.
        trusted: The roles that may own the journal, besides those that can do everything here anyway.
        tables: The tables of the application; None if they are not known.

    Raises:
        InitError: `journal-elsewhere`, if the setting names one schema and this application's journal is in
            another; `journal-unreadable`, if only a part of one exists; `foreign-journal-table`, if something
            else has a name of the other part; `journal-of-a-stranger`, `journal-place-taken` or
            `journal-unsafe`, if somebody else may have made or changed it.
    """
    database = database_of(connection)
    with database.pinned(connection):
        around = database.around(connection, trusted, tables or ())
        present = around.schemas()
        if database.name == "sqlite" and wanted is not None:
            wanted = _name_on_sqlite(connection, application, wanted, present)
        schema, exists = _among(connection, application, wanted, around, trusted)
        if not exists:
            around.refuse_strange(wanted, tables)
            return Journal(
                _place(connection, around, wanted, trusted), application, trusted=tuple(trusted)
            ), False
        journal = Journal(schema, application, trusted=tuple(trusted))
        if not present[str(schema)]:
            journal.check_tables(connection)
        return _safe(connection, journal, around), True


def _among(
    connection: AnyConnection,
    application: str,
    wanted: str | None,
    around: Around,
    trusted: Collection[str],
) -> tuple[str | None, bool]:
    """The schema of the journal, and whether it exists there."""
    present = around.schemas()
    if wanted is None:
        ours = [
            name
            for name in present
            if len(present) > 1 and _owner(connection, name, around, trusted) == application
        ]
        schema = next(iter(ours or present), None)
        return schema, schema is not None
    elsewhere = (
        []
        if wanted in present
        else [n for n in present if _owner(connection, n, around, trusted) == application]
    )
    if elsewhere:
        said = f"journal_schema is '{wanted}', the journal is in '{elsewhere[0]}'"
        raise InitError("journal-elsewhere", said)
    return wanted, wanted in present


def _place(
    connection: AnyConnection, around: Around, wanted: str | None, trusted: Collection[str]
) -> str | None:
    """The schema of a new journal."""
    names = [name for name in dict.fromkeys((wanted or around.default, OWN_SCHEMA)) if name is not None]
    return place(around, database_of(connection).places(connection, names, trusted), wanted)


def _safe(connection: AnyConnection, journal: Journal, around: Around) -> Journal:
    """The journal, locked against changes of its definition, with the stamp of what was judged.

    Raises:
        InitError: `journal-unsafe`, if it runs code of a stranger, or hides rows, when it is used.
    """
    database = database_of(connection)
    stamp = database.lock_to_read(connection, journal.schema)
    if stamp is None:
        return journal
    found = database.facts(connection, journal.schema)
    roles = {one.role for one in found if one.role}
    more = database.strangers(connection, roles - around.owners, journal.trusted)
    said = facts.hostile(found, {*around.strangers, *more})
    lines = [f"{sentence(one)}: {one.undo};" for one in said]
    if lines:
        raise InitError("journal-unsafe", *lines, database=database.name)
    loose = tuple(one.undo for one in found if one.kind == "right")
    return replace(journal, stamp=stamp, loose=loose)


def _name_on_sqlite(
    connection: AnyConnection, application: str, wanted: str, present: Collection[str]
) -> str | None:
    """The name of this application's journal in a file; None for the one without a name, of the first."""
    name = wanted.lower()
    if name in present:
        return name
    first = database_of(connection).default_schema(connection)
    if first not in present or _owner(connection, str(first)) == application:
        return None
    if not re.fullmatch(r"\w+", name) or "__" in name:
        raise InitError("bad-setting", f"journal_schema = {wanted}: on SQLite a name of letters and digits")
    return name


def _owner(
    connection: AnyConnection, schema: str, around: Around = _NOT_ASKED, trusted: Collection[str] = ()
) -> str | None:
    """The owner of the journal in a schema; None if it does not say, or may not be read."""
    journal = Journal(schema, "", trusted=tuple(trusted))
    table = journal.table(connection, "init_journal")
    equals = database_of(connection).equals
    try:
        with savepoint(connection):
            _safe(connection, journal, around)
            event = run(connection, f"SELECT event FROM {table} WHERE seq {equals} 1")[0][0]
            return JournalCreated.read(parse(1, event, "", "").data).application
    except Exception as error:  # the driver's own error, or SQLAlchemy's around it
        if is_connection_lost(error) or not _says_nothing(error):
            raise
        return None


def _says_nothing(error: Exception) -> bool:
    if isinstance(error, InitError):
        return error.reference == "journal-unsafe"
    return driver_error(error) is not None or isinstance(error, (LookupError, ValueError))
