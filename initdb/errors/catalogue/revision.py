"""Catalogue: a revision or an env.py that fails while it runs, and rolling back."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_UNIT = "Every revision before this one stands; this one was rolled back."
_NOTHING = "Nothing was changed."

_BACKUP = (
    Advice(
        "backup",
        "Before you mend anything: pg_dump --format=custom --file=before.dump shop\n"
        "It goes back, into an empty database, with:\n"
        "    pg_restore --clean --if-exists --dbname=shop before.dump",
        "postgresql",
    ),
    Advice(
        "backup",
        'Before you mend anything: sqlite3 app.db ".backup before.db"\n'
        "A plain copy is a backup only while no process has the file open, and together with its -wal.",
        "sqlite",
    ),
)
_BY_HAND = Advice(
    "manual-procedure",
    "Where the revision cannot be made to run, make its changes by hand in one transaction, then: initdb "
    "resume --mark-applied REV",
)
_ENV_EXAMPLE = Advice("troubleshooting", "See whether plain Alembic can use it: alembic current")

REVISION: tuple[ErrorRow, ...] = (
    ErrorRow(
        "revision-failed",
        "A migration revision failed.",
        _UNIT,
        "Correct the revision, deploy it, then: initdb resume",
        causes=(
            "A statement is not what this database takes.",
            "The database is not in the state that the revision expects: somebody changed it by hand.",
            "The revision was written for all revisions in one transaction (an enum type that an earlier "
            "run made “already exists”).",
            "It opens a second connection and waits for itself (SQLite: “database is locked”).",
        ),
        advice=(
            Advice("troubleshooting", "See the statements that it sends: alembic upgrade PREVIOUS:REV --sql"),
            *_BACKUP,
            _BY_HAND,
            Advice(
                "rollback", "Its statements were rolled back with it; to go back further: initdb rollback"
            ),
            Advice(
                "consistency",
                "The revision, its row in alembic_version and its event commit together or not at all.",
            ),
        ),
        requirements=("Data Migration Failures",),
    ),
    ErrorRow(
        "data-migration-failed",
        "A revision met rows that it cannot transform.",
        _UNIT + " The rows are as they were.",
        "Correct the rows or the revision, after a backup, then: initdb resume",
        causes=(
            "A value does not fit the new type or length, or is NULL where it no longer may be.",
            "Two rows get the same value under a new unique constraint.",
            "A row refers to one that is not there.",
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
                "Better, let the revision correct what it meets, so that every database gets the same: "
                'op.execute("UPDATE …") before the change.',
            ),
            Advice(
                "rollback",
                "This revision is rolled back already; those before it go back one by one: initdb "
                "rollback, or: initdb rollback --to REV\n"
                "What was rolled back is held until initdb release, so that no boot applies it again.",
            ),
            _BY_HAND,
        ),
        requirements=("Data Migration Failures",),
    ),
    ErrorRow(
        "revision-committed-itself",
        "A revision commits, rolls back or begins a transaction itself, so that its work and its record "
        "could not commit together.",
        _UNIT + " If a COMMIT got through before it was noticed, what it committed stands.",
        "Take the commit out of the revision, or split it into two, then: initdb resume",
        causes=(
            'op.execute("COMMIT"), connection.commit() or a raw DBAPI commit in the revision.',
            "sqlite3's executescript(), which commits before it begins.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "The line above is the one that leaves the transaction; a Session bound to op.get_bind() "
                "may commit freely.",
            ),
            Advice(
                "manual-procedure",
                "If its changes are all there, say so: initdb resume --mark-applied REV; if none is: "
                "initdb resume --retry REV",
            ),
            Advice(
                "manual-data-fix",
                "What must run outside a transaction (CREATE INDEX CONCURRENTLY) belongs into: with "
                "op.get_context().autocommit_block(): …",
                "postgresql",
            ),
            *_BACKUP,
        ),
        requirements=("Data Migration Failures",),
    ),
    ErrorRow(
        "revision-in-doubt",
        "A revision that cannot run in a transaction was interrupted, and nobody but you can tell whether "
        "its work was done.",
        "Every revision before this one stands; of this one a part may be done.",
        "Look at the database, then say: initdb resume --retry REV (nothing was done) or: initdb resume "
        "--mark-applied REV (all was done)",
        causes=("The process died between a statement that commits itself and its record.",),
        advice=(
            Advice(
                "manual-procedure",
                "Look for what the revision makes: \\d TABLE, \\di, \\dT (in psql)\n"
                "Nothing of it is there: initdb resume --retry REV. All of it is there: initdb resume "
                "--mark-applied REV.\n"
                "A part of it: finish or undo that part by hand, then one of the two.",
                "postgresql",
            ),
            Advice(
                "manual-procedure",
                "Look for what the revision makes: sqlite3 FILE .schema\n"
                "Nothing of it is there: initdb resume --retry REV. All of it is there: initdb resume "
                "--mark-applied REV.\n"
                "A part of it: finish or undo that part by hand, then one of the two.",
                "sqlite",
            ),
            Advice(
                "index-recreation",
                "An index that was being made may be INVALID: SELECT indexrelid::regclass FROM pg_index "
                "WHERE NOT indisvalid",
                "postgresql",
            ),
            *_BACKUP,
        ),
    ),
    ErrorRow(
        "env-py-failed",
        "The env.py of the migrations failed.",
        "Every revision that was committed stands.",
        "Correct env.py or what it needs, then: initdb resume",
        causes=(
            "It imports the application, and that failed.",
            "It reads a setting or a variable that is not there here.",
            "It needs the application's context (Flask).",
        ),
        advice=(
            _ENV_EXAMPLE,
            Advice(
                "alternative-configuration",
                'An env.py that needs a context is called in one: migrations = "shop:alembic_config", a '
                "callable that returns a Config",
            ),
        ),
    ),
    ErrorRow(
        "env-py-ran-nothing",
        "The env.py ended without having run the migrations.",
        _NOTHING,
        "Let env.py call context.run_migrations() in online mode, then: initdb resume",
        causes=(
            "It catches errors and goes on.",
            "It returns early under a condition that holds here.",
            "It calls context.configure() with fn= of its own.",
        ),
        advice=(_ENV_EXAMPLE,),
    ),
    ErrorRow(
        "env-py-other-database",
        "The env.py connects to another database than the one that initdb was given.",
        "Nothing was changed in either database.",
        "Let both read the same URL, then: initdb resume",
        causes=(
            "sqlalchemy.url in alembic.ini is another one than database_url.",
            "The environment differs between the application and the command.",
        ),
        advice=(
            Advice(
                "configuration-example",
                'In env.py: config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])',
            ),
            Advice("troubleshooting", "See which URL initdb uses, without its password: initdb status"),
        ),
    ),
    ErrorRow(
        "env-py-several-databases",
        "The env.py migrates databases or schemas that initdb was not told of.",
        _NOTHING,
        "Name the other databases with the setting databases (name = URL), or let env.py migrate one; then: "
        "initdb resume",
        causes=(
            "It was made from a multidb template (alembic init -t multidb, flask db init --multidb).",
            "It goes through the schemas of several tenants.",
        ),
        advice=(
            Advice(
                "configuration-example",
                'databases = ["stock=postgresql://app@db/stock"]',
            ),
            Advice(
                "consistency",
                "Each database has a journal of its own: a revision and its record commit in one "
                "transaction. Schemas of one database that have a version table each need an env.py that "
                "migrates one of them.",
            ),
        ),
    ),
    ErrorRow(
        "two-phase-refused",
        "The env.py uses two-phase transactions, in which a revision and its record cannot commit one by "
        "one.",
        _NOTHING,
        "Set USE_TWOPHASE = False in env.py, then: initdb resume",
        causes=("The multidb template of Flask-Migrate with USE_TWOPHASE = True.",),
        advice=(
            Advice(
                "consistency",
                "Each database of such an env.py has its own journal, and is consistent with it on its own.",
            ),
        ),
    ),
    ErrorRow(
        "rollback-refused",
        "The revision cannot be rolled back from where the database is.",
        _NOTHING,
        "Roll back a current head, or several down to one: initdb rollback --to REV",
        causes=("It is not the last one applied.", "No revision is applied.", "Others depend on it."),
        advice=(
            Advice("troubleshooting", "See the current heads: initdb status"),
            Advice(
                "rollback",
                "One head: initdb rollback. Several revisions, newest first, a transaction each: initdb "
                "rollback --to REV",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "mark-refused",
        "No revision can be recorded as applied in the state that the database is in.",
        _NOTHING,
        "See what is the case: initdb status, and what a boot would do: initdb plan",
        causes=(
            "There are no tables yet that it could have made.",
            "Nothing is pending: the revision is recorded already.",
        ),
        advice=(
            Advice("troubleshooting", "See what a boot would do: initdb plan"),
            Advice(
                "manual-procedure",
                "A revision is marked where revisions are pending, where tables are there that nobody has "
                "recorded, or where the version table has lost it: initdb resume --mark-applied REV",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "rollback-failed",
        "The downgrade of a revision failed.",
        "The database is as it was before this downgrade; those that were reverted before it stay reverted.",
        "Correct the downgrade() of the revision, then: initdb rollback",
        causes=(
            "downgrade() was never tried.",
            "Rows written since do not fit the older schema.",
            "Another object depends on what it drops.",
        ),
        advice=(
            *_BACKUP,
            Advice(
                "manual-data-fix",
                "Move the rows that the older schema cannot hold aside, then: initdb rollback",
            ),
            Advice(
                "rollback", "Where the way back is closed, go forward: a new revision that undoes the change."
            ),
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
        "Write its downgrade(), or a new revision that undoes it, or restore a backup.",
        causes=("downgrade() is empty, absent, or raises NotImplementedError.",),
        advice=(
            *_BACKUP,
            Advice(
                "rollback",
                "Go forward instead: a new revision that undoes the change works on every database, also "
                "where time has passed.",
            ),
        ),
        requirements=("Data Migration Failures",),
    ),
)
