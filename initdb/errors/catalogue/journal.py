"""Catalogue: the journal of a database, and the side file of a SQLite database."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed."

_APPEND_ONLY = Advice(
    "history-integrity",
    "The journal is append-only: triggers refuse every other change, and the chain of hashes shows a change "
    "that was made in spite of them.",
)
_VERIFY = Advice(
    "troubleshooting", "Check every entry, and the head, against the chain of hashes: initdb journal verify"
)

_BEGIN_ANEW = (
    Advice(
        "clean-up",
        "If there is no backup, start a new journal. This loses what the old one recorded: who did what and "
        "when, which seed functions ran, which revisions are held.\n"
        "Save what is left, drop the journal, and run; the database is adopted as it is:\n"
        "    sqlite3 DBFILE '.dump init_journal' > old-journal.sql\n"
        "    sqlite3 DBFILE 'DROP VIEW IF EXISTS init_runs; DROP VIEW IF EXISTS init_failures; DROP TABLE"
        " IF EXISTS init_journal_head; DROP TABLE IF EXISTS init_journal; DROP "
        "TABLE IF EXISTS init_journal_version'\n"
        "    initdb run",
        "sqlite",
    ),
    Advice(
        "clean-up",
        "If there is no backup, start a new journal. This loses what the old one recorded: who did what and "
        "when, which seed functions ran, which revisions are held.\n"
        "Save what is left, drop the journal in its schema, and run; the database is adopted as it is:\n"
        "    pg_dump --table 'init_journal*' DBURL > old-journal.sql\n"
        "    DROP VIEW IF EXISTS init_runs, init_failures;\n"
        "    DROP TABLE IF EXISTS init_journal_head, init_journal, init_journal_version;\n"
        "    DROP FUNCTION IF EXISTS init_journal_append, init_journal_check, init_journal_move, "
        "init_journal_refuse;\n"
        "    initdb run",
        "postgresql",
    ),
)

JOURNAL: tuple[ErrorRow, ...] = (
    ErrorRow(
        "baton-unwritable",
        "The side file DBFILE-initdb, which tells other processes that a run is at work, cannot be written.",
        _NOTHING,
        "Make DBFILE-initdb writable for this process (chown, chmod 600), or delete it while no run is at "
        "work, then: initdb run",
        causes=(
            "Another user created the side file.",
            "The folder allows no new files.",
            "The file system is read-only.",
        ),
        advice=(
            Advice(
                "permission-fix",
                "Give the side file the owner and mode of the database: chown --reference=DBFILE "
                "DBFILE-initdb; chmod --reference=DBFILE DBFILE-initdb\n"
                "It is empty, and may be deleted while no run is at work.",
                "sqlite",
            ),
            Advice(
                "user-permissions",
                "The process's user must be able to write to the folder; SQLite itself needs that too.",
                "sqlite",
            ),
            Advice(
                "consistency",
                "No run works without it: a file that cannot be written cannot be locked.",
                "sqlite",
            ),
        ),
    ),
    ErrorRow(
        "journal-elsewhere",
        "The journal of this database is not in the schema that the setting journal_schema names.",
        _NOTHING,
        "Set journal_schema to the schema that holds the journal, then: initdb run",
        causes=(
            "journal_schema was changed after the first boot.",
            "The search_path or the role is a different one.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See where it is: SELECT schemaname FROM pg_tables WHERE tablename = 'init_journal'",
                "postgresql",
            ),
            Advice(
                "consistency",
                "A second journal is never started beside the first: each would have only half of the "
                "history.",
            ),
        ),
    ),
    ErrorRow(
        "journal-of-another-application",
        "The journal in this database belongs to another application.",
        _NOTHING,
        "Correct database_url, or set the setting application to the name in the journal, then: initdb run",
        causes=(
            "The setting database_url names the database of another application.",
            "The application was renamed.",
        ),
        advice=(
            Advice("troubleshooting", "See whose journal it is: initdb journal --last 1 --json"),
            Advice(
                "alternative-configuration",
                "Two applications in one database need a journal each: set application and journal_schema in "
                'the settings of the second one, such as application = "stock", journal_schema = "stock"',
            ),
        ),
    ),
    ErrorRow(
        "journal-missing",
        "The database has no journal.",
        _NOTHING,
        "Let a run create it: initdb run",
        causes=(
            "No boot has reached this database.",
            "Somebody dropped the tables of the journal.",
            "The setting database_url names another database than the application uses.",
            "The setting journal_schema names a schema without a journal.",
        ),
        advice=(
            Advice("troubleshooting", "See which database this is, and what a boot would do: initdb plan"),
            Advice(
                "troubleshooting",
                "Look for a journal in every schema: SELECT schemaname FROM pg_tables "
                "WHERE tablename = 'init_journal'",
                "postgresql",
            ),
        ),
    ),
    ErrorRow(
        "journal-unreadable",
        "The journal exists, but it cannot be read or has an invalid entry.",
        "Nothing was changed: the journal is left as it is.",
        "See what is wrong with: initdb journal verify",
        causes=(
            "The tables were changed by hand, or only some of them were restored.",
            "The head row is missing.",
            "The role may not read the tables.",
        ),
        advice=(
            _VERIFY,
            Advice(
                "history-repair",
                "Restore init_journal and init_journal_head together, from one backup.\n"
                "One of the two tables without the other is not enough, and initdb does not guess the rest.",
            ),
            *_BEGIN_ANEW,
            _APPEND_ONLY,
        ),
    ),
    ErrorRow(
        "entry-refused",
        "The database refused the entry that records a step.",
        "The step was undone with its entry: both commit together, or neither does.",
        "Take away what refuses it (see what is on the table), then: initdb resume",
        causes=("Somebody put a trigger, a rule or a constraint of their own on a table of the journal.",),
        advice=(
            Advice(
                "troubleshooting", "See what is on the table: psql DBURL -c '\\d init_journal'", "postgresql"
            ),
            Advice(
                "troubleshooting", "See what is on the table: sqlite3 DBFILE '.schema init_journal'", "sqlite"
            ),
            _APPEND_ONLY,
        ),
    ),
    ErrorRow(
        "journal-newer",
        "A newer initdb upgraded the journal, and this version may no longer write to it.",
        _NOTHING,
        "Upgrade initdb here: pip install --upgrade initdb-journal, then: initdb run",
        causes=(
            "An old replica is running beside new ones.",
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
                "This version never downgrades the journal; it can still read and print it.",
            ),
        ),
    ),
    ErrorRow(
        "journal-trigger-missing",
        "The triggers that guard the journal are missing or were changed.",
        "The entries stand; nothing was appended without the triggers.",
        "Check the entries (initdb journal verify), restore the triggers as `initdb explain "
        "journal-trigger-missing` says, then: initdb run",
        causes=(
            "A tool that leaves out triggers rebuilt or copied the table.",
            "A restore left out triggers or functions.",
            "Somebody dropped or disabled them.",
        ),
        advice=(
            _VERIFY,
            _APPEND_ONLY,
            Advice(
                "manual-procedure",
                "Take their statements from a backup, or from a new database of the same version: initdb run "
                "--database-url sqlite:///new.db\n"
                '    sqlite3 new.db ".schema init_journal" ".schema init_journal_head"\n'
                "Run the CREATE TRIGGER statements that are missing here, and nothing else from the output.",
                "sqlite",
            ),
            Advice(
                "manual-procedure",
                "Take their statements from a backup, or from a new database of the same version: initdb run "
                "--database-url postgresql:///new\n"
                "    pg_dump --schema-only new\n"
                "Run the CREATE FUNCTION and CREATE TRIGGER statements that are missing here, and nothing "
                "else from the output. To enable triggers that were disabled:\n"
                "    ALTER TABLE init_journal ENABLE TRIGGER USER;\n"
                "    ALTER TABLE init_journal_head ENABLE TRIGGER USER;",
                "postgresql",
            ),
            Advice(
                "conflicting-objects",
                "If the error names every trigger, the tables were moved or their schema was renamed: the "
                "trigger functions name the schema in which they were created. Move each of the three tables "
                "back:\n"
                "    ALTER TABLE init_journal SET SCHEMA public;",
                "postgresql",
            ),
        ),
    ),
    ErrorRow(
        "journal-incomplete",
        "The journal's tables do not match the version that its head names.",
        "The entries stand; nothing was appended.",
        "Let the owner of the journal run the statements above, then: initdb run",
        causes=(
            "An index of the journal was dropped, or its version table was edited or left out of a restore.",
            "The head row comes from one backup and the tables from another.",
        ),
        advice=(
            Advice(
                "manual-procedure",
                "The error lists the missing statements; run exactly these, in this order.\n"
                "They create or drop indexes and write the row of the version table; they touch no entry.",
            ),
            Advice(
                "history-integrity",
                "An upgrade of the journal is one transaction, so an interrupted upgrade is not the cause.",
            ),
            _VERIFY,
        ),
    ),
    ErrorRow(
        "journal-dropped",
        "A step dropped or renamed a table of the journal in which it had to be recorded.",
        "The step was rolled back: the journal and all tables are as they were before it.",
        "Change it so that it leaves alone each table whose name begins with init_journal, then: initdb run",
        causes=(
            "Autogenerate wrote op.drop_table('init_journal') into a revision. initdb was not installed "
            "where it ran, or env.py has a list autogenerate_plugins without alembic.autogenerate.initdb.",
            "A revision drops every table that it finds, or recreates the schema.",
            "A revision renames or moves every table.",
        ),
        advice=(
            Advice(
                "manual-procedure",
                "In a revision that autogenerate wrote, delete all lines that name init_journal, in "
                "upgrade() and in downgrade().",
            ),
            Advice(
                "manual-procedure",
                "In a loop over all tables, skip the journal:\n"
                "    for name in inspector.get_table_names():\n"
                '        if not name.startswith("init_journal"):\n'
                "            op.drop_table(name)",
            ),
            Advice(
                "alternative-configuration",
                "Before the first boot, give the journal a schema of its own, which such a revision does not "
                'touch: journal_schema = "initdb"',
                "postgresql",
            ),
            _APPEND_ONLY,
        ),
    ),
    ErrorRow(
        "journal-permission",
        "The role may not create, read or write the journal.",
        _NOTHING,
        "Let the owner of the database, or of the journal, run the GRANT statements above, then: initdb run",
        causes=(
            "The application's role has few rights on purpose.",
            "Another role created the journal.",
        ),
        advice=(
            Advice(
                "user-permissions",
                "If there is no journal yet: "
                'GRANT USAGE, CREATE ON SCHEMA public TO "DBROLE"\n'
                "If it has a schema of its own, name that one.",
                "postgresql",
            ),
            Advice(
                "user-permissions",
                "If another role owns the journal: "
                'GRANT SELECT, INSERT ON init_journal TO "DBROLE"; '
                'GRANT SELECT, UPDATE (id) ON init_journal_head TO "DBROLE"; '
                'GRANT SELECT ON init_journal_version TO "DBROLE"\n'
                "To read it only, SELECT on the three tables is enough. In either case the role needs USAGE "
                "on "
                "their schema.",
                "postgresql",
            ),
            Advice(
                "user-permissions",
                "SQLite has no roles: the process's user must be able to read and write the file and its "
                "folder.",
                "sqlite",
            ),
            Advice(
                "alternative-configuration",
                "Let the owner do the work: set work_url to its URL. The application itself keeps its own "
                "role.",
                "postgresql",
            ),
        ),
        requirements=("Permission Errors",),
    ),
    ErrorRow(
        "foreign-journal-table",
        "A table has the journal's name, but it is not the journal.",
        "Nothing was changed: the table is left as it is.",
        'Rename that table: ALTER TABLE "TABLENAME" RENAME TO not_of_initdb; then: initdb run',
        causes=(
            "Another program uses the name init_journal.",
            "An incomplete copy of a journal was restored.",
        ),
        advice=(
            Advice(
                "conflicting-objects",
                "See its columns: \\d init_journal (in psql); the journal has seq, run, at, type, source, "
                "dest, event, prev_hash, hash.",
                "postgresql",
            ),
            Advice(
                "conflicting-objects",
                "See its columns: sqlite3 DBFILE '.schema init_journal'; the journal has seq, run, at, type, "
                "source, dest, event, prev_hash, hash.",
                "sqlite",
            ),
            Advice(
                "clean-up",
                "The other program that uses the table must use its new name.",
            ),
            Advice(
                "alternative-configuration",
                "If the table must keep its name, give the journal a schema of its own: journal_schema = "
                '"initdb"',
                "postgresql",
            ),
        ),
    ),
    ErrorRow(
        "journal-tampered",
        "The journal does not match its chain of hashes: entries were edited, removed or reordered.",
        "Nothing was changed: the entries are left as they are.",
        "See which entries: initdb journal verify. Then restore the database from a backup that verifies.",
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
                "If an entry was edited and the others are right, let nothing follow from it: initdb "
                "journal set-aside "
                "SEQ --reason '…'\n"
                "Or restore the journal from a backup that verifies. Entries are never rewritten to make the "
                "chain match.\n"
                "Keep a copy of the damaged tables: they show what was changed.",
            ),
            Advice("backup", "Before anything else, copy the database as it is."),
            *_BEGIN_ANEW,
        ),
        exit_code=1,
    ),
)
