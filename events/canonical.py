"""Makes the canonical text of an event: JSON in ASCII with sorted keys, from any value at all."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from typing import Any
from uuid import UUID

import orjson

INTEGER_LIMIT = 2**63
"""Integers from this one on become strings: PostgreSQL and other readers have 64 bits."""

MAX_DEPTH = 40
"""How deep values may be nested; deeper ones become "…", so that a value that contains itself ends."""

MAX_VALUES = 100_000
"""How many values a text may have; the others become "…", so that an endless value ends."""

_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_WIDE = re.compile("[^\x00-\x7f]")
_INFINITIES: Mapping[float, str] = {math.inf: "Infinity", -math.inf: "-Infinity"}

Safe = None | bool | int | float | str | list["Safe"] | dict[str, "Safe"]


def make_safe(value: object) -> Safe:
    """Convert a value to one that JSON can hold. It never raises.

    * Keys and strings become plain `str`: orjson refuses SQLAlchemy's quoted_name. U+0000 and lone surrogates
      are written as `\\u0000`: PostgreSQL's jsonb refuses them.
    * Integers beyond 64 bits and decimals become strings, NaN and infinities their names.
    * Datetimes become UTC with six digits and Z. Bytes become hexadecimal digits.
    * Of an exception the type remains: its message may hold values.
    * Of any other object its text remains, or the name of its type.

    Args:
        value: Any value.

    Example:
        >>> make_safe({"ratio": float("nan"), "tables": ("roles",), 1: 2**70, "raw": b"ab"})
        {'ratio': 'NaN', 'tables': ['roles'], '1': '1180591620717411303424', 'raw': '6162'}
    """
    return _Conversion().make(value)


class _Conversion:
    """One conversion; it counts the values, so that it ends."""

    def __init__(self) -> None:
        self._left = MAX_VALUES

    def make(self, value: object, depth: int = 0) -> Safe:
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            return "…"
        if value is None or value is True or value is False:
            return value
        try:
            return self._convert(value, depth + 1)
        except Exception:  # a value's methods can be the application's code and can raise anything
            return _text(f"<{type(value).__name__}>")

    def _convert(self, value: object, depth: int) -> Safe:
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, Enum):
            return self.make(value.value, depth)
        if isinstance(value, int):
            number = int(value)
            return number if -INTEGER_LIMIT <= number < INTEGER_LIMIT else str(number)
        if isinstance(value, float):
            return _float(float(value))
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, memoryview)):
            items = [self.make(item, depth) for item in islice(value, self._left + 1)]
            return sorted(items, key=_dump) if isinstance(value, (set, frozenset)) else items
        return _scalar(value)

    def _mapping(self, value: Mapping[object, object], depth: int) -> Safe:
        pairs = [
            (self._key(key, depth), self.make(item, depth))
            for key, item in islice(value.items(), self._left + 1)
        ]
        safe = dict(pairs)
        # If two keys become the same text, the same one remains whatever their order was.
        return safe if len(safe) == len(pairs) else dict(sorted(pairs, key=lambda pair: _dump(list(pair))))

    def _key(self, key: object, depth: int) -> str:
        safe = self.make(key, depth)
        return safe if isinstance(safe, str) else _dump(safe).decode()


def _scalar(value: object) -> str:
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, BaseException):
        return _text(type(value).__name__)
    return _text(str(value))


def _float(value: float) -> float | str:
    return "NaN" if math.isnan(value) else _INFINITIES.get(value, value)


def _text(value: str) -> str:
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", str.__str__(value))


def _dump(value: Safe) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def timestamp(moment: datetime) -> str:
    """Write a time in UTC, with six digits.

    Args:
        moment: The time; without a time zone it is taken as UTC.

    Example:
        >>> timestamp(datetime(2026, 11, 23, 8, 6, 41))
        '2026-11-23T08:06:41.000000Z'
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def encode(value: object) -> str:
    r"""Make the canonical text of a value: sorted keys, no spaces, only ASCII. Equal values give equal texts.

    Args:
        value: Any value; `make_safe` converts it.

    Example:
        >>> encode({"b": 1, "a": "é"})
        '{"a":"\\u00e9","b":1}'
    """
    return _WIDE.sub(_escape, _dump(make_safe(value)).decode())


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def has_doubled_keys(text: str, decoded: object) -> bool:
    """Whether a key stands more than once in an object of a text. Readers take the first one, or the last.

    Args:
        text: The text.
        decoded: What `decode` made of it.
    """
    if _WIDE.sub(_escape, orjson.dumps(decoded).decode()) == text:
        return False
    doubled = False

    def look(pairs: list[tuple[str, object]]) -> None:
        nonlocal doubled
        doubled = doubled or len({key for key, _ in pairs}) < len(pairs)

    json.loads(text, object_pairs_hook=look)
    return doubled


def decode_plain(text: bytes) -> Any:
    """Read a text that has no escaped characters, and no key twice in an object.

    Args:
        text: The text, in ASCII.

    Returns:
        None for any other text, which may be canonical or not.

    Raises:
        ValueError: The text is not JSON.

    Example:
        >>> decode_plain(b'{"a":1}'), decode_plain(b'{"a":1,"a":1}')
        ({'a': 1}, None)
    """
    value = orjson.loads(text)
    # What it makes of the text has each key once.
    return value if orjson.dumps(value) == text else None


def quoted(text: str) -> bytes:
    r"""Write a text as JSON in ASCII, as `json.dumps` does.

    Example:
        >>> quoted('"é"')
        b'"\\"\\u00e9\\""'
    """
    if text.isascii() and "\x7f" not in text:
        return orjson.dumps(text)
    return json.encoder.encode_basestring_ascii(text).encode("ascii")


def decode(text: str) -> Any:
    """Read a canonical text.

    Raises:
        ValueError: The text is not JSON.

    Example:
        >>> decode('{"a":1}')
        {'a': 1}
    """
    return orjson.loads(text)
