"""Names that every version of initdb must make alike: run ids, lock keys, tables in SQL, versions."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text

from initdb.events import naming
from initdb.events.chain import lock_key
from initdb.events.clock import Clock
from initdb.events.ids import time_ordered
from initdb.events.upcast import upcast

MOMENT = datetime(2026, 11, 23, 8, 6, 41, 218903, tzinfo=UTC)


def test_an_id_is_a_uuid_of_version_7() -> None:
    """Milliseconds, version and variant are where RFC 9562 puts them. All other bits differ from id to id."""
    ids = [uuid.UUID(time_ordered(MOMENT)) for _ in range(300)]
    assert len(set(ids)) == 300
    assert {one.int >> 80 for one in ids} == {int(MOMENT.timestamp() * 1000)}
    assert {one.version for one in ids} == {7} and {one.variant for one in ids} == {uuid.RFC_4122}
    free = (1 << 62) - 1 | ((1 << 12) - 1) << 64
    ever = never = 0
    for one in ids:
        ever, never = ever | one.int, never | ~one.int
    assert ever & never & free == free, "a bit that is never drawn"


@pytest.mark.parametrize("milliseconds", [218, 219])
@pytest.mark.parametrize("year", [1931, 2026, 9999])
def test_an_id_holds_the_millisecond(year: int, milliseconds: int) -> None:
    """A clock may be wrong by a century. The id has 48 bits of its milliseconds."""
    moment = datetime(year, 11, 23, 8, 6, 41, milliseconds * 1000, tzinfo=UTC)
    expected = round(moment.timestamp() * 1000) % 2**48
    assert uuid.UUID(time_ordered(moment)).int >> 80 == expected


def test_ids_sort_by_time() -> None:
    """They sort as texts, also after thousands of years."""
    moments = [MOMENT + timedelta(days=400 * number) for number in range(1000)]
    ids = [time_ordered(moment) for moment in moments]
    assert ids == sorted(ids)


def test_the_keys_of_the_locks_are_the_same_in_every_version() -> None:
    """Otherwise an old and a new replica could both hold a baton."""
    # printf 'initdb-lock-v1\x1fbaton\x1fapplication\x1fpublic' | sha256sum, the first 16 digits
    assert lock_key("baton", "application", "public") == 692419019749515320
    assert lock_key("baton", "Läden \ud800", "public") == -2561047454383588016
    assert lock_key("a", "bc") != lock_key("ab", "c")


@pytest.mark.parametrize(
    "schema", ["plain", 'a "quoted" one', "with:colon", "with :colon", "with space", "SELECT"]
)
def test_a_schema_of_any_name(schema: str) -> None:
    """It is quoted as in SQL, and a colon in it is no parameter."""
    assert naming.prefix(schema) == '"{}".'.format(schema.replace('"', '""'))
    query = naming.literal(f"SELECT 1 AS {naming.prefix(schema)[:-1]}")
    with create_engine("sqlite://").connect() as connection:
        assert list(connection.execute(text(query)).keys()) == [schema]
    assert naming.prefix(None) == naming.prefix("") == ""


def test_an_event_without_a_version_is_of_the_first() -> None:
    """It is converted from the first version on, up to the current one. A newer event is not converted."""
    steps = {1: lambda event: {**event, "one": True}, 2: lambda event: {**event, "two": True}}
    assert upcast({}, steps, 3) == {"one": True, "two": True, "v": 3}
    assert upcast({"v": 2}, steps, 3) == {"v": 3, "two": True}
    assert upcast({}, steps, 2) == {"one": True, "v": 2}
    assert upcast({"v": 9}, steps, 3) == {"v": 9}
    assert upcast({"v": "x"}, steps, 3) == {"v": "x"}


def test_the_clock_is_of_utc() -> None:
    """The time zone of the machine does not matter."""
    assert Clock().now().utcoffset() == timedelta(0)
    assert abs(Clock().now() - datetime.now(UTC)) < timedelta(seconds=5)
