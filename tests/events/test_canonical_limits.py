"""The canonical text at its limits: depth, number of values, order and time zone."""

from __future__ import annotations

import itertools
import time
from collections import UserDict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from initdb.events import canonical
from initdb.events.canonical import MAX_DEPTH, decode, encode, timestamp


class Box(Enum):
    """An enum whose member holds lists in lists."""

    deep = ((1,),)


@pytest.mark.parametrize(
    ("wrap", "unwrap"),
    [
        (lambda inner: [inner], lambda outer: outer[0]),
        (lambda inner: (inner,), lambda outer: outer[0]),
        (lambda inner: iter([inner]), lambda outer: outer[0]),
        (lambda inner: {"k": inner}, lambda outer: next(iter(outer.values()))),
    ],
    ids=["list", "tuple", "iterator", "mapping"],
)
def test_forty_levels_are_kept(wrap: Callable[[Any], Any], unwrap: Callable[[Any], Any]) -> None:
    """Deeper values become "…"."""
    for levels, innermost in ((MAX_DEPTH, 1), (MAX_DEPTH + 1, "…")):
        value: Any = 1
        for _ in range(levels):
            value = wrap(value)
        found = decode(encode(value))
        for _ in range(levels):
            found = unwrap(found)
        assert found == innermost


def test_a_key_is_as_deep_as_its_value() -> None:
    """A tuple of tuples may be a key."""
    for levels, innermost in ((MAX_DEPTH - 1, "1"), (MAX_DEPTH, '"…"')):
        key: Any = 1
        for _ in range(levels):
            key = (key,)
        (found,) = decode(encode({key: 1}))
        assert found == "[" * levels + innermost + "]" * levels


def test_a_member_of_an_enum_is_a_level() -> None:
    """Otherwise an enum that holds itself would not end."""
    value: Any = Box.deep
    for _ in range(MAX_DEPTH - 2):
        value = [value]
    assert "1" not in encode(value) and "\\u2026" in encode(value)
    assert "1" in encode(value[0])


@pytest.mark.parametrize(
    ("most", "value", "text"),
    [
        (5, [1, 2, 3, 4], "[1,2,3,4]"),
        (5, [1, 2, 3, 4, 5, 6], '[1,2,3,4,"\\u2026"]'),
        (1, [1, 2, 3], '["\\u2026"]'),
        (2, [[1, 2, 3]], '[["\\u2026"]]'),
        (5, {"a": 1, "b": 2}, '{"a":1,"b":2}'),
        (4, {"a": 1, "b": 2, "c": 3}, '{"a":1,"b":"\\u2026","\\u2026":"\\u2026"}'),
        (1, {"a": 1, "b": 2}, '{"\\u2026":"\\u2026"}'),
    ],
)
def test_values_are_counted(most: int, value: object, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers, keys and values all count. The first value that is too many becomes "…", and is the last
    one."""
    monkeypatch.setattr(canonical, "MAX_VALUES", most)
    assert encode(value) == text


class Endless(UserDict[int, int]):
    """A mapping that never ends, and counts what was taken of it."""

    taken = 0

    def items(self) -> Any:
        for number in itertools.count():
            self.taken += 1
            yield number, number


def test_no_more_is_read_than_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An iterator may send a query for each item."""
    monkeypatch.setattr(canonical, "MAX_VALUES", 7)
    numbers = itertools.count()
    encode(numbers)
    assert next(numbers) == 7
    mapping = Endless()
    encode(mapping)
    assert mapping.taken == 7


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({None, "b", 2, "a"}, '["a","b",2,null]'),
        (frozenset({10, 9}), "[10,9]"),
        ({1: "a", "1": "b"}, '{"1":"b"}'),
        ({"1": None, 1: 5}, '{"1":null}'),
        (True, "true"),
        (False, "false"),
        (-(2**63), "-9223372036854775808"),
        (Path("/x"), '"/x"'),
        (b"", '""'),
        (bytearray(b"\x01"), '"01"'),
        (memoryview(b"\x02"), '"02"'),
        (ValueError("no"), '"ValueError"'),
        (OperationalError("SELECT 1", {}, Exception("no such table")), '"OperationalError"'),
        ("\ud83d", '"\\\\ud83d"'),
        ("\x7f\x80", '"\x7f\\u0080"'),
    ],
    # A set's text differs from process to process.
    ids=lambda value: type(value).__name__,
)
def test_how_a_value_is_told(value: object, text: str) -> None:
    """A set is sorted by its texts. Of two keys with the same text, always the same one remains."""
    assert encode(value) == text


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The time zone of the machine is nine hours ahead."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_a_timestamp_is_of_utc_wherever_the_machine_is() -> None:
    """A time without a zone is UTC too."""
    assert timestamp(datetime(2026, 11, 23, 8, tzinfo=UTC)) == "2026-11-23T08:00:00.000000Z"
    assert timestamp(datetime(2026, 11, 23, 8)) == "2026-11-23T08:00:00.000000Z"
