"""Catalogue: migration files and the history that they make together."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_BEFORE = "Nothing was changed: the files are read before the first statement."

_RESTORE = Advice(
    "file-restoration",
    "Take the file back from version control: git checkout COMMIT -- migrations/versions/FILE\n"
    "Where it was lost longer ago, find the commit that still had it:\n"
    "    git log --all --oneline -- 'migrations/versions/*REV*'\n"
    "Or copy it from an image or a host that still runs that version.",
)
_BY_HAND = Advice(
    "manual-procedure",
    "Make the revision's changes by hand in one transaction, then say so: initdb resume --mark-applied REV\n"
    "    alembic upgrade PREVIOUS:REV --sql > step.sql   # where the file can be read by Alembic\n"
    "    psql --single-transaction -v ON_ERROR_STOP=1 -f step.sql shop",
    "postgresql",
)
_BY_HAND_SQLITE = Advice(
    "manual-procedure",
    "Make the revision's changes by hand in one transaction, then say so: initdb resume --mark-applied REV\n"
    "    sqlite3 app.db\n"
    "    BEGIN IMMEDIATE; ALTER TABLE orders ADD COLUMN note TEXT; PRAGMA foreign_key_check; COMMIT;",
    "sqlite",
)
_HISTORY = Advice(
    "history-integrity",
    "The journal knows each applied revision with the hash of its file, and is chained: initdb journal "
    "--type migration_applied\n"
    "A file that was applied is never edited; a change is a new revision.",
)
_CONSISTENT = Advice(
    "consistency",
    "All files are read, hashed and ordered before anything runs, so the database never stops half-way "
    "between two histories.",
)
_MERGE = Advice(
    "conflict-resolution",
    'Join the heads by a revision of their own: alembic merge heads -m "join" (flask db merge heads)\n'
    "Or put one after the other: set down_revision of the newer to the other one, if it was not applied "
    "anywhere yet.",
)
_SEE_HISTORY = Advice(
    "history-repair",
    "See the line of revisions and where it breaks: alembic history --verbose; and what was applied: "
    "initdb journal --type migration_applied\n"
    "Restore the missing file, or correct down_revision in the file that names it; never delete rows of "
    "alembic_version by hand.",
)

FILES: tuple[ErrorRow, ...] = (
    ErrorRow(
        "migrations-not-found",
        "The migrations directory, or a file that it needs, is not there.",
        "Nothing was changed.",
        "Name the directory (or its alembic.ini) in the setting migrations, then: initdb run",
        causes=(
            "A relative path was taken from another working directory.",
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
                "Take the directory back from version control: git checkout COMMIT -- migrations",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "revision-unparsable",
        "A migration file cannot be read as Python, or does not say its revision.",
        _BEFORE,
        "Correct the file or restore it from version control, then: initdb resume",
        causes=(
            "A merge left conflict markers.",
            "The file was cut short or saved in another encoding.",
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
        "A revision that is applied, or that another one follows, has no file.",
        _BEFORE,
        "Restore the file from version control, then: initdb resume",
        causes=(
            "The file was deleted or squashed after it was applied.",
            "It was not committed or not deployed.",
            "It lives on another branch.",
        ),
        advice=(_RESTORE, _BY_HAND, _BY_HAND_SQLITE, _HISTORY, _SEE_HISTORY, _CONSISTENT),
        requirements=("Migration File Corruption", "Version Conflicts"),
    ),
    ErrorRow(
        "revision-changed",
        "The file of a revision that is applied was changed afterwards.",
        _BEFORE + " The database has what the file said when it was applied.",
        "Restore the file and put the change into a new revision, then: initdb resume; or accept it as it is "
        "now: initdb resume --mark-applied REV",
        causes=(
            "Somebody edited an old revision.",
            "A formatter rewrote the files.",
            "Line endings changed with the checkout.",
        ),
        advice=(
            Advice("troubleshooting", "See what changed: git log -p -- migrations/versions/FILE"),
            _RESTORE,
            _BY_HAND,
            _BY_HAND_SQLITE,
            _HISTORY,
            Advice(
                "manual-procedure",
                "If the change means the same (a comment, formatting), accept the file as it is now: "
                "initdb resume --mark-applied REV",
            ),
        ),
        requirements=("Migration File Corruption",),
    ),
    ErrorRow(
        "revision-duplicate",
        "Two migration files have the same revision.",
        _BEFORE,
        "Give one of the two files another revision, or delete the copy, then: initdb resume",
        causes=(
            "A file was copied as a template.",
            "A file was renamed and the old one stayed.",
            "The same revision came in by two branches.",
        ),
        advice=(
            Advice(
                "conflict-resolution",
                "Keep the one that was applied (its hash is in the journal): initdb journal --type "
                "migration_applied\n"
                "Give the other a new revision, and let those that follow it name that.",
            ),
            Advice("troubleshooting", 'Find both: grep -rn "^revision" migrations/versions | sort -t= -k2'),
            _SEE_HISTORY,
            _CONSISTENT,
        ),
        requirements=("Version Conflicts",),
    ),
    ErrorRow(
        "multiple-heads",
        "The migrations end in several heads that were not meant to be separate.",
        _BEFORE,
        'Join the heads: alembic merge heads -m "join", deploy the new file, then: initdb resume',
        causes=("Two branches each added a revision after the same one, and both were merged.",),
        advice=(
            _MERGE,
            Advice(
                "conflict-resolution",
                "Heads that are separate on purpose say so: give each a branch label, branch_labels = "
                '("billing",)',
            ),
            Advice("troubleshooting", "See the heads: alembic heads --verbose"),
            _SEE_HISTORY,
            _CONSISTENT,
        ),
        requirements=("Version Conflicts",),
    ),
    ErrorRow(
        "broken-history",
        "The line of revisions does not hold together: one follows a revision that is not there, or they "
        "form a circle.",
        _BEFORE,
        "Correct down_revision, or restore the missing file, then: initdb resume",
        causes=(
            "A file was deleted.",
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
        "Where the tables have the revision: initdb resume --mark-applied REV; where it was taken back: "
        "initdb "
        "resume --retry REV",
        causes=(
            "Rows of alembic_version were deleted or changed by hand.",
            "Another tool downgraded or stamped the database.",
            "A backup of some tables only was restored.",
        ),
        advice=(
            Advice(
                "conflict-resolution",
                "Find out which is true, the journal or the version table: compare the tables with the "
                "models: initdb validate",
            ),
            Advice(
                "history-repair",
                "If the tables are what the journal says, only the row is wrong; it is put back by: initdb "
                "resume "
                "--mark-applied REV\n"
                "If the tables are older, the revision was taken back or a backup was restored; it is "
                "applied "
                "again by: initdb resume --retry REV",
            ),
            Advice(
                "troubleshooting",
                "See both: SELECT * FROM alembic_version; and: initdb journal --type migration_applied",
            ),
            Advice(
                "consistency",
                "The row and the event of a revision commit in one transaction, so a difference comes from "
                "outside initdb.",
            ),
        ),
        requirements=("Version Conflicts",),
    ),
    ErrorRow(
        "no-such-revision",
        "There is no revision of this name.",
        "Nothing was changed.",
        "Name a revision that the migrations have: alembic history",
        causes=("A typing error.", "The beginning of a revision fits several, or none."),
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
        "See what is the case: initdb status",
        causes=("The hold was released already, or ended because the file changed.",),
        advice=(
            Advice(
                "troubleshooting",
                "See the holds and their ends: initdb journal --type migration_reverted --type hold_released",
            ),
        ),
        exit_code=2,
    ),
)
