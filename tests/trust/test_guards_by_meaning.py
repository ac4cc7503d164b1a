"""verify compares tables, keys, triggers, functions and the head by what they mean, not by their names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from initdb.events.chain import GENESIS
from initdb.events.find import find
from initdb.events.head import SCHEMA_VERSION
from initdb.events.sessions import session
from initdb.statemachine.decide.audit import audit
from tests.support.guards import guards_off
from tests.support.toy import Toy, migrated

_OFF = "CREATE TRIGGER {0} BEFORE {1} ON {2} WHEN 0 BEGIN SELECT 1; END"

SQLITE = {
    "a trigger that never fires": (
        "DROP TRIGGER init_journal_no_update",
        _OFF.format("init_journal_no_update", "UPDATE", "init_journal"),
    ),
    "an extra trigger": ("CREATE TRIGGER more AFTER INSERT ON init_journal BEGIN DELETE FROM t3; END",),
    "a trigger on another table": (
        "DROP TRIGGER init_journal_head_no_delete",
        _OFF.format("init_journal_head_no_delete", "DELETE", "t3"),
    ),
    "a key that is gone": (
        "DROP VIEW init_runs",
        "DROP VIEW init_failures",
        "CREATE TABLE kept AS SELECT * FROM init_journal_version",
        "DROP TABLE init_journal_version",
        "ALTER TABLE kept RENAME TO init_journal_version",
    ),
    "an index that is gone": ("DROP INDEX init_journal_type_seq",),
    "a column more": ("ALTER TABLE init_journal ADD COLUMN more TEXT",),
}

POSTGRESQL = {
    "a trigger that never fires": (
        "DROP TRIGGER init_journal_keep ON init_journal",
        "CREATE TRIGGER init_journal_keep BEFORE UPDATE OR DELETE ON init_journal FOR EACH ROW"
        " WHEN (false) EXECUTE FUNCTION init_journal_refuse()",
    ),
    "a trigger of another function": (
        "DROP TRIGGER init_journal_keep ON init_journal",
        "CREATE TRIGGER init_journal_keep BEFORE UPDATE OR DELETE ON init_journal FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ),
    "a trigger that is off": ("ALTER TABLE init_journal DISABLE TRIGGER init_journal_check",),
    "another function": (
        "CREATE OR REPLACE FUNCTION init_journal_refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
        " SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NEW; END $$",
    ),
    "a function without its path": ("ALTER FUNCTION init_journal_append() RESET search_path",),
    "a function of the caller": ("ALTER FUNCTION init_journal_append() SECURITY INVOKER",),
    "an extra trigger": (
        "CREATE TRIGGER more BEFORE INSERT ON init_journal FOR EACH ROW"
        " EXECUTE FUNCTION init_journal_check()",
    ),
    "a key that is gone": ("ALTER TABLE init_journal DROP CONSTRAINT init_journal_pkey",),
    "a check that is gone": ("ALTER TABLE init_journal_head DROP CONSTRAINT init_journal_head_id_check",),
    "a column that may be null": ("ALTER TABLE init_journal ALTER COLUMN hash DROP NOT NULL",),
    "a default": ("ALTER TABLE init_journal ALTER COLUMN run SET DEFAULT 'x'",),
    "a reference": ("CREATE TABLE theirs (seq bigint REFERENCES init_journal ON DELETE CASCADE)",),
    "a right": ("GRANT TRIGGER ON init_journal_head TO PUBLIC",),
    "another owner": ("ALTER TABLE init_journal_head OWNER TO pg_database_owner",),
    "an index that is gone": ("DROP INDEX init_journal_type_seq",),
}

UNSAFE = {
    "row-level security": ("ALTER TABLE init_journal ENABLE ROW LEVEL SECURITY",),
    "a policy": ("CREATE POLICY theirs ON init_journal_head USING (true)",),
    "a rule": ("CREATE RULE theirs AS ON DELETE TO init_journal DO INSTEAD NOTHING",),
    "a child": ("CREATE TABLE child () INHERITS (init_journal)",),
    "an index of an expression": ("CREATE INDEX theirs ON init_journal (lower(event))",),
    "statistics": ("CREATE STATISTICS theirs ON run, type FROM init_journal",),
}

HEADS = [
    *(f"schema_version = {SCHEMA_VERSION ^ (1 << bit)}" for bit in range(6)),
    *(f"min_writer = {1 ^ (1 << bit)}" for bit in range(6)),
    "seq = seq + 1",
    "seq = seq - 1",
    f"hash = '{GENESIS}'",
    "hash = upper(hash)",
]


@pytest.fixture(scope="module")
def intact() -> Callable[[Toy], str]:
    """Gives what verify finds, as one text."""

    def found(toy: Toy) -> str:
        with session(toy.engine()) as connection:
            result = audit(connection, find(connection, "application", None)[0])
        return "\n".join(one.text for one in result.findings)

    return found


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """A ready database."""
    toy = migrated(tmp_path, database_url)
    assert toy.initializer().initialize().success
    return toy


@pytest.mark.parametrize(
    ("database_url", "name"),
    [*(("sqlite", name) for name in SQLITE), *(("postgresql", name) for name in POSTGRESQL)],
    indirect=["database_url"],
)
def test_each_change_is_found(toy: Toy, name: str, intact: Callable[[Toy], str]) -> None:
    """As it was made there is no finding; then there is one."""
    assert intact(toy) == ""
    changes = SQLITE if toy.url.startswith("sqlite") else POSTGRESQL
    toy.sql(*changes[name])
    assert intact(toy) != ""


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", UNSAFE)
def test_what_would_hide_rows_is_refused_by_name(toy: Toy, name: str) -> None:
    """Neither a boot nor a command reads such a table."""
    toy.sql(*UNSAFE[name])
    (said,) = toy.initializer().initialize().errors
    assert "journal-unsafe" in said and "init_journal" in said


@pytest.mark.parametrize("change", HEADS)
def test_each_value_of_the_head(toy: Toy, change: str, intact: Callable[[Toy], str]) -> None:
    """Also those that only say which version may write."""
    with toy.engine().begin() as connection, guards_off(connection):
        connection.exec_driver_sql(f"UPDATE init_journal_head SET {change}")
    assert intact(toy) != ""


def test_an_emptied_journal(toy: Toy, intact: Callable[[Toy], str]) -> None:
    """Its head is that of a new one."""
    with toy.engine().begin() as connection, guards_off(connection):
        connection.exec_driver_sql("DELETE FROM init_journal")
        connection.exec_driver_sql(f"UPDATE init_journal_head SET seq = 0, hash = '{GENESIS}'")
    assert "first one is missing" in intact(toy)


@pytest.mark.parametrize("what", ["plain index", "comment", "statistics target"])
def test_what_changes_no_guard_is_no_finding(toy: Toy, what: str, intact: Callable[[Toy], str]) -> None:
    """A team may add an index of its own, and tune its server."""
    statements = {"plain index": "CREATE INDEX ours ON init_journal (at)"}
    if toy.url.startswith("postgresql"):
        statements |= {
            "comment": "COMMENT ON TABLE init_journal IS 'of initdb'",
            "statistics target": "ALTER TABLE init_journal ALTER COLUMN type SET STATISTICS 500",
        }
    toy.sql(statements.get(what, "SELECT 1"))
    assert intact(toy) == ""
    toy.with_seeds(7)
    assert toy.initializer().initialize().success
