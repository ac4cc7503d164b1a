"""Catalogue: migration files and the history that they form."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_BEFORE = "Nothing was changed: the files are read before the first statement is sent."

_RESTORE = Advice(
    "file-restoration",
    "Restore the file from version control: git checkout COMMIT -- FILE\n"
    "If it was deleted long ago, find the last commit that has it:\n"
    "    git log --all --oneline -- FILE\n"
    "Or copy it from an image or a host that still has that version.",
)
_BY_HAND = Advice(
    "manual-procedure",
    "Make the revision's changes by hand in one transaction, then record it: initdb resume --mark-applied "
    "REV\n"
    "    alembic upgrade PREVIOUS:REV --sql > step.sql   # if Alembic can read the file\n"
    "    psql --single-transaction -v ON_ERROR_STOP=1 -f step.sql shop",
    "postgresql",
)
_BY_HAND_SQLITE = Advice(
    "manual-procedure",
    "Make the revision's changes by hand in one transaction, then record it: initdb resume --mark-applied "
    "REV\n"
    "    sqlite3 app.db\n"
    "    BEGIN IMMEDIATE; ALTER TABLE orders ADD COLUMN note TEXT; PRAGMA foreign_key_check; COMMIT;",
    "sqlite",
)
_HISTORY = Advice(
    "history-integrity",
    "The journal keeps the hash of each applied revision's file: initdb journal --type migration_applied\n"
    "Never edit a revision that was applied; write a new revision.",
)
_ACCEPT = Advice(
    "manual-procedure",
    "If the changes are right (formatting, a comment, a squash), accept the files as they are: initdb resume "
    "--accept-edited\n"
    "The journal records that, and who did it: initdb journal --type override",
)
_CONSISTENT = Advice(
    "consistency",
    "All files are read, hashed and ordered before anything runs, so the database never ends up between two "
    "histories.",
)
_MERGE = Advice(
    "conflict-resolution",
    'Join the heads with a merge revision: alembic merge heads -m "join" (flask db merge heads)\n'
    "Or put one after the other: change down_revision of the newer one, if it was not applied anywhere yet.",
)
_SEE_HISTORY = Advice(
    "history-repair",
    "See the history and where it breaks: alembic history --verbose; and what was applied: initdb journal "
    "--type migration_applied\n"
    "Restore the missing file, or correct down_revision in the file that names it; never delete rows of "
    "alembic_version by hand.",
)

FILES: tuple[ErrorRow, ...] = (
    ErrorRow(
        "migrations-not-found",
        "The migrations directory, or a file that it needs, does not exist.",
        "Nothing was changed.",
        "Name the directory (or its alembic.ini) in the setting migrations, then: initdb run",
        causes=(
            "A relative path started from another working directory.",
            "The directory is not part of the package or the image.",
        ),
        advice=(
            Advice("troubleshooting", "A migrations directory holds env.py and versions/: ls migrations"),
            Advice(
                "configuration-example",
                'In initdb.toml: migrations = "migrations"; for a package: migrations = "shop:migrations"',
            ),
            Advice(
                "file-restoration",
                "Restore the directory from version control: git checkout COMMIT -- migrations",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "revision-unparsable",
        "A migration file cannot be read as Python, or does not name its revision.",
        _BEFORE,
        "Correct the file or restore it from version control, then: initdb resume",
        causes=(
            "A merge left conflict markers.",
            "The file is incomplete, or saved in another encoding.",
            "revision is missing, or is computed.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See the line: python -m py_compile FILE; and for conflict markers: git diff --check",
            ),
            _RESTORE,
            _BY_HAND,
            _BY_HAND_SQLITE,
            _HISTORY,
        ),
        requirements=("Migration File Corruption",),
    ),
    ErrorRow(
        "revision-missing",
        "A revision is followed by another one, but has no file.",
        _BEFORE,
        "Restore the file of REV (git log --diff-filter=D -- FOLDER), or correct down_revision, then: "
        "initdb resume",
        causes=(
            "The file was deleted or squashed after the revision was applied.",
            "It was not committed or not deployed.",
            "It is on another branch.",
        ),
        advice=(_RESTORE, _BY_HAND, _BY_HAND_SQLITE, _HISTORY, _SEE_HISTORY, _CONSISTENT),
        requirements=("Migration File Corruption", "Version Conflicts"),
    ),
    ErrorRow(
        "revision-changed",
        "The file of an applied revision was changed.",
        _BEFORE + " The database has what the file said when the revision was applied.",
        "Restore the file and put the change into a new revision, then: initdb resume; or accept it as it "
        "is: initdb resume --accept-edited",
        causes=(
            "Somebody edited an old revision.",
            "A formatter rewrote the files.",
        ),
        advice=(
            Advice("troubleshooting", "See what changed: git diff HEAD -- FILE; git log -p -- FILE"),
            _RESTORE,
            _BY_HAND,
            _BY_HAND_SQLITE,
            _HISTORY,
            _ACCEPT,
        ),
        requirements=("Migration File Corruption",),
    ),
    ErrorRow(
        "files-edited",
        "Files were edited or removed since they were applied, and the setting when_edited says fail.",
        "Nothing was changed.",
        "Restore the files, then: initdb run; or accept all of them as they are: initdb resume "
        "--accept-edited",
        causes=(
            "Somebody edited an old revision, a seed or env.py.",
            "A formatter rewrote the files.",
            "Old revisions were replaced by one, and their files deleted.",
        ),
        advice=(
            Advice("troubleshooting", "See what changed: git diff HEAD; git log -p"),
            _RESTORE,
            _ACCEPT,
            Advice(
                "alternative-configuration",
                'To be warned only, set in initdb.toml: when_edited = "warn"',
            ),
            _HISTORY,
        ),
    ),
    ErrorRow(
        "revision-duplicate",
        "Two migration files have the same revision identifier.",
        _BEFORE,
        "Give one of the two another identifier, or delete the copy, then: initdb resume",
        causes=(
            "A file was copied as a template.",
            "A file was renamed and the old one stayed.",
            "Two branches brought the same revision.",
        ),
        advice=(
            Advice(
                "conflict-resolution",
                "Keep the one that was applied (its hash is in the journal): initdb journal --type "
                "migration_applied\n"
                "Give the other a new identifier, and change down_revision in the files that follow it.",
            ),
            Advice("troubleshooting", "See when each was added: git log --oneline -- FOLDER"),
            _SEE_HISTORY,
            _CONSISTENT,
        ),
        requirements=("Version Conflicts",),
    ),
    ErrorRow(
        "multiple-heads",
        "The migrations have several heads, and nothing says that they are separate on purpose.",
        _BEFORE,
        'Join the heads: alembic merge heads -m "join", deploy the new file, then: initdb resume',
        causes=("Two branches each added a revision after the same one, and both were merged.",),
        advice=(
            _MERGE,
            Advice(
                "conflict-resolution",
                'If they are separate on purpose, give each a branch label: branch_labels = ("billing",)',
            ),
            Advice("troubleshooting", "See the heads: alembic heads --verbose"),
            _SEE_HISTORY,
            _CONSISTENT,
        ),
        requirements=("Version Conflicts",),
    ),
    ErrorRow(
        "broken-history",
        "The history of revisions makes no sense: they form a cycle, or two have the same label.",
        _BEFORE,
        "Correct what is named above (mostly down_revision), then: initdb resume",
        causes=(
            "down_revision was edited by hand.",
            "A rebase changed the order of two revisions.",
        ),
        advice=(_SEE_HISTORY, _RESTORE, _MERGE, _HISTORY, _CONSISTENT),
        requirements=("Version Conflicts", "Migration File Corruption"),
    ),
    ErrorRow(
        "history-conflict",
        "The database has fewer revisions applied than its journal says.",
        "Nothing was changed; the journal keeps what it recorded.",
        "If the tables have the revision's changes: initdb resume --mark-applied REV; if not: initdb resume "
        "--retry REV",
        causes=(
            "Rows of alembic_version were deleted or changed by hand.",
            "Another tool downgraded or stamped the database.",
            "Only some tables of a backup were restored.",
        ),
        advice=(
            Advice(
                "conflict-resolution",
                "Find out whether the journal or the version table is right: compare the tables with the "
                "models: initdb validate",
            ),
            Advice(
                "history-repair",
                "If the tables are what the journal says, only the version row is missing; restore it: "
                "initdb resume --mark-applied REV\n"
                "If the tables are older, the revision was rolled back or a backup was restored; apply it "
                "again: initdb resume --retry REV",
            ),
            Advice(
                "troubleshooting",
                "See both: SELECT * FROM alembic_version; and: initdb journal --type migration_applied",
            ),
            Advice(
                "consistency",
                "The row and the event of a revision commit in one transaction, so the difference comes from "
                "outside initdb.",
            ),
        ),
        requirements=("Version Conflicts",),
    ),
    ErrorRow(
        "no-such-revision",
        "There is no revision with this name.",
        "Nothing was changed.",
        "Name a revision that the migrations have: alembic history",
        causes=("The name has a typing error.", "An abbreviated name fits several revisions, or none."),
        advice=(
            Advice(
                "troubleshooting",
                "List the revisions: alembic history; and the applied ones: initdb journal --type "
                "migration_applied",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "nothing-to-release",
        "No revision is held, so there is nothing to release.",
        "Nothing was changed.",
        "See the state of the database: initdb status",
        causes=("The revision was released already, or its file was changed, which ends the hold.",),
        advice=(
            Advice(
                "troubleshooting",
                "See when revisions were held and released: initdb journal --type migration_reverted --type "
                "hold_released",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "database-ahead",
        "The database has a revision that this code does not know: newer code applied it.",
        "Nothing was changed: a boot never downgrades a database.",
        "Deploy the code that knows the revision, or let this code serve with when_ahead = serve, then: "
        "initdb run",
        causes=(
            "The deployment was rolled back to older code.",
            "A branch with other revisions was tried on this database.",
            "The revision's file was not deployed.",
            "Another application uses a version table of the same name in this database.",
        ),
        advice=(
            Advice(
                "conflict-resolution",
                "See who applied the revision, and when: initdb journal --type migration_applied --last 5",
            ),
            Advice(
                "rollback",
                "With the newer code, call initdb rollback: it rolls the revision back and holds it.",
            ),
            Advice(
                "history-repair",
                "If the revision's file is lost, restore it from version control: git log --all -- "
                "migrations/versions",
            ),
            Advice(
                "history-repair",
                "If no code has the revision, its row is wrong. The error has the statement that deletes it; "
                "then: initdb run",
            ),
            Advice(
                "alternative-configuration",
                "If another application applied it, give this one a version table and a journal of its own: "
                "context.configure(version_table=...) in env.py, and the settings application and "
                "journal_schema. See docs/migrations.md",
            ),
            Advice(
                "consistency",
                "Nothing is written and nothing is downgraded, so old and new replicas can run side by side.",
            ),
        ),
        requirements=("Version Conflicts",),
        exit_code=3,
    ),
)
