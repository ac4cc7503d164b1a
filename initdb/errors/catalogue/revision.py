"""Catalogue: a revision or an env.py that fails while it runs, and rolling back."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_UNIT = "Every revision before this one stands; this one was rolled back."
_NOTHING = "Nothing was changed."

_BACKUP = (
    Advice(
        "backup",
        "Without a backup from before this run, make one before you fix anything: pg_dump --format=custom "
        "--file=before.dump DBURL\n"
        "Restore it into an empty database with:\n"
        "    pg_restore --clean --if-exists --dbname=shop before.dump\n"
        'To have one made before each change, set backup = "before-changes" and backup_command.',
        "postgresql",
    ),
    Advice(
        "backup",
        "Without a backup from before this run, make one before you fix anything: sqlite3 DBFILE '.backup "
        "before.db'\n"
        "A plain copy of the file and its -wal is a backup only if no process has the file open.\n"
        'To have one made before each change, set backup = "before-changes".',
        "sqlite",
    ),
)
_BY_HAND = Advice(
    "manual-procedure",
    "If the revision cannot be made to run, make its changes by hand in one transaction, then: initdb resume "
    "--mark-applied REV",
)
_ENV_EXAMPLE = Advice("troubleshooting", "Check whether plain Alembic can use env.py: alembic current")

REVISION: tuple[ErrorRow, ...] = (
    ErrorRow(
        "version-rows-overlap",
        "The version table has a row that another row of it implies: Alembic refuses to go on from them.",
        _NOTHING,
        "Delete the older row from the version table, then: initdb run",
        causes=(
            "Somebody inserted a version row by hand, or restored the table beside the one that was there.",
            "Two tools migrated at the same time.",
        ),
        advice=(
            Advice("troubleshooting", "See the rows, and their order: alembic current; alembic history"),
            Advice(
                "history-repair",
                "The error has the statement that leaves the newest rows. Check first that these are true.",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "no-revisions",
        "The directory of the revisions has none yet, and the database is empty.",
        _NOTHING,
        'Write the first revision: alembic revision --autogenerate -m "first". Then: initdb run',
        causes=("The directory is new.", "The setting migrations names the wrong directory."),
        advice=(
            Advice("troubleshooting", "See which revisions Alembic finds: alembic history"),
            Advice(
                "alternative-configuration",
                'To make the tables from the models for now, without revisions: schema_from = "models"',
            ),
        ),
    ),
    ErrorRow(
        "revisions-need-tables",
        "A revision needs a table that no revision before it makes.",
        _UNIT,
        'Say where the table comes from: base = "module:metadata", or schema_from = "models". Or correct the '
        "revision. Then: initdb run",
        causes=(
            "The first tables were made before there were revisions, by create_all() or by hand.",
            "Revisions were deleted after every database had them.",
            "The revision names a table wrongly.",
        ),
        advice=(
            Advice(
                "alternative-configuration",
                "If something makes the first tables before the revisions, name it: base = "
                '"shop.legacy:metadata"\n'
                "It is a MetaData, or a function that is given a connection. The revisions then follow.",
            ),
            Advice(
                "alternative-configuration",
                'To make an empty database from the models and stamp it: schema_from = "models"\n'
                "What only revisions make (rows, triggers) is then missing.",
            ),
            Advice("troubleshooting", "Read the revision, and those before it: alembic history --verbose"),
        ),
    ),
    ErrorRow(
        "revision-failed",
        "A revision failed.",
        _UNIT,
        "Correct the revision, deploy it, then: initdb resume",
        causes=(
            "The revision sends a statement that this database does not accept.",
            "The database is not in the state that the revision expects: somebody changed it by hand.",
            "The revision expects that all revisions run in one transaction (an enum type from an earlier "
            "run “already exists”).",
            "It opens a second connection, which waits for the first (SQLite: “database is locked”).",
        ),
        advice=(
            Advice("troubleshooting", "See the statements that it sends: alembic upgrade PREVIOUS:REV --sql"),
            *_BACKUP,
            _BY_HAND,
            Advice("rollback", "This revision was rolled back; to roll back earlier ones: initdb rollback"),
            Advice(
                "consistency",
                "The revision, its row in alembic_version and its event commit together or not at all.",
            ),
        ),
        requirements=("Data Migration Failures",),
    ),
    ErrorRow(
        "data-migration-failed",
        "A revision found rows that it cannot convert.",
        _UNIT + " The rows are as they were.",
        "Correct the rows or the revision, after a backup, then: initdb resume",
        causes=(
            "A value does not fit the new type or length, or is NULL in a column that becomes NOT NULL.",
            "Two rows have the same value, and a new constraint says that it is unique.",
            "A row refers to a row that does not exist.",
        ),
        advice=(
            *_BACKUP,
            Advice(
                "manual-data-fix",
                "Find the rows that do not fit, and correct them in one transaction: SELECT id, price FROM "
                "orders WHERE price !~ '^[0-9.]+$'\n"
                "    SELECT id FROM orders WHERE customer_id IS NULL;\n"
                "    SELECT email, count(*) FROM users GROUP BY email HAVING count(*) > 1;\n"
                "    BEGIN; UPDATE orders SET price = NULL WHERE …; COMMIT;",
                "postgresql",
            ),
            Advice(
                "manual-data-fix",
                "Find the rows that do not fit, and correct them in one transaction: SELECT id, price, "
                "typeof(price) FROM orders WHERE typeof(price) = 'text'\n"
                "    SELECT id FROM orders WHERE customer_id IS NULL;\n"
                "    PRAGMA foreign_key_check;\n"
                "    BEGIN IMMEDIATE; UPDATE orders SET price = NULL WHERE …; COMMIT;",
                "sqlite",
            ),
            Advice(
                "manual-data-fix",
                "Better: let the revision correct the rows, so that every database gets the same result: "
                'op.execute("UPDATE …") before the change.',
            ),
            Advice(
                "rollback",
                "This revision is rolled back already. To roll back the one before it: initdb rollback; "
                "several: initdb rollback --to REV\n"
                "A revision that you roll back is held: no boot applies it until you call initdb release.",
            ),
            _BY_HAND,
        ),
        requirements=("Data Migration Failures",),
    ),
    ErrorRow(
        "revision-committed-itself",
        "A revision commits, rolls back or begins a transaction itself, so its changes and its event could "
        "not commit together.",
        _UNIT + " If its COMMIT was noticed only afterwards, what it committed stands.",
        "Remove the commit from the revision, or split the revision in two, then: initdb resume",
        causes=(
            'The revision calls op.execute("COMMIT"), connection.commit() or the driver\'s own commit().',
            "It calls sqlite3's executescript(), which commits before it begins.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "The line above ends the transaction. A Session bound to op.get_bind() may commit: that does "
                "not end it.",
            ),
            Advice(
                "manual-procedure",
                "If all of its changes are in the database: initdb resume --mark-applied REV; if none is: "
                "initdb resume --retry REV",
            ),
            Advice(
                "manual-data-fix",
                "Put what must run outside a transaction (CREATE INDEX CONCURRENTLY) into: with "
                "op.get_context().autocommit_block(): …",
                "postgresql",
            ),
            *_BACKUP,
        ),
        requirements=("Data Migration Failures",),
    ),
    ErrorRow(
        "revision-in-doubt",
        "A revision that cannot run in a transaction was interrupted, and initdb cannot tell whether its "
        "work was done.",
        "Every revision before this one stands; a part of this one may be done.",
        "Look at the database, then: initdb resume --retry REV (nothing was done) or: initdb resume "
        "--mark-applied REV (all was done)",
        causes=(
            "The process died after a statement that commits by itself, before the journal recorded it.",
        ),
        advice=(
            Advice(
                "manual-procedure",
                "Look for what the revision creates: \\d TABLENAME, \\di, \\dT (in psql)\n"
                "If nothing of it is there: initdb resume --retry REV. If all of it is there: initdb resume "
                "--mark-applied REV.\n"
                "If a part of it is there, finish or undo that part by hand, then use one of the two.",
                "postgresql",
            ),
            Advice(
                "manual-procedure",
                "Look for what the revision creates: sqlite3 DBFILE .schema\n"
                "If nothing of it is there: initdb resume --retry REV. If all of it is there: initdb resume "
                "--mark-applied REV.\n"
                "If a part of it is there, finish or undo that part by hand, then use one of the two.",
                "sqlite",
            ),
            Advice(
                "index-recreation",
                "An index may have been left INVALID: SELECT indexrelid::regclass FROM pg_index WHERE NOT "
                "indisvalid",
                "postgresql",
            ),
            *_BACKUP,
        ),
    ),
    ErrorRow(
        "env-py-failed",
        "The migrations' env.py failed.",
        "Every revision that was committed stands.",
        "Correct env.py or what it needs, then: initdb resume",
        causes=(
            "It imports the application, and that failed.",
            "It reads a setting or a variable that is not set here.",
            "It needs the application's context (Flask).",
        ),
        advice=(
            _ENV_EXAMPLE,
            Advice(
                "alternative-configuration",
                "If env.py needs a context, name a function that calls run(config) inside it: migrations = "
                '"shop:alembic_config"',
            ),
        ),
    ),
    ErrorRow(
        "env-py-ran-nothing",
        "The migrations' env.py ended without running the migrations.",
        _NOTHING,
        "Let env.py call context.run_migrations() in online mode, then: initdb resume",
        causes=(
            "It catches errors and goes on.",
            "It returns early, under a condition that is true here.",
            "It calls context.configure() with an fn= of its own.",
        ),
        advice=(_ENV_EXAMPLE,),
    ),
    ErrorRow(
        "env-py-other-database",
        "The migrations' env.py connects to a database other than the one that initdb was given.",
        "Nothing was changed: no revision ran in either database.",
        "Give both the same URL, then: initdb resume",
        causes=(
            "In alembic.ini, sqlalchemy.url differs from database_url.",
            "The environment differs between the application and the command.",
        ),
        advice=(
            Advice(
                "configuration-example",
                'In env.py: config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"].replace("%", '
                '"%%"))',
            ),
            Advice("troubleshooting", "See which URL initdb uses, without its password: initdb status"),
        ),
    ),
    ErrorRow(
        "env-py-several-databases",
        "The migrations' env.py migrates databases or schemas that initdb does not know.",
        _NOTHING,
        "Name the other databases in the setting databases, or let env.py migrate only one, then: initdb "
        "resume",
        causes=(
            "It comes from a multidb template (alembic init -t multidb, flask db init --multidb).",
            "It migrates the schemas of several tenants.",
        ),
        advice=(
            Advice(
                "configuration-example",
                'databases = ["stock=postgresql://app@db/stock"]',
            ),
            Advice(
                "consistency",
                "Each database has its own journal, because a revision and its event commit in one "
                "transaction. If several schemas of one database have a version table each, env.py must "
                "migrate only one of them.",
            ),
        ),
    ),
    ErrorRow(
        "two-phase-refused",
        "The migrations' env.py uses two-phase commit, in which a revision cannot commit alone with its "
        "event.",
        _NOTHING,
        "Set USE_TWOPHASE = False in env.py, then: initdb resume",
        causes=("It comes from Flask-Migrate's multidb template, with USE_TWOPHASE = True.",),
        advice=(
            Advice(
                "consistency",
                "Each database has its own journal, and stays consistent with it without two-phase commit.",
            ),
        ),
    ),
    ErrorRow(
        "rollback-refused",
        "The revision cannot be rolled back in the present state of the database.",
        _NOTHING,
        "Roll back a current head (initdb rollback), or all above a revision: initdb rollback --to REV",
        causes=("It is not a current head.", "No revision is applied.", "Other revisions depend on it."),
        advice=(
            Advice("troubleshooting", "See the current heads: initdb status"),
            Advice(
                "rollback",
                "One revision: initdb rollback. Several, newest first, a transaction each: initdb rollback "
                "--to REV",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "mark-refused",
        "No revision can be marked as applied in the present state of the database.",
        _NOTHING,
        "See the state of the database: initdb status; and what a boot would do: initdb plan",
        causes=(
            "There are no tables yet that the revision could have created.",
            "No revision is pending: all are recorded already.",
        ),
        advice=(
            Advice("troubleshooting", "See what a boot would do: initdb plan"),
            Advice(
                "manual-procedure",
                "A revision can be marked if revisions are pending, if tables exist without a history, or if "
                "the version table has lost its row: initdb resume --mark-applied REV",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "rollback-failed",
        "The downgrade of a revision failed.",
        "The database is as it was before this downgrade; revisions that were rolled back before it stay "
        "rolled back.",
        "Correct the downgrade() of the revision, then: initdb rollback",
        causes=(
            "The revision's downgrade() was never tested.",
            "Rows that were written since do not fit the older schema.",
            "Another object depends on what it drops.",
        ),
        advice=(
            *_BACKUP,
            Advice(
                "manual-data-fix",
                "Move the rows that the older schema cannot hold to another table, then: initdb rollback",
            ),
            Advice("rollback", "If it cannot be rolled back, write a new revision that undoes the change."),
            Advice(
                "troubleshooting", "See the statements of the downgrade: alembic downgrade REV:PREVIOUS --sql"
            ),
        ),
        requirements=("Data Migration Failures",),
    ),
    ErrorRow(
        "downgrade-missing",
        "The revision has no downgrade, so it cannot be rolled back.",
        _NOTHING,
        "Write its downgrade(), then: initdb rollback; or write a new revision that undoes it, then: initdb "
        "run",
        causes=("Its downgrade() is empty or absent, or raises NotImplementedError.",),
        advice=(
            *_BACKUP,
            Advice(
                "rollback",
                "Better: write a new revision that undoes the change. It works on every database, whatever "
                "was written since.",
            ),
        ),
        requirements=("Data Migration Failures",),
    ),
)
