"""The canonical text: it is made from any value, is always the same, and every reader can read it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections import OrderedDict, UserDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.elements import quoted_name

from initdb.events.canonical import decode, encode, timestamp
from tests.support.examples import many, some
from tests.support.postgres_server import PostgresServer

_ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)


class Colour(Enum):
    """An enum whose members hold different values."""

    red = "röt"
    pair = (1, b"x")


class Broken:
    """An object whose methods all fail."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    def __iter__(self) -> Any:
        raise RuntimeError("no")


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**200), 2**200),
    st.floats(),
    _ANY_TEXT,
    _ANY_TEXT.map(lambda value: quoted_name(value, quote=True)),
    st.binary(max_size=10),
    st.binary(max_size=10).map(bytearray),
    st.decimals(),
    st.fractions(),
    st.complex_numbers(),
    st.uuids(),
    st.datetimes(),
    st.datetimes(timezones=st.timezones()),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.sampled_from([Colour.red, Colour.pair, Broken(), Broken, object(), Path("/x"), ValueError("\ud800")]),
    st.builds(Exception, _ANY_TEXT),
)


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


_KEYS = st.one_of(_LEAVES.filter(_is_hashable), st.tuples(_ANY_TEXT))
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(_KEYS, inner, max_size=4),
        st.dictionaries(_KEYS, inner, max_size=4).map(UserDict),
        st.frozensets(_KEYS, max_size=4),
        st.lists(inner, max_size=3).map(iter),
    ),
    max_leaves=12,
)


def _keys_are_sorted(value: object) -> bool:
    if isinstance(value, dict):
        return list(value) == sorted(value) and all(map(_keys_are_sorted, value.values()))
    return all(map(_keys_are_sorted, value)) if isinstance(value, list) else True


@many
@given(ANYTHING)
def test_anything_has_a_text(value: object) -> None:
    """There is never an exception. The text is ASCII and sorted, orjson and json read it alike, and it has
    no U+0000 and no lone surrogate."""
    text = encode(value)
    assert text.isascii()
    found = decode(text)
    assert found == json.loads(text)
    assert _keys_are_sorted(found)
    text.encode().decode()
    json.dumps(found, ensure_ascii=False).encode()
    assert "\0" not in json.dumps(found, ensure_ascii=False) and "\\u0000" not in text.replace("\\\\", "")


@many
@given(ANYTHING)
def test_a_text_is_its_own_canonical_form(value: object) -> None:
    """A text that is decoded and encoded again is the same, so stored texts can be compared."""
    text = encode(value)
    assert encode(decode(text)) == text


@some
@given(st.dictionaries(_ANY_TEXT, st.integers(), max_size=6), st.randoms())
def test_the_order_of_keys_does_not_matter(value: dict[str, int], random: Any) -> None:
    """Equal values have equal texts."""
    items = list(value.items())
    random.shuffle(items)
    assert encode(OrderedDict(items)) == encode(value)


def test_keys_that_are_spelled_alike_do_not_depend_on_their_order() -> None:
    """1 and "1" are one key in JSON. Which of the two remains is always the same."""
    assert encode({1: "a", "1": "b"}) == encode({"1": "b", 1: "a"})


def test_a_set_has_one_order_in_every_process() -> None:
    """The hashes of strings differ between processes."""
    code = "from initdb.events.canonical import encode; print(encode({'a', 'b', 'c', 'ä', 1, None}))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


class Level(IntEnum):
    """A number with a name."""

    high = 3


class Word(StrEnum):
    """A text with a name."""

    yes = "yes"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1, 2.5, None, True]}, '{"a":[1,2.5,null,true],"b":1}'),
        ("ä€😀", '"\\u00e4\\u20ac\\ud83d\\ude00"'),
        ("a\0b\ud800", '"a\\\\u0000b\\\\ud800"'),
        (2**63 - 1, "9223372036854775807"),
        (2**63, '"9223372036854775808"'),
        (-(2**63) - 1, '"-9223372036854775809"'),
        (float("nan"), '"NaN"'),
        (float("inf"), '"Infinity"'),
        (float("-inf"), '"-Infinity"'),
        (Decimal("1.10"), '"1.10"'),
        (datetime(2026, 11, 23, 8, 6, 41, 218903, UTC), '"2026-11-23T08:06:41.218903Z"'),
        (datetime(2026, 11, 23, 8, 6, 41), '"2026-11-23T08:06:41.000000Z"'),
        (datetime(1, 1, 1), '"0001-01-01T00:00:00.000000Z"'),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), '"2025-12-31T23:00:00.000000Z"'),
        (date(2026, 1, 2), '"2026-01-02"'),
        (time(1, 2, 3), '"01:02:03"'),
        (timedelta(seconds=1.5), '"1.5"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (b"\x00\xff", '"00ff"'),
        (Level.high, "3"),
        (Word.yes, '"yes"'),
        (Colour.red, '"r\\u00f6t"'),
        ({None: 1, 2: 1, (3,): 1, True: 1}, '{"2":1,"[3]":1,"null":1,"true":1}'),
        ({quoted_name("t", quote=True): quoted_name("v", quote=None)}, '{"t":"v"}'),
        (Broken(), '"<Broken>"'),
        ((1, (2,)), "[1,[2]]"),
        ({"x": 1}.keys(), '["x"]'),
    ],
)
def test_how_a_value_is_told(value: object, text: str) -> None:
    """Each rule has a case."""
    assert encode(value) == text


def test_what_contains_itself_ends() -> None:
    """A value may contain itself many times over."""
    loop: list[Any] = []
    loop += [loop, loop]
    assert "\\u2026" in encode({"loop": loop})


def test_a_number_too_long_to_be_written_is_named() -> None:
    """Python refuses to write integers of more than 4300 digits."""
    assert encode(10**5000) == '"<int>"'


def test_what_is_endless_ends() -> None:
    """A generator that never stops is cut."""
    found = decode(encode({"numbers": itertools.count()}))
    assert found["numbers"][:3] == [0, 1, 2] and found["numbers"][-1] == "…"


def test_an_exception_tells_no_secret() -> None:
    """The type alone is written: a text may hold a password, a parameter, a value."""
    error = OperationalError("INSERT INTO users VALUES (%s)", {"p": "s3cret"}, Exception("no such table"))
    assert encode(error) == '"OperationalError"'
    assert encode(ValueError("cannot use postgresql://app:s3cret@db/shop")) == '"ValueError"'


@settings(many, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=ANYTHING)
def test_postgresql_reads_it_as_jsonb(server: PostgresServer, jsonb: Any, value: object) -> None:
    """`event::jsonb` works for every event, and gives the same value."""
    text = encode({"data": value})
    # jsonb keeps numbers as decimals: 1e3 comes back as 1000.
    assert json.loads(jsonb(text), parse_int=float) == json.loads(text, parse_int=float)


@pytest.fixture
def jsonb(server: PostgresServer) -> Any:
    """PostgreSQL's jsonb of a text."""
    connection = psycopg2.connect(server.url().replace("+psycopg2", ""))
    connection.autocommit = True
    cursor = connection.cursor()

    def read(text: str) -> Any:
        cursor.execute("SELECT %s::jsonb::text", (text,))
        return (cursor.fetchone() or ())[0]

    yield read
    connection.close()


@some
@given(st.datetimes(timezones=st.timezones()))
def test_timestamps_sort_as_text(moment: datetime) -> None:
    """They have six digits and Z, and are all of one length."""
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return
    text = timestamp(moment)
    assert len(text) == 27 and text.endswith("Z")
    assert datetime.fromisoformat(text) == utc
