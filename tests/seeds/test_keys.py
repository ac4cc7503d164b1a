"""Which columns are a table's natural key."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, UniqueConstraint

from initdb.errors import InitError
from initdb.steps.seeds.keys import natural_key

SURROGATE = ("id", Integer)


def table(*items: object) -> Table:
    return Table("t", MetaData(), *items)  # type: ignore[arg-type]


def test_the_unique_constraint_beside_the_surrogate_key() -> None:
    """It is the key whether the column, a constraint or an index declares it."""
    surrogate = Column("id", Integer, primary_key=True)
    assert natural_key(table(surrogate, Column("name", String, unique=True))) == ("name",)
    two = table(
        Column("id", Integer, primary_key=True),
        Column("a", String),
        Column("b", String),
        UniqueConstraint("b", "a"),
    )
    assert natural_key(two) == ("b", "a")
    three = table(Column("id", Integer, primary_key=True), Column("a", String), Index("ix", "a", unique=True))
    assert natural_key(three) == ("a",)


def test_the_primary_key_where_it_is_natural() -> None:
    """The key is a code, or the two references of a link."""
    assert natural_key(table(Column("code", String, primary_key=True), Column("n", String))) == ("code",)
    other = MetaData()
    Table("p", other, Column("id", Integer, primary_key=True))
    link = Table(
        "l",
        other,
        Column("a", ForeignKey("p.id"), primary_key=True),
        Column("b", ForeignKey("p.id"), primary_key=True),
    )
    assert natural_key(link) == ("a", "b")


def test_of_several_the_one_that_the_rows_have() -> None:
    """First a key without NULLs, then a shorter one, then one further to the left."""
    many = table(
        Column("id", Integer, primary_key=True),
        Column("a", String),
        Column("b", String, nullable=False),
        Column("c", String, nullable=False),
        UniqueConstraint("a"),
        UniqueConstraint("b", "c"),
        UniqueConstraint("c"),
        UniqueConstraint("b"),
    )
    assert natural_key(many) == ("b",)
    assert natural_key(many, (), {"a", "c"}) == ("c",)
    assert natural_key(many, (), {"a"}) == ("a",)


def test_a_given_key_is_taken() -> None:
    """Even the surrogate key, and one without a constraint."""
    some = table(
        Column("id", Integer, primary_key=True), Column("n", String), Column("m", String, unique=True)
    )
    assert natural_key(some, ["id"]) == ("id",)
    assert natural_key(some, ["n", "m"], {"n", "m", "id"}) == ("n", "m")


@pytest.mark.parametrize(
    ("key", "columns", "reference", "said"),
    [
        ((), {"note"}, "seed-key-missing", "(name)"),
        (("nam",), None, "seed-column-unknown", "did you mean name?"),
        (("name",), {"note"}, "seed-column-missing", "name"),
    ],
)
def test_a_key_that_cannot_be(
    key: tuple[str, ...], columns: set[str] | None, reference: str, said: str
) -> None:
    """The error names the candidates, or the column."""
    some = table(
        Column("id", Integer, primary_key=True), Column("name", String, unique=True), Column("note", String)
    )
    with pytest.raises(InitError) as caught:
        natural_key(some, key, columns)
    assert caught.value.reference == reference
    assert said in caught.value.context[0]


def test_a_partial_or_computed_index_is_no_key() -> None:
    """A partial index does not hold for every row, and an expression is not a column."""
    name = Column("name", String)
    some = table(Column("id", Integer, primary_key=True), name)
    Index("one", name, unique=True, sqlite_where=name != "", postgresql_where=name != "")
    with pytest.raises(InitError) as caught:
        natural_key(some)
    assert caught.value.reference == "seed-key-missing"
