"""The canonical text of an event: sorted JSON in ASCII, made from any value at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

INTEGER_LIMIT = 2**63
MAX_DEPTH = 40
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_WIDE = re.compile("[^\x00-\x7f]")

Safe = None | bool | int | float | str | list["Safe"] | dict[str, "Safe"]


def make_safe(value: object, depth: int = 0) -> Safe:
    """A JSON value that says `value` and can always be encoded; raises nothing, whatever it is given.

    Keys become plain `str` (SQLAlchemy's quoted_name is refused by orjson); U+0000 and lone surrogates are
    spelled out (PostgreSQL's jsonb refuses them); integers beyond 64 bits and decimals become strings;
    NaN and infinities their names; datetimes UTC with six digits and Z.
    """
    if value is None or value is True or value is False:
        return value
    if depth > MAX_DEPTH:
        return "…"
    try:
        return _convert(value, depth)
    except Exception:
        return f"<{type(value).__name__}>"


def _convert(value: object, depth: int) -> Safe:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Enum):
        return make_safe(value.value, depth + 1)
    if isinstance(value, int):
        number = int(value)
        return number if -INTEGER_LIMIT <= number < INTEGER_LIMIT else str(number)
    if isinstance(value, float):
        return _float(float(value))
    if isinstance(value, Mapping):
        return {_key(key): make_safe(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((make_safe(item, depth + 1) for item in value), key=_dump)
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, memoryview)):
        return [make_safe(item, depth + 1) for item in value]
    return _scalar(value)


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
        return _text(f"{type(value).__name__}: {value}")
    return _text(str(value))


def _float(value: float) -> float | str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _key(key: object) -> str:
    safe = make_safe(key)
    return safe if isinstance(safe, str) else _dump(safe).decode()


def _text(value: str) -> str:
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", str.__str__(value))


def _dump(value: Safe) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def timestamp(moment: datetime) -> str:
    """`moment` in UTC as `2026-11-23T08:06:41.218903Z`; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def encode(value: object) -> str:
    """The canonical text: keys sorted, no spaces, every character ASCII; equal values give equal texts."""
    return _WIDE.sub(_escape, _dump(make_safe(value)).decode())


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def decode(text: str) -> Any:
    """The value of a canonical text. Raises ValueError where it is not JSON."""
    return orjson.loads(text)
