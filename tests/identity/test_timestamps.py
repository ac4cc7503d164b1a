"""A point in time is read the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import StatementError

from initdb.steps.identity.timestamps import UtcDateTime

MOMENTS = Table("moments", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcDateTime()))


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 23, 8, 6, 41, 218903, tzinfo=UTC),
        datetime(2026, 11, 23, 23, 30, tzinfo=timezone(timedelta(hours=-5))),
        None,
    ],
)
def test_an_instant_comes_back_in_utc(engine: Engine, moment: datetime | None) -> None:
    """Neither the value's time zone nor the session's matters."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL TIME ZONE 'Asia/Tokyo'"))
        MOMENTS.create(connection)
        connection.execute(insert(MOMENTS).values(at=moment))
        read = connection.scalar(select(MOMENTS.c.at))
    assert read == moment
    assert read is None or read.tzinfo is UTC


def test_a_datetime_without_a_zone_is_refused(engine: Engine) -> None:
    """Its instant is not known."""
    with engine.begin() as connection:
        MOMENTS.create(connection)
        with pytest.raises(StatementError, match="time zone"):
            connection.execute(insert(MOMENTS).values(at=datetime(2026, 1, 1)))
