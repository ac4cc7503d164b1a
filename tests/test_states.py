"""The picture that crash tests compare shows what matters and nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from tests.support.states import database_state

BASE = (
    "CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT)",
    "CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parents (id))",
    "INSERT INTO parents VALUES (1, 'a', 'noon'), (2, 'b', 'noon')",
    "CREATE TABLE init_journal (seq INTEGER PRIMARY KEY, run TEXT)",
    "CREATE INDEX init_journal_run ON init_journal (run)",
)
CHANGES = (
    "ALTER TABLE parents ADD COLUMN more INTEGER",
    "CREATE INDEX parents_name ON parents (name)",
    "CREATE UNIQUE INDEX parents_name ON parents (name)",
    "CREATE VIEW names AS SELECT name FROM parents",
    "INSERT INTO children VALUES (1, 1)",
    "UPDATE parents SET name = 'c' WHERE id = 2",
    "DELETE FROM parents WHERE id = 2",
    "DROP TABLE children",
    "CREATE TABLE empty_one (id INTEGER)",
)
POSTGRESQL_CHANGES = (
    "ALTER TABLE parents ALTER name DROP NOT NULL",
    "ALTER TABLE parents ALTER name SET DEFAULT 'x'",
    "ALTER TABLE parents ALTER name TYPE varchar(9)",
    "ALTER TABLE children DROP CONSTRAINT children_parent_fkey",
    "ALTER TABLE children ADD CHECK (id > 0) NOT VALID",
    "ALTER TYPE mood ADD VALUE 'cross' BEFORE 'glad'",
    "ALTER SEQUENCE counter INCREMENT 2",
    "ALTER TABLE parents DISABLE TRIGGER watched",
    "CREATE OR REPLACE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "COMMENT ON COLUMN parents.name IS 'what it is called'",
    "GRANT SELECT ON parents TO PUBLIC",
    "CREATE SCHEMA other",
    "ALTER TABLE parents ENABLE ROW LEVEL SECURITY",
)
POSTGRESQL_BASE = (
    "CREATE TYPE mood AS ENUM ('glad', 'sad')",
    "CREATE SEQUENCE counter",
    "CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER watched BEFORE INSERT ON parents FOR EACH ROW EXECUTE FUNCTION watch()",
)


def run(engine: Engine, *statements: str) -> None:
    """Runs the statements in one transaction."""
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_schema_or_rows_is_seen(engine: Engine, change: str) -> None:
    """Whatever a statement changed makes a different picture."""
    run(engine, *BASE)
    before = database_state(engine, journal=False)
    run(engine, change)
    assert database_state(engine, journal=False) != before


@pytest.mark.parametrize("change", POSTGRESQL_CHANGES)
def test_a_change_of_the_catalog_is_seen(postgresql_url: str, change: str) -> None:
    """What only PostgreSQL has is part of the picture too."""
    engine = create_engine(postgresql_url, poolclass=NullPool)
    run(engine, *BASE, *POSTGRESQL_BASE)
    before = database_state(engine)
    run(engine, change)
    assert database_state(engine) != before


def test_the_order_of_rows_is_not_seen(engine: Engine) -> None:
    """Rows deleted and written again in another order make the same picture."""
    run(engine, *BASE)
    before = database_state(engine)
    run(engine, "DELETE FROM parents", "INSERT INTO parents VALUES (2, 'b', 'noon'), (1, 'a', 'noon')")
    assert database_state(engine) == before


def test_the_next_value_of_a_sequence_is_not_seen(postgresql_url: str) -> None:
    """A rolled back insertion moves a sequence for ever, and does no harm."""
    engine = create_engine(postgresql_url, poolclass=NullPool)
    run(engine, *BASE, *POSTGRESQL_BASE)
    before = database_state(engine)
    run(engine, "SELECT nextval('counter')")
    assert database_state(engine) == before


def test_the_journal_is_left_out_when_asked(engine: Engine) -> None:
    """Its tables, indexes and rows differ between two runs that did the same."""
    run(engine, *BASE[:3])
    before = database_state(engine, journal=False)
    run(engine, *BASE[3:], "INSERT INTO init_journal VALUES (1, 'r')")
    assert database_state(engine, journal=False) == before
    assert database_state(engine) != before


@pytest.mark.parametrize("column", ["at", "parents.at"])
def test_values_of_named_columns_are_left_out(engine: Engine, column: str) -> None:
    """A time or a password hash may differ, the other columns of its row may not."""
    run(engine, *BASE)
    before = database_state(engine, without_columns=[column])
    run(engine, "UPDATE parents SET at = 'midnight'")
    assert database_state(engine, without_columns=[column]) == before
    run(engine, "UPDATE parents SET name = 'z' WHERE id = 1")
    assert database_state(engine, without_columns=[column]) != before


def test_a_broken_reference_is_a_finding(sqlite_url: str) -> None:
    """SQLite accepts an orphan while foreign keys are off; the picture says so."""
    engine = create_engine(sqlite_url, poolclass=NullPool)
    run(engine, *BASE)
    assert database_state(engine)["findings"] == []
    run(engine, "INSERT INTO children VALUES (1, 99)")
    assert len(database_state(engine)["findings"]) == 1
