"""Whether the version rows that were found are those of this Alembic directory, or of another one."""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import Connection

from initdb.errors import InitError
from initdb.events.knowledge import Knowledge
from initdb.events.naming import readable
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import Application
from initdb.steps.survey.facts import version_place

_OF_ALEMBIC = re.compile(r"(?:^|_)(?:alembic|versions?|table|public|main)(?=_|$)")
_LONGEST = 40


def must_ask(
    connection: Connection, application: Application, known: Knowledge, unknown: Collection[str]
) -> bool:
    """Whether env.py has to say which version table is its own, before the rows are believed.

    Its text need not show the name: it may compute it, or set a search_path. So env.py is asked wherever
    there is a version table and the journal does not know whether it is this directory's.

    Args:
        connection: In a transaction that may read.
        application: The parts of the application.
        known: What the journal says.
        unknown: The version rows that no revision file has.
    """
    if application.provider is None or application.version_asked:
        return False
    if unknown:
        return True
    catalogue = catalogue_of(connection)
    known_one = known.version_table and catalogue.version_rows(*version_place(application, known)) is not None
    return not known_one and bool(catalogue.version_tables())


def refuse_other_directory(application: Application, known: Knowledge) -> None:
    """Refuse a journal or a version table that is another directory's, if it has rows that no file has.

    Args:
        application: The parts of the application. If env.py could be asked, it has its answer.
        known: What the journal says.

    Raises:
        InitError: `journal-of-another-directory`, `version-table-renamed`, `version-table-shared`.
    """
    if known.version_table is None:
        return
    refuse_other_table(application, known, (application.version_table, application.version_schema))
    if not _is_another(application, known):
        return
    name = suggested(application.name)
    raise InitError(
        "version-table-shared",
        f"The version table is {readable(known.version_table, known.version_schema)}. The journal's "
        f"revisions begin with {', '.join(sorted(known.bases))}, those of this directory with "
        f"{', '.join(application.graph.bases if application.graph else ())}.",
        names={"APPNAME": name, "VERSIONTABLE": f"{name}_version"},
    )


def refuse_other_table(application: Application, known: Knowledge, mine: tuple[str, str | None]) -> None:
    """Refuse a version table that is not the one which the journal is about.

    Args:
        application: The parts of the application.
        known: What the journal says.
        mine: The name and the schema that env.py gives its version table.

    Raises:
        InitError: `journal-of-another-directory`; `version-table-renamed`, if the revisions are the same.
    """
    if known.version_table is None:
        return
    (table, schema), theirs = mine, (known.version_table, known.version_schema)
    moved = None not in {schema, theirs[1]} and schema != theirs[1]
    if table == theirs[0] and not moved:
        return
    said = f"The journal is about the version table {readable(*theirs)}; this env.py has {readable(*mine)}."
    if known.bases and not _is_another(application, known):
        fix = [f"ALTER TABLE {readable(*theirs)} RENAME TO {readable(table, None)};"]
        if moved:
            renamed = readable(table, theirs[1])
            fix = [
                *fix[: table != theirs[0]],
                f"ALTER TABLE {renamed} SET SCHEMA {readable(schema or '', None)};",
            ]
        raise InitError(
            "version-table-renamed", said, fix=f"Rename the table too: {' '.join(fix)} Then: initdb run"
        )
    names = {"APPNAME": suggested(table, schema or "", application.name)}
    raise InitError("journal-of-another-directory", said, names=names)


def _is_another(application: Application, known: Knowledge) -> bool:
    """Whether this directory has none of the revisions with which the journal's directory began."""
    files = application.graph.files if application.graph else {}
    return bool(files) and bool(known.bases) and known.bases.isdisjoint(files)


def suggested(*names: str) -> str:
    """A short name for an application, from the first of some names that says anything.

    Args:
        names: Of its version table, its schema, its folder.

    Example:
        >>> suggested("alembic_version", "Stock-Keeping"), suggested("stock_alembic_version"), suggested("")
        ('stock_keeping', 'stock', 'second')
    """
    for name in names:
        words = _OF_ALEMBIC.sub("", re.sub(r"[^a-z0-9]+", "_", name.lower())).strip("_")[:_LONGEST]
        if words and not words[0].isdigit():
            return words
    return "second"
