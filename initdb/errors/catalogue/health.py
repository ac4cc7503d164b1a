"""Catalogue: what a validation finds and what a repair cannot fix."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

HEALTH: tuple[ErrorRow, ...] = (
    ErrorRow(
        "table-lost",
        "A table is gone that held rows when the database was last ready.",
        "Nothing was changed. An empty table in its place would hide the loss, so none was made.",
        "Restore the table from a backup, then: initdb run. If its rows may go: initdb repair",
        causes=(
            "Somebody dropped or renamed the table by hand.",
            "A backup was restored in part.",
            "A script ran against the wrong database.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See when the database was last ready, and who did what since: initdb journal --last 20",
            ),
            Advice(
                "backup",
                "Restore this one table: pg_restore --table=orders --dbname=shop backup.dump",
                "postgresql",
            ),
            Advice(
                "backup",
                'Copy this one table: sqlite3 backup.db ".dump orders" | sqlite3 app.db',
                "sqlite",
            ),
            Advice(
                "manual-procedure",
                "If it was renamed on purpose, name it back, rename it in a revision and in the model.",
            ),
            Advice(
                "consistency",
                "initdb repair makes the table anew, without rows, and applies its seeds again.",
            ),
        ),
    ),
    ErrorRow(
        "defects-remain",
        "The database is not what the application needs, and a boot repairs nothing of it.",
        "The tables and rows are unchanged.",
        "Fix the defects named above, then: initdb resume. With repair = never, for what loses no data: "
        "initdb repair",
        causes=(
            "Somebody changed the database by hand.",
            "Only a part of a backup was restored.",
            "Rows break a rule of the application.",
        ),
        advice=(
            Advice("troubleshooting", "List the defects, each with a suggestion: initdb validate"),
            Advice(
                "data-clean-up",
                "Find orphaned rows: SELECT o.* FROM orders o LEFT JOIN customers c ON c.id = o.customer_id "
                "WHERE c.id IS NULL",
                "postgresql",
            ),
            Advice(
                "data-clean-up", "Find orphaned rows: sqlite3 DBFILE 'PRAGMA foreign_key_check'", "sqlite"
            ),
            Advice(
                "backup",
                "Before you fix anything: pg_dump --format=custom --file=before.dump shop",
                "postgresql",
            ),
            Advice("backup", 'Before you fix anything: sqlite3 app.db ".backup before.db"', "sqlite"),
            Advice(
                "alternative-configuration",
                'List what is there on purpose but not in the models: ignore = ["legacy_orders"]',
            ),
        ),
    ),
    ErrorRow(
        "repair-impossible",
        "What is missing cannot be restored without the risk of losing data.",
        "The tables and rows are unchanged.",
        "Write a revision that makes the change, or make it by hand, then: initdb resume",
        causes=(
            "A column without a default is missing in a table that has rows.",
            "A column has another type than in the model.",
            "Rows break a constraint that is missing.",
        ),
        advice=(
            Advice(
                "manual-procedure",
                "Make the change in steps: add the column as nullable, fill it, then make it NOT NULL.",
            ),
            Advice(
                "backup",
                "Before you change anything: pg_dump --format=custom --file=before.dump shop",
                "postgresql",
            ),
            Advice("backup", 'Before you change anything: sqlite3 app.db ".backup before.db"', "sqlite"),
            Advice(
                "consistency",
                "A repair only makes changes that cannot lose data; it never drops, "
                "renames or changes a type.",
            ),
        ),
    ),
    ErrorRow(
        "repair-failed",
        "The database refused a statement of the repair.",
        "Repairs that were committed stand; this one was rolled back.",
        "Act on what is said above, then: initdb resume",
        causes=("Rows do not allow the index or constraint.", "The role does not own the table."),
        advice=(
            Advice("troubleshooting", "See what would be repaired, without doing it: initdb plan"),
            Advice(
                "index-recreation",
                "Create the index by hand: CREATE INDEX CONCURRENTLY … (outside a transaction)",
                "postgresql",
            ),
            Advice("index-recreation", "Create the index by hand: CREATE INDEX …", "sqlite"),
        ),
    ),
    ErrorRow(
        "validation-failed",
        "The database could not be validated: a query was refused.",
        "Nothing was changed.",
        "Act on what is said above, then: initdb resume",
        causes=(
            "The role may not read a table.",
            "A rule of the application raised an error.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Run the query by hand as the role that initdb uses; initdb status names it.",
            ),
        ),
    ),
)
