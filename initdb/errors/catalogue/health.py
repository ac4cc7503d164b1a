"""Catalogue: what validation finds and what repair cannot mend."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

HEALTH: tuple[ErrorRow, ...] = (
    ErrorRow(
        "defects-remain",
        "The database is not what the application needs, and no repair that is safe can change that.",
        "The tables and rows are as they were.",
        "Mend the defects that are named above, then: initdb resume",
        causes=(
            "Somebody changed the database by hand.",
            "A restore brought back only a part.",
            "Rows break a rule of the application.",
        ),
        advice=(
            Advice("troubleshooting", "List the defects, each with a suggestion: initdb validate"),
            Advice(
                "data-clean-up",
                "Orphaned rows: SELECT o.* FROM orders o LEFT JOIN customers c ON c.id = o.customer_id "
                "WHERE c.id IS NULL",
                "postgresql",
            ),
            Advice("data-clean-up", "Orphaned rows: sqlite3 FILE 'PRAGMA foreign_key_check'", "sqlite"),
            Advice(
                "backup",
                "Before you mend anything: pg_dump --format=custom --file=before.dump shop",
                "postgresql",
            ),
            Advice("backup", 'Before you mend anything: sqlite3 app.db ".backup before.db"', "sqlite"),
            Advice(
                "alternative-configuration",
                'What is there on purpose and not in the models: ignore = ["legacy_orders"]',
            ),
        ),
    ),
    ErrorRow(
        "repair-impossible",
        "What is missing cannot be put back without the risk of losing data.",
        "The tables and rows are as they were.",
        "Write a revision that makes the change, or make it by hand, then: initdb resume",
        causes=(
            "A column without a default is missing in a table that has rows.",
            "A type differs.",
            "Rows break a constraint that is missing.",
        ),
        advice=(
            Advice(
                "manual-procedure",
                "Make the change in steps: add the column as nullable, fill it, then set NOT NULL.",
            ),
            Advice(
                "backup",
                "Before you change anything: pg_dump --format=custom --file=before.dump shop",
                "postgresql",
            ),
            Advice("backup", 'Before you change anything: sqlite3 app.db ".backup before.db"', "sqlite"),
            Advice("consistency", "Repair adds what cannot lose data; it never drops, renames or retypes."),
        ),
    ),
    ErrorRow(
        "repair-failed",
        "The database refused a statement of the repair.",
        "Repairs that were committed stand; this one was rolled back.",
        "Act on the database's message above, then: initdb resume",
        causes=("Rows do not allow the index or constraint.", "The role does not own the table."),
        advice=(
            Advice("troubleshooting", "See what would be repaired, without doing it: initdb plan"),
            Advice(
                "index-recreation",
                "Make the index by hand: CREATE INDEX CONCURRENTLY … (outside a transaction)",
                "postgresql",
            ),
            Advice("index-recreation", "Make the index by hand: CREATE INDEX …", "sqlite"),
        ),
    ),
    ErrorRow(
        "validation-failed",
        "The database could not be validated: a question was refused.",
        "Nothing was changed.",
        "Act on the database's message above, then: initdb resume",
        causes=(
            "The role may not read a table.",
            "A rule of the application failed with an error of its own.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Ask the same by hand, with the role that initdb uses: initdb status names it.",
            ),
        ),
    ),
)
