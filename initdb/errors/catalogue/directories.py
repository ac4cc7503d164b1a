"""Catalogue: several Alembic directories in one database."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed."
_SETTINGS = Advice(
    "alternative-configuration",
    "Set both in the settings of this directory, so that every command uses them: "
    'application = "APPNAME", journal_schema = "APPNAME"',
)

DIRECTORIES: tuple[ErrorRow, ...] = (
    ErrorRow(
        "journal-of-another-directory",
        "The journal in this database is about another Alembic directory.",
        _NOTHING,
        "Give this directory a journal of its own: initdb run --application APPNAME --journal-schema APPNAME",
        causes=(
            "Two Alembic directories, with a version table each, share the database.",
            "The setting database_url or migrations names those of another application.",
        ),
        advice=(_SETTINGS,),
    ),
    ErrorRow(
        "version-table-renamed",
        "env.py names another version table than before. In that one no revision would be applied.",
        _NOTHING,
        "Rename the version table too, or correct env.py. Then: initdb run",
        causes=(
            "version_table or version_table_schema in env.py was changed, or what they are computed from.",
            "env.py sets another search_path than before.",
        ),
        advice=(
            Advice(
                "alternative-configuration",
                "To keep the old name, give version_table in context.configure() of env.py its old value "
                "again, and call initdb run",
            ),
        ),
    ),
    ErrorRow(
        "version-table-shared",
        "Another Alembic directory uses the same version table: none of its revisions is in this directory.",
        _NOTHING,
        'Give it its own: version_table="VERSIONTABLE" in context.configure() of env.py. Then: initdb run '
        "--application APPNAME --journal-schema APPNAME",
        causes=(
            "Two applications share the database, and both have the default version table, alembic_version.",
            "The setting database_url or migrations names those of another application.",
            "All revisions were replaced by others, and this code has only the old or only the new ones.",
        ),
        advice=(
            _SETTINGS,
            Advice(
                "troubleshooting",
                "See which revisions the journal knows: initdb journal --type migration_applied --last 5",
            ),
        ),
    ),
)
