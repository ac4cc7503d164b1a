"""Where a database differs from the models, and where it only seems to."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from optuna.storages._rdb.models import BaseModel
from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    func,
    text,
)

from initdb.steps.drift import Issue, compare
from initdb.steps.identity.models import IDENTITY
from tests.validate.shop import shop
from tests.validate.wide import wide, wide_postgresql


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    """SQLAlchemy's warnings about what it does not know do not reach the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _found(work: Connection, database: MetaData, models: MetaData) -> set[tuple[str, str, str]]:
    database.create_all(work)
    return {(issue.kind, issue.name, issue.severity) for issue in compare(work, models)}


@pytest.mark.parametrize(
    "models", [wide, lambda: BaseModel.metadata, lambda: IDENTITY], ids=["wide", "optuna", "own"]
)
def test_what_was_just_created_does_not_differ(work: Connection, models: Callable[[], MetaData]) -> None:
    """Every kind of type, constraint and index reads back as what it was made from."""
    models().create_all(work)
    assert compare(work, models()) == ()


def test_what_only_postgresql_has_does_not_differ_either(postgresql_url: str) -> None:
    """Schemas, domains, ranges, exclusion constraints, arrays; also after these models made them here."""
    with create_engine(postgresql_url).connect() as connection:
        connection.exec_driver_sql("CREATE SCHEMA other")
        models = wide_postgresql()
        models.create_all(connection)
        assert compare(connection, models) == ()


MISSING = {
    "teams": {("missing-table", "teams", "error"), ("missing-foreign-key", "fk_users_team", "error")},
    "users": {("missing-table", "users", "error")},
    "users.note": {("missing-column", "note", "error"), ("missing-unique", "ux_users_note", "error")},
    "users.pk": {("missing-primary-key", "users", "error")},
    "users.fk": {("missing-foreign-key", "fk_users_team", "error")},
    "users.uq": {("missing-unique", "uq_users_email", "error")},
    "teams.uq": {("missing-unique", "(name)", "error")},
    "users.ck": {("missing-check", "ck_users_age", "error")},
    "users.ix": {("missing-index", "ix_users_age", "error")},
    "users.ux": {("missing-unique", "ux_users_note", "error")},
}


@pytest.mark.parametrize("part", MISSING)
def test_what_is_missing_is_an_error(work: Connection, part: str) -> None:
    """Each is named, and nothing else."""
    lacking = (
        (part, "users.fk") if part == "teams" else (part, "users.ux") if part == "users.note" else (part,)
    )
    assert MISSING[part] == _found(work, shop(*lacking), shop())


def test_a_check_without_a_name_is_missed_by_its_number(work: Connection) -> None:
    """Its text stands for its name."""
    (issue,) = _found(work, shop("users.ck2"), shop())
    assert (issue[0], issue[2]) == ("missing-check", "error") and "age < 200" in issue[1]


EXTRA = {
    "users": "extra-table",
    "users.note": "extra-column",
    "users.fk": "extra-foreign-key",
    "users.uq": "extra-unique",
    "teams.uq": "extra-unique",
    "users.ck": "extra-check",
    "users.ck2": "extra-check",
    "users.ix": "extra-index",
    "users.ux": "extra-index",
}


@pytest.mark.parametrize("part", EXTRA)
def test_what_is_there_beside_the_models_is_information(work: Connection, part: str) -> None:
    """Extra tables, columns, indexes and constraints stop nothing from working."""
    lacking = (part, "users.ux") if part == "users.note" else (part,)
    found = _found(work, shop(), shop(*lacking))
    assert EXTRA[part] in {kind for kind, _, _ in found}
    assert {"info"} == {severity for _, _, severity in found}


DIFFERENT: dict[str, tuple[dict[str, Any], str, str]] = {
    "text for a number": ({"age": lambda: Column("age", Text)}, "type-differs", "error"),
    "number for text": ({"note": lambda: Column("note", Integer)}, "type-differs", "error"),
    "laxer": ({"email": lambda: Column("email", String(80))}, "nullability-differs", "warning"),
    "stricter": ({"age": lambda: Column("age", Integer, nullable=False)}, "nullability-differs", "error"),
    "stricter, filled": (
        {"age": lambda: Column("age", Integer, nullable=False, server_default="1")},
        "nullability-differs",
        "warning",
    ),
    "unused and required": (
        {"more": lambda: Column("more", Integer, nullable=False)},
        "extra-column",
        "warning",
    ),
    "index elsewhere": ({"ix": lambda: Index("ix_users_age", "team_id")}, "index-differs", "warning"),
    "index not unique": ({"ux": lambda: Index("ux_users_note", "note")}, "index-differs", "warning"),
    "deletion": (
        {"fk": lambda: ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_users_team")},
        "foreign-key-differs",
        "warning",
    ),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_is_different_is_as_severe_as_what_it_does(work: Connection, case: str) -> None:
    """Where a write fails it is an error; where it is only less strict or slower, a warning."""
    users, kind, severity = DIFFERENT[case]
    lacking = ("users.ck", "users.ck2") if "age" in users else ()
    ((found_kind, _, found_severity),) = _found(work, shop(*lacking, users=users), shop(*lacking))
    assert (kind, severity) == (found_kind, found_severity)


def test_another_primary_key_is_an_error(work: Connection) -> None:
    """The columns count."""
    other = shop("users.ck", "users.ck2", users={"pk": lambda: PrimaryKeyConstraint("id", "email")})
    assert ("primary-key-differs", "users", "error") in _found(work, other, shop("users.ck", "users.ck2"))


SAME: dict[str, dict[str, Any]] = {
    "names": {
        "fk": lambda: ForeignKeyConstraint(["team_id"], ["teams.id"], name="other_fk", ondelete="cascade"),
        "uq": lambda: UniqueConstraint("email", name="other_uq"),
        "ck": lambda: CheckConstraint("age > 0", name="other_ck"),
        "ix": lambda: Index("other_ix", "age"),
        "ux": lambda: Index("other_ux", "note", unique=True),
    },
    "index for constraint": {"uq": lambda: Index("other_uq", "email", unique=True)},
    "constraint for index": {"ux": lambda: UniqueConstraint("note")},
    "longer": {"email": lambda: Column("email", String(200), nullable=False)},
    "unlimited": {"email": lambda: Column("email", Text, nullable=False)},
}


@pytest.mark.parametrize("case", SAME)
def test_what_says_the_same_is_no_difference(work: Connection, case: str) -> None:
    """Another name, another spelling, or a larger type is no difference."""
    assert set() == _found(work, shop(users=SAME[case]), shop())


def test_what_is_ignored_is_not_looked_at(work: Connection) -> None:
    """Tables and objects by name or pattern, on either side."""
    shop("users.ix", "users.note", "users.ux", users={"more": lambda: Index("extra_ix", "email")}).create_all(
        work
    )
    Table("legacy_orders", MetaData(), Column("id", Integer)).create(work)
    models = shop("users.ux")
    Table("legacy_view", models, Column("id", Integer))
    Table("by_info", models, Column("id", Integer), info={"is_view": True})
    issues = compare(work, models, ignore=["legacy_*", "ix_users_age", "users.extra_?x", "users.note"])
    assert issues == ()


def test_tables_of_others_are_told_from_those_that_refer_to_ours(work: Connection) -> None:
    """A version table of any name is no issue; a foreign key into the models' tables is one."""
    database = shop()
    Table("my_versions", database, Column("version_num", String(32), primary_key=True))
    Table("theirs", database, Column("id", Integer, primary_key=True))
    Table("orders", database, Column("id", Integer, primary_key=True), Column("u", ForeignKey("teams.id")))
    database.create_all(work)
    work.exec_driver_sql("CREATE TABLE init_journal (seq INTEGER)")
    found = [(issue.kind, issue.table) for issue in compare(work, shop())]
    assert found == [("extra-table", "orders"), ("extra-foreign-key", "orders"), ("extra-table", "theirs")]


def test_issues_come_in_one_order_and_are_whole_sentences(work: Connection) -> None:
    """Two looks at one database give the same issues in the same order."""
    shop("users.ix", "users.uq", "users.note", "users.ux").create_all(work)
    first = compare(work, shop())
    assert first == compare(work, shop())
    assert all(issue.text[0].isupper() and issue.text.endswith(".") and issue.suggestion for issue in first)
    assert all(isinstance(issue, Issue) and issue.table == "users" for issue in first)


def test_expressions_are_counted_where_their_names_differ(work: Connection) -> None:
    """Each database writes an expression in its own way, so expressions cannot be compared."""
    lower = {"ix": lambda: Index("ix_lower", func.lower(text("note")))}
    other = {"ix": lambda: Index("ix_lower_of_note", func.lower(text("note")))}
    shop(users=other).create_all(work)
    assert [issue for issue in compare(work, shop(users=lower)) if issue.severity != "info"] == []
    work.exec_driver_sql("DROP INDEX ix_lower_of_note")
    assert [issue.name for issue in compare(work, shop(users=lower))] == ["ix_lower"]


def test_a_view_in_the_place_of_a_table(postgresql_url: str) -> None:
    """A view with all the columns may be intended; a view that lacks some is in the way."""
    with create_engine(postgresql_url).connect() as connection:
        shop("users").create_all(connection)
        connection.exec_driver_sql("CREATE VIEW users AS SELECT 1 AS id, 2 AS team_id, 'x' AS email")
        (issue,) = compare(connection, shop())
        assert (issue.kind, issue.severity) == ("conflicting-object", "error") and "age, note" in issue.text
        connection.exec_driver_sql(
            "CREATE OR REPLACE VIEW users AS "
            "SELECT 1 AS id, 2 AS team_id, 'x' AS email, 3 AS age, 'y' AS note"
        )
        assert compare(connection, shop()) == ()


def test_an_enum_that_lacks_a_label(postgresql_url: str) -> None:
    """An INSERT of the label would fail; the suggestion adds it."""
    with create_engine(postgresql_url).connect() as connection:
        shop(users={"mood": lambda: Column("mood", Enum("sad", name="mood"))}).create_all(connection)
        models = shop(users={"mood": lambda: Column("mood", Enum("sad", "it's", name="mood"))})
        (issue,) = compare(connection, models)
        assert (issue.kind, issue.name, issue.severity) == ("type-differs", "mood", "error")
        assert "ALTER TYPE mood ADD VALUE 'it''s'" in issue.suggestion


def test_hand_written_sqlite(sqlite_url: str) -> None:
    """Quotes of every kind, comments, inline constraints, REFERENCES without columns, other case."""
    with create_engine(sqlite_url).connect() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE Teams (ID INTEGER PRIMARY KEY, [name] VARCHAR(40) NOT NULL UNIQUE)"
        )
        connection.exec_driver_sql(
            "CREATE TABLE `users` (id INT NOT NULL PRIMARY KEY, -- CHECK (no)\n "
            "team_id INTEGER REFERENCES teams ON DELETE CASCADE, "
            "\"email\" varchar(80) NOT NULL CONSTRAINT 'uq' UNIQUE, /* CHECK (no) */\n"
            " age int check(age>0) CONSTRAINT [c2] CHECK\n (age < 200), note TEXT DEFAULT 'CHECK (x)')"
        )
        connection.exec_driver_sql("CREATE INDEX IX_users_AGE ON users (AGE)")
        connection.exec_driver_sql("CREATE UNIQUE INDEX ux_users_note ON users (note)")
        connection.exec_driver_sql("CREATE VIEW broken AS SELECT * FROM nowhere")
        connection.exec_driver_sql("CREATE VIRTUAL TABLE words USING fts5 (word)")
        assert [issue for issue in compare(connection, shop()) if issue.kind != "extra-table"] == []
