"""Catalogue: the journal of a database and its side file."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed."

_APPEND_ONLY = Advice(
    "history-integrity",
    "The journal is append-only: triggers refuse every change but an append, and a chain of hashes shows "
    "one that was made all the same.",
)
_VERIFY = Advice(
    "troubleshooting", "Check every entry, and the head, against the chain: initdb journal verify"
)

_BEGIN_ANEW = (
    Advice(
        "clean-up",
        "Without any backup, begin a new journal. What the old one knew is lost: who did what and when, "
        "which seed functions ran, which revisions are held.\n"
        "Keep what is left of it, drop it, and run; the database is taken on as it stands:\n"
        "    sqlite3 FILE '.dump init_journal' > old-journal.sql\n"
        "    sqlite3 FILE 'DROP TABLE IF EXISTS init_journal_head; DROP TABLE IF EXISTS init_journal; "
        "DROP TABLE IF EXISTS init_journal_version'\n"
        "    initdb run",
        "sqlite",
    ),
    Advice(
        "clean-up",
        "Without any backup, begin a new journal. What the old one knew is lost: who did what and when, "
        "which seed functions ran, which revisions are held.\n"
        "Keep what is left of it, drop it (in its schema), and run; the database is taken on as it stands:\n"
        "    pg_dump --table 'init_journal*' NAME > old-journal.sql\n"
        "    DROP TABLE IF EXISTS init_journal_head, init_journal, init_journal_version;\n"
        "    DROP FUNCTION IF EXISTS init_journal_append, init_journal_move, init_journal_refuse;\n"
        "    initdb run",
        "postgresql",
    ),
)

JOURNAL: tuple[ErrorRow, ...] = (
    ErrorRow(
        "baton-unwritable",
        "The side file beside the database, which tells other processes that somebody is at work, cannot "
        "be written.",
        _NOTHING,
        "Make FILE-initdb writable for this process (chown, chmod 600), or delete it while nobody works, "
        "then: initdb run",
        causes=(
            "Another user made the side file.",
            "The folder allows no new files.",
            "The file system forbids writing.",
        ),
        advice=(
            Advice(
                "permission-fix",
                "Give the side file the owner and mode of the database: chown --reference=FILE "
                "FILE-initdb; chmod --reference=FILE FILE-initdb\n"
                "It is empty and may be deleted while no process is at work.",
                "sqlite",
            ),
            Advice(
                "user-permissions",
                "The user of the process needs write on the folder, as SQLite itself does.",
                "sqlite",
            ),
            Advice(
                "consistency",
                "It is never passed over: on a file that cannot be written SQLite would give the lock to "
                "everybody.",
                "sqlite",
            ),
        ),
    ),
    ErrorRow(
        "journal-elsewhere",
        "The journal of this database is in another schema than the setting says.",
        _NOTHING,
        "Set journal_schema to the schema that holds the journal, then: initdb run",
        causes=("journal_schema was changed after the first boot.", "Another search_path or role was used."),
        advice=(
            Advice(
                "troubleshooting",
                "See where it is: SELECT schemaname FROM pg_tables WHERE tablename = 'init_journal'",
                "postgresql",
            ),
            Advice(
                "consistency",
                "A second journal is never begun beside the first: each would know half of the history.",
            ),
        ),
    ),
    ErrorRow(
        "journal-of-another-application",
        "The journal in this database belongs to another application.",
        _NOTHING,
        "Name the right database in database_url, or the application that the journal names in the setting "
        "application, then: initdb run",
        causes=("database_url names the database of another application.", "The application was renamed."),
        advice=(
            Advice("troubleshooting", "See whose journal it is: initdb journal --last 1 --json"),
            Advice(
                "alternative-configuration",
                "Two applications in one database have a schema each for their journals: journal_schema = "
                '"shop_journal"',
                "postgresql",
            ),
            Advice(
                "alternative-configuration", "Two applications have a file each: sqlite:///shop.db", "sqlite"
            ),
        ),
    ),
    ErrorRow(
        "journal-unreadable",
        "The journal is there but cannot be read, or an entry of it makes no sense.",
        "Nothing was changed; the journal is left as it is.",
        "See what is wrong with: initdb journal verify",
        causes=(
            "The tables were changed by hand, or only a part of them was restored.",
            "The head row is missing.",
            "The role may not read the tables.",
        ),
        advice=(
            _VERIFY,
            Advice(
                "history-repair",
                "Restore init_journal and init_journal_head together, from one backup.\n"
                "A half-restored journal is not guessed at: the two tables only say the truth together.",
            ),
            *_BEGIN_ANEW,
            _APPEND_ONLY,
        ),
    ),
    ErrorRow(
        "journal-newer",
        "The journal was upgraded by a newer initdb, which no longer lets this version write.",
        _NOTHING,
        "Upgrade initdb here: pip install --upgrade initdb-journal, then: initdb run",
        causes=(
            "An old replica runs beside new ones.",
            "The application was rolled back to an older initdb.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Compare the versions: initdb --version here, and min_writer in: SELECT * FROM "
                "init_journal_head",
            ),
            Advice(
                "history-integrity",
                "An older version never downgrades the journal; it can still read and print it.",
            ),
        ),
    ),
    ErrorRow(
        "journal-trigger-missing",
        "The triggers that guard the journal are missing or were changed.",
        "The entries stand; nothing was appended without its guard.",
        "Check the entries with initdb journal verify, put the triggers back as `initdb explain "
        "journal-trigger-missing` says, then: initdb run",
        causes=(
            "The table was rebuilt or copied by a tool that leaves triggers out.",
            "A restore left out triggers or functions.",
            "Somebody with the right to do so dropped or disabled them.",
        ),
        advice=(
            _VERIFY,
            _APPEND_ONLY,
            Advice(
                "manual-procedure",
                "Take their statements from a backup, or from a new database of the same version: initdb run "
                "--database-url sqlite:///new.db\n"
                '    sqlite3 new.db ".schema init_journal" ".schema init_journal_head"\n'
                "Run the CREATE TRIGGER statements that are missing here; nothing else of the output.",
                "sqlite",
            ),
            Advice(
                "manual-procedure",
                "Take their statements from a backup, or from a new database of the same version: initdb run "
                "--database-url postgresql:///new\n"
                "    pg_dump --schema-only new\n"
                "Run the CREATE FUNCTION and CREATE TRIGGER statements that are missing here; nothing else "
                "of "
                "the output. A trigger that was disabled comes back with:\n"
                "    ALTER TABLE init_journal ENABLE TRIGGER USER;\n"
                "    ALTER TABLE init_journal_head ENABLE TRIGGER USER;",
                "postgresql",
            ),
            Advice(
                "conflicting-objects",
                "If every trigger is named, the tables were moved or their schema was renamed: the functions "
                "of the triggers name the schema in which they were made. Move back each of the three:\n"
                "    ALTER TABLE init_journal SET SCHEMA public;",
                "postgresql",
            ),
        ),
    ),
    ErrorRow(
        "journal-incomplete",
        "The journal's own tables are not those of the version that its head names.",
        "The entries stand; nothing was appended.",
        "Let the owner of the journal run the statements above, then: initdb run",
        causes=(
            "An index of the journal was dropped, or its version table was edited or left out of a restore.",
            "The head row of one backup was put beside the tables of another.",
        ),
        advice=(
            Advice(
                "manual-procedure",
                "The error lists the statements that are missing; run exactly these, in their order.\n"
                "They make or drop indexes and the version table's row; no entry is touched.",
            ),
            Advice(
                "history-integrity",
                "An upgrade of the journal is one transaction, so an interrupted one leaves no such thing "
                "behind.",
            ),
            _VERIFY,
        ),
    ),
    ErrorRow(
        "journal-dropped",
        "What was done has dropped or renamed a table of the journal in which it had to be recorded.",
        "It was rolled back with all that it did: journal and tables stand as they were before it.",
        "Let it leave alone each table whose name begins with init_journal, then: initdb run",
        causes=(
            "A revision drops every table that it finds, or recreates the schema.",
            "A revision renames or moves every table.",
        ),
        advice=(
            Advice(
                "manual-procedure",
                "A loop over all tables passes the journal by:\n"
                "    for name in inspector.get_table_names():\n"
                '        if not name.startswith("init_journal"):\n'
                "            op.drop_table(name)",
            ),
            Advice(
                "alternative-configuration",
                "From the first boot on, keep the journal in a schema of its own, which such a revision does "
                'not touch: journal_schema = "initdb"',
                "postgresql",
            ),
            _APPEND_ONLY,
        ),
    ),
    ErrorRow(
        "journal-permission",
        "The role may not create, read or write the journal.",
        _NOTHING,
        "Let the owner of the database run the GRANT statements that `initdb explain journal-permission` "
        "lists, then: initdb run",
        causes=(
            "The application's role is kept small on purpose.",
            "The journal was created by another role.",
        ),
        advice=(
            Advice(
                "user-permissions",
                "To create the journal: GRANT USAGE, CREATE ON SCHEMA public TO app\n"
                "To write a journal that another role owns:\n"
                "    GRANT USAGE ON SCHEMA public TO app;\n"
                "    GRANT SELECT, INSERT ON init_journal TO app;\n"
                "    GRANT SELECT, UPDATE (id) ON init_journal_head TO app;\n"
                "To read it only:\n"
                "    GRANT SELECT ON init_journal, init_journal_head TO app;",
                "postgresql",
            ),
            Advice(
                "user-permissions",
                "SQLite has no roles: the user of the process needs read and write on the file and its "
                "folder.",
                "sqlite",
            ),
            Advice(
                "alternative-configuration",
                "Let the owner do the work: set work_url to its URL; the application serves with its own "
                "role.",
                "postgresql",
            ),
        ),
        requirements=("Permission Errors",),
    ),
    ErrorRow(
        "foreign-journal-table",
        "A table with the journal's name is there, but it is not the journal.",
        "Nothing was changed; the table is left as it is.",
        "Rename that table, or give the journal a schema of its own with journal_schema, then: initdb run",
        causes=(
            "Another program uses the name init_journal.",
            "An incomplete copy of a journal was restored.",
        ),
        advice=(
            Advice(
                "conflicting-objects",
                "Look at its columns: \\d init_journal (in psql); the journal has seq, run, at, type, "
                "source, dest, event, prev_hash, hash.",
                "postgresql",
            ),
            Advice(
                "conflicting-objects",
                "Look at its columns: sqlite3 FILE '.schema init_journal'; the journal has seq, run, at, "
                "type, source, dest, event, prev_hash, hash.",
                "sqlite",
            ),
            Advice("clean-up", "If nobody needs it: ALTER TABLE init_journal RENAME TO old_init_journal"),
        ),
    ),
    ErrorRow(
        "journal-tampered",
        "The journal does not fit its chain of hashes: entries were edited, removed or reordered.",
        "Nothing was changed; the entries are left as they are.",
        "See which entries: initdb journal verify, and restore the database from a backup that verifies.",
        causes=(
            "Somebody changed the tables with the triggers off.",
            "Two backups were mixed.",
            "The storage is damaged.",
        ),
        advice=(
            _VERIFY,
            _APPEND_ONLY,
            Advice(
                "history-repair",
                "Restore the journal from a backup that verifies; entries are never rewritten to make a "
                "chain fit.\n"
                "Keep a copy of the damaged tables: they show what was changed.",
            ),
            Advice("backup", "Before anything else, copy the database as it is."),
            *_BEGIN_ANEW,
        ),
        exit_code=1,
    ),
)
