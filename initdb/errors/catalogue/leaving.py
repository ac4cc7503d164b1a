"""Catalogue: `initdb eject`, which exports a journal and takes it out of its database."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was removed: the journal is as it was."

LEAVING: tuple[ErrorRow, ...] = (
    ErrorRow(
        "eject-unconfirmed",
        "Nobody confirmed that the journal shall be taken out of the database.",
        _NOTHING,
        "Call it again with --yes: initdb eject --to FILE --yes",
        causes=("The command was called without a terminal, by a script or with --json, and without --yes.",),
        advice=(
            Advice(
                "backup",
                "The journal is exported to the file before anything is removed; keep that file.",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "export-refused",
        "The journal cannot be exported to this file.",
        _NOTHING,
        "Name a file that does not exist yet, where this process may write: initdb eject --to FILE",
        causes=(
            "The file exists. Only the beginning of an export of the same journal is completed.",
            "The folder does not exist, or this process may not write to it.",
            "The disk is full.",
            "The path is a folder, a symbolic link, or a file that the database itself uses.",
        ),
        advice=(
            Advice(
                "consistency",
                "Nothing is removed before the whole journal is in the file and on the disk.\n"
                "If the command ends in between, the file has the beginning of the export. The same command "
                "goes on with it.",
            ),
        ),
    ),
    ErrorRow(
        "journal-needed",
        "Other objects in the database need the journal.",
        _NOTHING,
        "Drop them, or ask their owners to, then: initdb eject --to FILE",
        causes=(
            "Somebody made a view, a function or a foreign key that reads the journal's tables.",
            "A table inherits from one of the journal's tables.",
        ),
        advice=(
            Advice(
                "conflicting-objects",
                "See what a view says before you drop it: SELECT definition FROM pg_views WHERE viewname = "
                "'recent_runs'",
                "postgresql",
            ),
            Advice(
                "conflicting-objects",
                "See what a view or a trigger says before you drop it: SELECT sql FROM sqlite_schema WHERE "
                "name = 'recent_runs'",
                "sqlite",
            ),
            Advice(
                "alternative-configuration",
                "A report that needs the history can read the exported file instead: docs/leaving.md has its "
                "format.",
            ),
        ),
    ),
    ErrorRow(
        "journal-not-owned",
        "The journal belongs to another role, and only its owner can do this.",
        _NOTHING,
        "Let its owner do it: initdb eject --to FILE --work-url URL",
        causes=(
            "Another role brought the database to ready, by the setting work_url or in a job of its own.",
            "The database was restored by another role.",
        ),
        advice=(
            Advice(
                "user-permissions",
                'Or a superuser makes your role the owner: ALTER TABLE init_journal OWNER TO "DBROLE"\n'
                "The same is needed for init_journal_head, init_journal_version and the functions of their "
                "triggers.",
                "postgresql",
            ),
        ),
    ),
)
