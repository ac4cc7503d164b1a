"""Catalogue: tables, indexes and constraints that cannot be made, and adoption of a schema that is there "
"already."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_ROLLED_BACK = "No table was made: the whole schema is one transaction, and it was rolled back."

_OBJECTS = (
    Advice(
        "conflicting-objects",
        "List what is there, with its kind, and compare it with the names above: \\d (in psql), or\n"
        "    SELECT relname, relkind, pg_get_userbyid(relowner) FROM pg_class "
        "WHERE relnamespace = current_schema()::regnamespace;\n"
        "Enum types are in the way too: \\dT",
        "postgresql",
    ),
    Advice(
        "conflicting-objects",
        'List what is there: sqlite3 FILE "SELECT type, name, tbl_name FROM sqlite_schema"\n'
        "Tables that begin with _alembic_tmp_ are left by a migration that was cut short.",
        "sqlite",
    ),
)
_CLEAN_UP = (
    Advice(
        "clean-up",
        "Move what is in the way aside rather than drop it: ALTER TABLE orders RENAME TO orders_before\n"
        "An empty schema is made anew, after a backup, by:\n"
        "    pg_dump --format=custom --file=before.dump shop\n"
        "    DROP SCHEMA public CASCADE; CREATE SCHEMA public;",
        "postgresql",
    ),
    Advice(
        "clean-up",
        "Move what is in the way aside rather than drop it: ALTER TABLE orders RENAME TO orders_before\n"
        "To begin anew keep the old file, with its companions if there are any:\n"
        '    sqlite3 app.db ".backup before.db"\n'
        "    rm app.db app.db-wal app.db-shm",
        "sqlite",
    ),
)
_OTHER_WAYS = (
    Advice(
        "alternative-creation",
        "Let the revisions make the schema instead of the models, or the other way round: schema_from = "
        '"migrations"\n'
        "With a schema of its own, nothing can be in the way:\n"
        "    CREATE SCHEMA shop AUTHORIZATION app; ALTER ROLE app SET search_path = shop;",
        "postgresql",
    ),
    Advice(
        "alternative-creation",
        "Let the revisions make the schema instead of the models, or the other way round: schema_from = "
        '"migrations"\n'
        "Or make it in a new file and copy the data over: --database-url sqlite:///new.db",
        "sqlite",
    ),
    Advice("alternative-creation", "See what would be made, without making it: initdb plan"),
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
        "The database refused a statement that creates the schema.",
        _ROLLED_BACK,
        "Correct the model that the statement comes from, then: initdb resume",
        causes=(
            "A type, a default or an expression is not known to this database.",
            "A table refers to one that is not there, or that is made later.",
            "The role may not create in this schema.",
        ),
        advice=(
            *_OBJECTS,
            *_CLEAN_UP,
            *_OTHER_WAYS,
            Advice(
                "troubleshooting", "Run the statement by hand inside BEGIN … ROLLBACK, so that nothing stays."
            ),
        ),
        requirements=("Table Creation Failures",),
    ),
    ErrorRow(
        "conflicting-object",
        "An object with the name of one that is to be made is there already, and is another one.",
        _ROLLED_BACK + " The object in the way is untouched.",
        "Rename or remove the object in the way, or adopt the schema that is there, then: initdb resume",
        causes=(
            "The database was begun by another tool or by hand.",
            "A view, an index, a type or a sequence has the name of a table.",
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
        "An index could not be made.",
        "The tables and the other indexes stand; the statement of this index alone was rolled back.",
        "Remove what the index cannot hold (mostly duplicates), then let it be made again: initdb repair",
        causes=(
            "Rows that are there already break a unique index.",
            "A value is too long for the index, or its type has no ordering.",
            "A CREATE INDEX CONCURRENTLY was cut short and left an INVALID index.",
        ),
        advice=(
            Advice(
                "index-recreation",
                "Let initdb make what is missing: initdb repair; or by hand, without stopping writers:\n"
                "    DROP INDEX CONCURRENTLY IF EXISTS ix_orders_customer;\n"
                "    CREATE INDEX CONCURRENTLY ix_orders_customer ON orders (customer_id);\n"
                "Indexes that a crash left unusable:\n"
                "    SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;",
                "postgresql",
            ),
            Advice(
                "index-recreation",
                "Let initdb make what is missing: initdb repair; or by hand:\n"
                "    DROP INDEX IF EXISTS ix_orders_customer;\n"
                "    CREATE INDEX ix_orders_customer ON orders (customer_id);",
                "sqlite",
            ),
            Advice(
                "performance",
                "Without the index its queries read the whole table: correct but slower, the more rows the "
                "slower.\n"
                "See what a query does now: EXPLAIN (ANALYZE, BUFFERS) SELECT …\n"
                "While an ordinary CREATE INDEX runs, writers to the table wait; CONCURRENTLY lets them go "
                "on and takes longer.",
                "postgresql",
            ),
            Advice(
                "performance",
                "Without the index its queries read the whole table: correct but slower, the more rows the "
                "slower.\n"
                "See what a query does now: EXPLAIN QUERY PLAN SELECT …; SCAN means the whole table.\n"
                "While the index is made, nobody else can write to the file.",
                "sqlite",
            ),
            Advice(
                "continue-with-warnings",
                "An index that only makes queries faster is not critical: its failure is a warning, and "
                "the database becomes ready.\n"
                "Each such index is made in a savepoint of its own, so that its failure takes nothing else "
                "with it.\n"
                "A unique index is a promise about the data: without it the database does not become ready.",
            ),
            Advice(
                "data-clean-up",
                "Find the duplicates that a unique index meets: SELECT name, count(*) FROM roles GROUP BY "
                "name HAVING count(*) > 1",
            ),
        ),
        requirements=("Index Creation Failures",),
    ),
    ErrorRow(
        "constraint-violation",
        "Rows that are in the database break a constraint of the schema.",
        "The rows are as they were; the statement that makes the constraint was rolled back.",
        "Correct the rows, then let the constraint be made: initdb repair",
        causes=(
            "The rows are older than the constraint.",
            "Rows were written while foreign keys were off (SQLite's default).",
            "Two rows share a value that must be unique.",
        ),
        advice=(
            Advice(
                "data-clean-up",
                "Find the rows, look at them, and correct or move them, inside one transaction:\n"
                "    SELECT name, count(*) FROM roles GROUP BY name HAVING count(*) > 1;\n"
                "    SELECT o.* FROM orders o LEFT JOIN customers c ON c.id = o.customer_id\n"
                "    WHERE o.customer_id IS NOT NULL AND c.id IS NULL;\n"
                "    BEGIN; CREATE TABLE orders_set_aside AS SELECT …; DELETE FROM orders WHERE …; COMMIT;",
                "postgresql",
            ),
            Advice(
                "data-clean-up",
                "Find the rows, look at them, and correct or move them: sqlite3 FILE 'PRAGMA "
                "foreign_key_check'\n"
                "    SELECT name, count(*) FROM roles GROUP BY name HAVING count(*) > 1;\n"
                "    BEGIN; CREATE TABLE orders_set_aside AS SELECT …; DELETE FROM orders WHERE …; COMMIT;",
                "sqlite",
            ),
            Advice(
                "constraint-modification",
                "Let the constraint hold for new rows now and for old ones later: ALTER TABLE orders ADD "
                "CONSTRAINT … NOT VALID\n"
                "    ALTER TABLE orders VALIDATE CONSTRAINT fk_orders_customer;\n"
                "Or say in the model what is really meant: nullable=True, a partial unique index, ON "
                "DELETE SET NULL.",
                "postgresql",
            ),
            _BATCH,
            Advice(
                "constraint-modification",
                "If the rule is too strict, relax it in the model and write a revision for it.",
            ),
            Advice(
                "continue-with-warnings",
                "A constraint that the application does not depend on is made in a savepoint of its own; "
                "its failure is a warning, and is listed in the journal.\n"
                "Foreign keys, unique constraints and NOT NULL are defects all the same when validation "
                "finds them broken.",
            ),
            Advice(
                "backup", "Before rows are changed: pg_dump --table=orders shop > orders.sql", "postgresql"
            ),
            Advice("backup", 'Before rows are changed: sqlite3 app.db ".backup before.db"', "sqlite"),
        ),
        requirements=("Constraint Violations",),
    ),
    ErrorRow(
        "constraint-creation-failed",
        "A constraint could not be made, for another reason than the rows.",
        "The tables stand; the statement of this constraint alone was rolled back.",
        "Correct the constraint in the model, then: initdb repair",
        causes=(
            "It names a column that is not there, or compares types that do not fit.",
            "A constraint with this name exists.",
        ),
        advice=(
            Advice(
                "constraint-modification",
                "See what is there under this name: SELECT conrelid::regclass, pg_get_constraintdef(oid) "
                "FROM pg_constraint WHERE conname = 'NAME'",
                "postgresql",
            ),
            _BATCH,
            Advice(
                "continue-with-warnings",
                "A constraint that is not critical is a warning; the database becomes ready without it.",
            ),
        ),
        requirements=("Constraint Violations",),
    ),
    ErrorRow(
        "adoption-refused",
        "The database has tables of the application but no history, and they are not exactly what the "
        "models say.",
        "Nothing was changed; the tables and their rows are as they were.",
        "Name the revision that the tables really correspond to: initdb resume --mark-applied REV",
        causes=(
            "The tables were made by another tool, by create_all() or by hand, from older models.",
            "Somebody changed a table without a revision.",
            "The table alembic_version was lost or emptied.",
        ),
        advice=(
            Advice(
                "manual-procedure",
                "Find the last revision whose changes are all there, and mark it: initdb resume "
                "--mark-applied REV\n"
                "The revisions after it are then applied. The differences above tell which are missing: a "
                "column that is missing "
                "belongs to a revision that was not applied.",
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
        "Act on the database's message above, then: initdb resume",
        causes=("The role may not read the catalog or write the version table.",),
        advice=(Advice("troubleshooting", "See what initdb finds, without a change: initdb plan"),),
    ),
    ErrorRow(
        "inspection-failed",
        "The database refused a question about what it contains.",
        "Nothing was changed.",
        "Act on the database's message above, then: initdb resume",
        causes=("The role may not read the tables or the catalog.", "A table or view is broken."),
        advice=(
            Advice("troubleshooting", "Ask the same by hand: \\d+ (in psql)", "postgresql"),
            Advice("troubleshooting", "Ask the same by hand: sqlite3 FILE .schema", "sqlite"),
        ),
    ),
)
