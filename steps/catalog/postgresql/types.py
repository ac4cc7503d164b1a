"""Tells which types of PostgreSQL differ, by families of types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initdb.steps.catalog.issue import Severity


_FAMILIES = {
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "NUMERIC": "number",
    "DECIMAL": "number",
    "FLOAT": "number",
    "REAL": "number",
    "DOUBLE PRECISION": "number",
    "VARCHAR": "text",
    "CHAR": "text",
    "TEXT": "text",
    "CITEXT": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITHOUT TIME ZONE": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
    "TIME": "time",
    "TIME WITHOUT TIME ZONE": "time",
    "TIME WITH TIME ZONE": "time",
    "INTERVAL": "interval",
    "BYTEA": "binary",
    "JSON": "json",
    "JSONB": "json",
    "UUID": "uuid",
    "ENUM": "enum",
}
_SIZES = {"SMALLINT": 2, "INTEGER": 4, "BIGINT": 8}

# The database converts between these, sometimes with a loss.
_NEAR = frozenset(
    frozenset(pair)
    for pair in (
        ("integer", "number"),
        ("date", "datetime"),
        ("text", "json"),
        ("text", "uuid"),
        ("text", "enum"),
        ("integer", "interval"),
    )
)


@dataclass(frozen=True, slots=True)
class _Type:
    family: str | None
    base: str
    length: int | None
    array: bool


def difference(wanted: str, found: str) -> Severity | None:
    """See `initdb.steps.catalog.port.Catalogue.type_difference`."""
    return None if wanted.upper() == found.upper() else _difference(_parsed(wanted), _parsed(found))


def _difference(wanted: _Type, found: _Type) -> Severity | None:
    if wanted.family is None or found.family is None:
        return None
    if wanted.array != found.array:
        return "error"
    if wanted.family != found.family:
        return "warning" if {wanted.family, found.family} in _NEAR else "error"
    return "warning" if _is_narrower(found, wanted) else None


def _is_narrower(found: _Type, wanted: _Type) -> bool:
    """Whether the found type cannot store every value of the wanted type. Both are of one family."""
    if wanted.family == "integer":
        return _SIZES[found.base] < _SIZES[wanted.base]
    if wanted.family == "text":
        return found.length is not None and (wanted.length is None or wanted.length > found.length)
    zones = ("WITH TIME" in wanted.base, "WITH TIME" in found.base)
    return wanted.family in {"datetime", "time"} and zones[0] != zones[1]


def _parsed(ddl: str) -> _Type:
    text = ddl.upper().strip()
    scalar = re.sub(r"(\[\])+$", "", text)
    length = re.search(r"\((\d+)\)", scalar)
    base = " ".join(re.sub(r"\([^)]*\)", " ", scalar).split()).partition(" COLLATE ")[0]
    if base == "CHAR" and length is None:
        return _Type("text", base, 1, scalar != text)
    return _Type(_FAMILIES.get(base), base, int(length[1]) if length else None, scalar != text)
