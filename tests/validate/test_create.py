"""Creating a schema in an empty database, in a half-created one, and with an object in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from optuna.storages._rdb.models import BaseModel
from sqlalchemy import (
    DDL,
    Column,
    Connection,
    Enum,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    text,
)
from sqlalchemy.schema import CreateSchema

from initdb.errors import InitError
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.drift import compare
from initdb.steps.identity.models import IDENTITY
from initdb.steps.repairs.make_schema import create
from tests.validate.shop import shop
from tests.validate.wide import wide, wide_postgresql


@pytest.mark.parametrize(
    "models", [wide, lambda: BaseModel.metadata, lambda: IDENTITY], ids=["wide", "optuna", "own"]
)
def test_it_makes_what_create_all_makes(work: Connection, models: Callable[[], MetaData]) -> None:
    """The catalogue's content is equal; a second call makes nothing."""
    ours = work.begin_nested()
    made = create(work, models())
    again = create(work, models())
    content = catalogue_of(work).fingerprint()
    ours.rollback()
    models().create_all(work)
    assert content == catalogue_of(work).fingerprint()
    assert set(models().tables) == set(made.tables) and made.warnings == ()
    assert (again.tables, again.indexes, again.warnings) == ((), (), ())


def test_it_makes_schemas_of_postgresql_too(postgresql_url: str) -> None:
    """Missing schemas that tables name are created."""
    with create_engine(postgresql_url).connect() as connection:
        made = create(connection, wide_postgresql())
        assert made.warnings == () and "other.elsewhere" in made.tables
        assert compare(connection, wide_postgresql()) == ()


def test_a_schema_that_the_application_makes_itself(postgresql_url: str) -> None:
    """The application's listener goes first, and creates the schema itself."""
    models = MetaData()
    Table("t", models, Column("id", Integer, primary_key=True), schema="mine")
    event.listen(models, "before_create", CreateSchema("mine"))
    with create_engine(postgresql_url).connect() as connection:
        assert create(connection, models).tables == ("mine.t",)


def test_listeners_of_the_application_are_heard(work: Connection) -> None:
    """DDL that is attached to a table runs with it."""
    models = shop()
    first: Any = DDL("INSERT INTO teams (id, name) VALUES (1, 'first')")  # type: ignore[no-untyped-call]
    event.listen(models.tables["teams"], "after_create", first)
    create(work, models)
    assert work.exec_driver_sql("SELECT name FROM teams").scalar() == "first"


@pytest.mark.parametrize("part", ["users", "users.ix", "users.ux", "teams.uq"])
def test_a_begun_schema_is_completed(work: Connection, part: str) -> None:
    """Tables that are missing, and indexes and unique constraints of tables that are there."""
    shop(part).create_all(work)
    create(work, shop())
    assert compare(work, shop()) == ()


def test_a_begun_schema_gets_its_constraints_on_postgresql(postgresql_url: str) -> None:
    """Foreign keys and checks too."""
    with create_engine(postgresql_url).connect() as connection:
        shop("users.fk", "users.ck", "users.ck2").create_all(connection)
        create(connection, shop())
        assert compare(connection, shop()) == ()


def test_what_is_ignored_or_a_view_is_left_alone(work: Connection) -> None:
    """By name, by pattern, or because the model says so."""
    models = shop()
    Table("legacy_x", models, Column("id", Integer))
    Table("report", models, Column("id", Integer), info={"is_view": True})
    assert {"teams", "users"} == set(create(work, models, ignore=["legacy_*"]).tables)


def test_an_index_that_is_refused_is_a_warning(work: Connection) -> None:
    """The tables and the other indexes are there, and the transaction goes on."""
    bad: Any = {"bad": lambda: Index("ix_bad", text("nowhere(age)"))}
    made = create(work, shop(users=bad))
    assert {"teams", "users"} == set(made.tables) and {"ix_users_age", "ux_users_note"} == set(made.indexes)
    (warning,) = made.warnings
    assert "ix_bad on users" in warning and "index-creation-failed" in warning and "nowhere" in warning


def test_a_unique_index_that_is_refused_is_the_end(work: Connection) -> None:
    """Uniqueness is a promise about the data, so it is no warning."""
    bad: Any = {"bad": lambda: Index("ux_bad", text("nowhere(age)"), unique=True)}
    with pytest.raises(Exception, match="nowhere"):
        create(work, shop(users=bad))


def test_a_circle_that_is_refused_is_a_warning(postgresql_url: str) -> None:
    """A foreign key that is added after its table, to columns that are not unique."""
    models = shop(
        "teams.uq",
        users={
            "note": lambda: Column("note", String(40)),
            "late": lambda: ForeignKeyConstraint(["note"], ["teams.name"], name="fk_late", use_alter=True),
        },
    )
    with create_engine(postgresql_url).connect() as connection:
        made = create(connection, models)
        (warning,) = made.warnings
        assert "fk_late of users" in warning and {"teams", "users"} == set(made.tables)


CONFLICTS = {
    "a view": "CREATE VIEW users AS SELECT 1 AS id",
    "an index": "CREATE TABLE t (id INTEGER);\nCREATE INDEX users ON t (id)",
    "another table": "CREATE TABLE users (login VARCHAR(9))",
    "a table with another key": "CREATE TABLE users (id INTEGER, team_id INTEGER, "
    "email VARCHAR(80) NOT NULL, age INTEGER, note TEXT, PRIMARY KEY (id, email))",
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_what_is_in_the_way_is_named(work: Connection, sql: Any, case: str) -> None:
    """And nothing is made."""
    sql(CONFLICTS[case])
    before = catalogue_of(work).fingerprint()
    with pytest.raises(InitError) as caught:
        create(work, shop())
    assert caught.value.reference == "conflicting-object" and "users" in " ".join(caught.value.context)
    assert before == catalogue_of(work).fingerprint()


@pytest.mark.parametrize(
    ("ddl", "kind"),
    [
        ("CREATE SEQUENCE users", "a sequence"),
        ("CREATE TYPE users AS ENUM ('a')", "a type"),
        ("CREATE TYPE users AS (a int)", "a composite type"),
        ("CREATE MATERIALIZED VIEW users AS SELECT 1 AS id", "a materialized view"),
    ],
)
def test_what_else_is_in_the_way_on_postgresql(postgresql_url: str, ddl: str, kind: str) -> None:
    """On PostgreSQL, sequences and types share the tables' names."""
    with create_engine(postgresql_url).connect() as connection:
        connection.exec_driver_sql(ddl)
        with pytest.raises(InitError) as caught:
            create(connection, shop())
        assert (f"public.users is {kind}",) == caught.value.context


def test_an_enum_that_several_tables_share_is_made_once(postgresql_url: str) -> None:
    """Also where it is there already."""
    models = MetaData()
    mood = Enum("sad", "glad", name="mood")
    Table("a", models, Column("id", Integer, primary_key=True), Column("mood", mood))
    Table("b", models, Column("id", Integer, primary_key=True), Column("mood", mood))
    with create_engine(postgresql_url).connect() as connection:
        connection.exec_driver_sql("CREATE TYPE mood AS ENUM ('sad', 'glad')")
        assert create(connection, models).tables == ("a", "b")
