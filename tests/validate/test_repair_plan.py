"""What a repair would do: only what cannot lose data, in an order that works."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    func,
)

from initdb.steps.context import Application
from initdb.steps.drift import compare
from initdb.steps.repair import RepairPlan, plan
from initdb.steps.repairs.performing import perform
from tests.validate.shop import shop


def _plan(work: Connection, models: MetaData) -> RepairPlan:
    return plan(compare(work, models), Application(metadata=models), work)


def _with_rows(work: Connection, *without: str) -> None:
    shop(*without).create_all(work)
    work.exec_driver_sql("INSERT INTO teams (id, name) VALUES (1, 'one')")
    work.exec_driver_sql("INSERT INTO users (id, email) VALUES (1, 'a')")


def test_nothing_to_do(work: Connection) -> None:
    """Information and warnings are not repaired."""
    shop(users={"more": lambda: Column("more", Integer)}).create_all(work)
    assert RepairPlan((), ()) == _plan(work, shop())


def test_the_order_and_the_words(work: Connection) -> None:
    """Tables, columns, unique constraints, indexes, foreign keys, checks; a second plan is the same."""
    shop("teams", "users.fk", "users.note", "users.ux", "users.uq", "users.ix", "users.ck").create_all(work)
    planned = _plan(work, shop())
    assert planned == _plan(work, shop())
    wanted = ["create-table", "add-column", "add-unique", "add-unique", "create-index"]
    sqlite = work.dialect.name == "sqlite"
    assert wanted + ([] if sqlite else ["add-foreign-key", "add-check"]) == [a.kind for a in planned.actions]
    assert (["fk_users_team", "ck_users_age"] if sqlite else []) == [
        issue.name for issue in planned.impossible
    ]
    assert planned.actions[0].text == "create table teams"
    assert "CREATE TABLE teams" in planned.actions[0].ddl[0]
    statements = " ".join(statement for action in planned.actions for statement in action.ddl)
    assert "DROP " not in statements and "DELETE FROM" not in statements


def test_what_is_planned_is_done(work: Connection) -> None:
    """Afterwards nothing is missing that could be planned."""
    shop("teams", "users.fk", "users.note", "users.ux", "users.uq", "users.ix", "users.ck").create_all(work)
    done = perform(work, _plan(work, shop()), shop())
    left = {issue.name for issue in compare(work, shop())}
    assert (done.tables, done.refused) == (("teams",), ())
    assert left == ({"fk_users_team", "ck_users_age"} if work.dialect.name == "sqlite" else set())


COLUMNS: dict[str, tuple[Any, bool, bool]] = {
    "nullable": (lambda: Column("x", Integer), True, True),
    "default": (lambda: Column("x", Integer, nullable=False, server_default="1"), True, True),
    "default in quotes": (
        lambda: Column("x", String(9), nullable=False, server_default="it's 100%"),
        True,
        True,
    ),
    "default function": (
        lambda: Column("x", DateTime, nullable=False, server_default=func.now()),
        False,
        True,
    ),
    "nullable default function": (lambda: Column("x", DateTime, server_default=func.now()), False, True),
    "required": (lambda: Column("x", Integer, nullable=False), False, False),
    "default in Python": (lambda: Column("x", Integer, nullable=False, default=1), False, False),
    "reference": (lambda: Column("x", ForeignKey("teams.id", ondelete="CASCADE")), True, True),
    "check": (lambda: Column("x", Integer, CheckConstraint("x > 0")), True, True),
    "named check": (lambda: Column("x", Integer, CheckConstraint("x > 0", name="x_check")), True, True),
    "boolean check": (lambda: Column("x", Boolean(create_constraint=True)), True, True),
    "unique": (lambda: Column("x", Integer, unique=True), True, True),
    "indexed": (lambda: Column("x", Integer, index=True), True, True),
    "odd name": (lambda: Column("X %s :y", Integer), True, True),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_which_columns_can_be_added(work: Connection, case: str) -> None:
    """With rows: columns that may be NULL or get a value from the database, and their constraints."""
    column, on_sqlite, on_postgresql = COLUMNS[case]
    _with_rows(work)
    models = shop(users={"x": column})
    planned = _plan(work, models)
    possible = on_sqlite if work.dialect.name == "sqlite" else on_postgresql
    assert possible == (planned.impossible == ())
    if possible:
        assert perform(work, planned, models).refused == ()
        assert compare(work, shop(users={"x": column})) == ()
    else:
        (issue,) = planned.impossible
        assert "ALTER TABLE users ADD COLUMN x" in issue.suggestion


@pytest.mark.parametrize("case", COLUMNS)
def test_any_column_can_be_added_to_an_empty_table(work: Connection, case: str) -> None:
    """No row needs a value."""
    column, _, _ = COLUMNS[case]
    shop().create_all(work)
    models = shop(users={"x": column})
    assert perform(work, _plan(work, models), models).refused == ()
    assert compare(work, shop(users={"x": column})) == ()


def test_a_column_of_the_key_is_left_to_a_person(work: Connection) -> None:
    """Every row would need a key of its own."""
    shop("users.id", "users.pk").create_all(work)
    work.exec_driver_sql("INSERT INTO users (email) VALUES ('a')")
    kinds = {issue.kind for issue in _plan(work, shop()).impossible}
    assert {"missing-column", "missing-primary-key"} == kinds


def test_an_enum_is_made_with_its_column(postgresql_url: str) -> None:
    """Its type is created first."""
    from sqlalchemy import ARRAY, Enum, create_engine

    parts: Any = {
        "mood": lambda: Column("mood", Enum("sad", "glad", name="mood")),
        "moods": lambda: Column("moods", ARRAY(Enum("a", "b", name="letter"))),
    }
    with create_engine(postgresql_url).connect() as connection:
        _with_rows(connection)
        models = shop(users=parts)
        assert perform(connection, _plan(connection, models), models).refused == ()
        assert compare(connection, shop(users=parts)) == ()


def test_a_refusal_takes_nothing_else_along(work: Connection) -> None:
    """Equal rows prevent a unique index, and nothing else."""
    shop("users.uq", "users.ix").create_all(work)
    work.exec_driver_sql("INSERT INTO users (id, email) VALUES (1, 'a'), (2, 'a')")
    done = perform(work, _plan(work, shop()), shop())
    assert [action.name for action in done.done] == ["ix_users_age"]
    ((action, reason),) = done.refused
    assert action.name == "uq_users_email" and reason
    assert work.exec_driver_sql("SELECT count(*) FROM users").scalar() == 2


def test_tables_that_refer_to_each_other_are_made_together(work: Connection) -> None:
    """This works also where one table of a circle still exists."""
    from tests.validate.wide import wide

    wide().create_all(work)
    for table in ("rules", "pair", "c1"):
        work.exec_driver_sql(
            f"DROP TABLE {table}" + (" CASCADE" if work.dialect.name == "postgresql" else "")
        )
    models = wide()
    perform(work, _plan(work, models), models)
    perform(work, _plan(work, models), models)
    assert compare(work, wide()) == ()
