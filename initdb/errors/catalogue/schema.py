"""Catalogue: tables, indexes and constraints that cannot be created, and tables that cannot be adopted."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_ROLLED_BACK = "No table was created: the whole schema is one transaction, and it was rolled back."

_OBJECTS = (
    Advice(
        "conflicting-objects",
        "List the objects with their kinds, and compare them with the names above: \\d (in psql), or\n"
        "    SELECT relname, relkind, pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = "
        "current_schema()::regnamespace;\n"
        "Enum types can conflict too: \\dT",
        "postgresql",
    ),
    Advice(
        "conflicting-objects",
        'List the objects: sqlite3 DBFILE "SELECT type, name, tbl_name FROM sqlite_schema"\n'
        "A table whose name begins with _alembic_tmp_ was left by an interrupted migration.",
        "sqlite",
    ),
)
_CLEAN_UP = (
    Advice(
        "clean-up",
        "Rename the object in the way; do not drop it: ALTER TABLE orders RENAME TO orders_before\n"
        "To start again with an empty schema, make a backup first:\n"
        "    pg_dump --format=custom --file=before.dump shop\n"
        "    DROP SCHEMA public CASCADE; CREATE SCHEMA public;",
        "postgresql",
    ),
    Advice(
        "clean-up",
        "Rename the object in the way; do not drop it: ALTER TABLE orders RENAME TO orders_before\n"
        "To start again with an empty file, make a backup first:\n"
        '    sqlite3 app.db ".backup before.db"\n'
        "    rm app.db app.db-wal app.db-shm",
        "sqlite",
    ),
)
_OTHER_WAYS = (
    Advice(
        "alternative-creation",
        'Let the revisions create the schema, not the models (or "models" for the opposite): schema_from = '
        '"migrations"\n'
        "Or give the application a schema of its own, in which no name is taken:\n"
        "    CREATE SCHEMA shop AUTHORIZATION app; ALTER ROLE app SET search_path = shop;",
        "postgresql",
    ),
    Advice(
        "alternative-creation",
        'Let the revisions create the schema, not the models (or "models" for the opposite): schema_from = '
        '"migrations"\n'
        "Or create it in a new file and copy the data: --database-url sqlite:///new.db",
        "sqlite",
    ),
    Advice("alternative-creation", "See what would be created, without creating it: initdb plan"),
)
_BATCH = Advice(
    "constraint-modification",
    "SQLite cannot alter a constraint in place; a revision rebuilds the table: with "
    "op.batch_alter_table('orders') as batch: …",
    "sqlite",
)

SCHEMA: tuple[ErrorRow, ...] = (
    ErrorRow(
        "table-creation-failed",
        "The schema could not be created: a statement of it was refused.",
        _ROLLED_BACK,
        "Correct the model that the statement comes from, then: initdb resume",
        causes=(
            "This database does not know a type, a default or an expression in the statement.",
            "A table refers to one that does not exist, or that is created later.",
            "The role may not create tables in this schema.",
        ),
        advice=(
            *_OBJECTS,
            *_CLEAN_UP,
            *_OTHER_WAYS,
            Advice(
                "troubleshooting",
                "Run the statement by hand between BEGIN and ROLLBACK, so that it changes nothing.",
            ),
        ),
        requirements=("Table Creation Failures",),
    ),
    ErrorRow(
        "conflicting-object",
        "The name of an object to be created is already taken by a different object.",
        _ROLLED_BACK + " The object in the way is untouched.",
        "Rename or remove the object in the way, or adopt the existing schema, then: initdb resume",
        causes=(
            "Another tool, or a person, created a part of the database.",
            "A view, an index, a type or a sequence has the same name as a table.",
            "A crashed migration of another tool left its temporary table.",
        ),
        advice=(
            *_OBJECTS,
            *_CLEAN_UP,
            *_OTHER_WAYS,
            Advice(
                "manual-procedure",
                "If the objects are right and only the history is missing, adopt them: initdb resume "
                "--mark-applied REV",
            ),
        ),
        requirements=("Table Creation Failures",),
    ),
    ErrorRow(
        "index-creation-failed",
        "An index could not be created.",
        "The tables and the other indexes stand; only this index was rolled back.",
        "Correct the index in the model, or the rows that it cannot hold, then create it: initdb repair",
        causes=(
            "Existing rows break a unique index.",
            "A value is too long for the index, or its type has no ordering.",
            "A CREATE INDEX CONCURRENTLY was interrupted and left an INVALID index.",
        ),
        advice=(
            Advice(
                "index-recreation",
                "Let initdb create what is missing: initdb repair; or by hand, without blocking writers:\n"
                "    DROP INDEX CONCURRENTLY IF EXISTS ix_orders_customer;\n"
                "    CREATE INDEX CONCURRENTLY ix_orders_customer ON orders (customer_id);\n"
                "List the indexes that a crash left unusable:\n"
                "    SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;",
                "postgresql",
            ),
            Advice(
                "index-recreation",
                "Let initdb create what is missing: initdb repair; or by hand:\n"
                "    DROP INDEX IF EXISTS ix_orders_customer;\n"
                "    CREATE INDEX ix_orders_customer ON orders (customer_id);",
                "sqlite",
            ),
            Advice(
                "performance",
                "Without the index, queries read the whole table: the results are right, but slow on a large "
                "table.\n"
                "See how a query runs now: EXPLAIN (ANALYZE, BUFFERS) SELECT …\n"
                "While an ordinary CREATE INDEX runs, writers to the table wait. With CONCURRENTLY they go "
                "on, but it takes longer.",
                "postgresql",
            ),
            Advice(
                "performance",
                "Without the index, queries read the whole table: the results are right, but slow on a large "
                "table.\n"
                "See how a query runs now: EXPLAIN QUERY PLAN SELECT …; SCAN means that it reads the whole "
                "table.\n"
                "While the index is created, nobody else can write to the file.",
                "sqlite",
            ),
            Advice(
                "continue-with-warnings",
                "An index that only makes queries faster is not critical: its failure is a warning, and the "
                "database becomes ready.\n"
                "Each such index is created in a savepoint of its own, so its failure undoes nothing else.\n"
                "A unique index is a rule about the data: without it the database does not become ready.",
            ),
            Advice(
                "data-clean-up",
                "Find the duplicates that break a unique index: SELECT name, count(*) FROM roles GROUP BY "
                "name HAVING count(*) > 1",
            ),
        ),
        requirements=("Index Creation Failures",),
    ),
    ErrorRow(
        "constraint-violation",
        "Existing rows break a constraint of the schema.",
        "The rows are unchanged; the statement that creates the constraint was rolled back.",
        "Correct the rows, then create the constraint: initdb repair",
        causes=(
            "The rows are older than the constraint.",
            "Rows were written while foreign keys were off (SQLite's default).",
            "Two rows share a value that must be unique.",
        ),
        advice=(
            Advice(
                "data-clean-up",
                "Find the rows, check them, and correct or move them in one transaction:\n"
                "    SELECT name, count(*) FROM roles GROUP BY name HAVING count(*) > 1;\n"
                "    SELECT o.* FROM orders o LEFT JOIN customers c ON c.id = o.customer_id\n"
                "    WHERE o.customer_id IS NOT NULL AND c.id IS NULL;\n"
                "    BEGIN; CREATE TABLE orders_set_aside AS SELECT …; DELETE FROM orders WHERE …; COMMIT;",
                "postgresql",
            ),
            Advice(
                "data-clean-up",
                "Find the rows, check them, and correct or move them: sqlite3 DBFILE 'PRAGMA "
                "foreign_key_check'\n"
                "    SELECT name, count(*) FROM roles GROUP BY name HAVING count(*) > 1;\n"
                "    BEGIN; CREATE TABLE orders_set_aside AS SELECT …; DELETE FROM orders WHERE …; COMMIT;",
                "sqlite",
            ),
            Advice(
                "constraint-modification",
                "Enforce the constraint for new rows now, and for old rows later: ALTER TABLE orders ADD "
                "CONSTRAINT … NOT VALID\n"
                "    ALTER TABLE orders VALIDATE CONSTRAINT fk_orders_customer;\n"
                "Or change the model to say what is meant: nullable=True, a partial unique index, ON DELETE "
                "SET NULL.",
                "postgresql",
            ),
            _BATCH,
            Advice(
                "constraint-modification",
                "If the rule is too strict, relax it in the model and write a revision for it.",
            ),
            Advice(
                "continue-with-warnings",
                "A constraint that is not critical is created in a savepoint of its own; its failure is a "
                "warning, and the journal lists it.\n"
                "If validation finds a foreign key, a unique constraint or NOT NULL broken, that is still a "
                "defect.",
            ),
            Advice(
                "backup", "Before you change rows: pg_dump --table=orders shop > orders.sql", "postgresql"
            ),
            Advice("backup", 'Before you change rows: sqlite3 app.db ".backup before.db"', "sqlite"),
        ),
        requirements=("Constraint Violations",),
    ),
    ErrorRow(
        "constraint-creation-failed",
        "A constraint could not be created; the rows are not the reason.",
        "The tables stand; only this constraint was rolled back.",
        "Correct the constraint in the model, then: initdb repair",
        causes=(
            "It names a column that does not exist, or compares types that do not match.",
            "A constraint with this name exists already.",
        ),
        advice=(
            Advice(
                "constraint-modification",
                "See the existing constraint with this name: SELECT conrelid::regclass, "
                "pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'NAME'",
                "postgresql",
            ),
            _BATCH,
            Advice(
                "continue-with-warnings",
                "A constraint that is not critical causes only a warning: the database becomes ready without "
                "it.",
            ),
        ),
        requirements=("Constraint Violations",),
    ),
    ErrorRow(
        "adoption-refused",
        "The database has tables of the application but no migration history, and the tables differ from the "
        "models.",
        "Nothing was changed: the tables and their rows are as they were.",
        "Name the revision that the tables correspond to: initdb resume --mark-applied REV",
        causes=(
            "Another tool, create_all() or a person created the tables, from older models.",
            "Somebody changed a table without a revision.",
            "The table alembic_version was dropped or emptied.",
        ),
        advice=(
            Advice(
                "manual-procedure",
                "Find the last revision whose changes are all in the tables, and mark it: initdb resume "
                "--mark-applied REV\n"
                "The revisions after it are then applied. The differences above show which revisions are "
                "missing: a missing column belongs to a revision that was not applied.",
            ),
            Advice(
                "conflicting-objects",
                "Compare the tables with the models, difference by difference: initdb validate",
            ),
            Advice(
                "backup",
                "Before the first revision is applied: pg_dump --format=custom --file=before.dump shop",
                "postgresql",
            ),
            Advice(
                "backup", 'Before the first revision is applied: sqlite3 app.db ".backup before.db"', "sqlite"
            ),
            Advice(
                "history-repair",
                "If alembic_version was lost, the right revision may be in a backup, or in the journal: "
                "initdb journal --type migration_applied",
            ),
        ),
        requirements=("Version Conflicts",),
    ),
    ErrorRow(
        "adoption-failed",
        "The database refused a statement while its schema was adopted.",
        "Nothing was changed.",
        "Act on what is said above, then: initdb resume",
        causes=("The role may not read the catalogue or write the version table.",),
        advice=(Advice("troubleshooting", "See what initdb finds, without changing anything: initdb plan"),),
    ),
    ErrorRow(
        "inspection-failed",
        "The database refused a query about its contents.",
        "Nothing was changed.",
        "Act on what is said above, then: initdb resume",
        causes=("The role may not read the tables or the catalogue.", "A table or view is broken."),
        advice=(
            Advice("troubleshooting", "Look at the tables by hand: psql DBURL -c '\\d+'", "postgresql"),
            Advice("troubleshooting", "Look at the tables by hand: sqlite3 DBFILE .schema", "sqlite"),
        ),
    ),
)
