"""What keeps existing tables from being adopted."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Connection, ForeignKey, Integer, Table

from initdb.steps.drift.exact_match import differences
from tests.validate.shop import shop


def test_an_exact_match_has_no_differences(work: Connection) -> None:
    """Other applications' tables do not count."""
    database = shop()
    Table("theirs", database, Column("id", Integer, primary_key=True))
    database.create_all(work)
    assert differences(work, shop()) == ()


@pytest.mark.parametrize("part", ["users.note", "users.ix", "users.fk", "users.uq", "users.ck"])
def test_more_or_less_than_the_models_is_a_difference(work: Connection, part: str) -> None:
    """What is missing was never applied, and what is extra may be what a later revision drops."""
    lacking = (part, "users.ux") if part == "users.note" else (part,)
    nested = work.begin_nested()
    shop(*lacking).create_all(work)
    assert differences(work, shop())
    nested.rollback()
    shop().create_all(work)
    assert differences(work, shop(*lacking))


def test_a_table_that_refers_to_ours_is_a_difference(work: Connection) -> None:
    """It was part of this schema once."""
    database = shop()
    Table("orders", database, Column("id", Integer, primary_key=True), Column("u", ForeignKey("teams.id")))
    database.create_all(work)
    assert [issue.kind for issue in differences(work, shop())] == ["extra-foreign-key"]
    assert differences(work, shop(), ignore=["orders"]) == ()
