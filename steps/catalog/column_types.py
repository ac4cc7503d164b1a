"""Whether a column's type in the database can take what the model's type gives it.

Compared are families of types, not types: a wrong alarm costs more than a missed one, and what is not known
to be different counts as equal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import ENUM
from sqlalchemy.types import TypeDecorator, TypeEngine

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

# The database converts between these, at times with a loss.
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


def concrete(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    """What a type is on this database, without variants and decorators."""
    impl = kind.dialect_impl(dialect)
    while isinstance(impl, TypeDecorator):
        impl = impl.load_dialect_impl(dialect).dialect_impl(dialect)
    return impl


def type_ddl(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """A type as DDL, empty where it has none or cannot say."""
    try:
        return dialect.type_compiler_instance.process(kind)
    except Exception:  # a user-defined type may raise anything
        return ""


def enum_labels(kind: TypeEngine[Any], dialect: Dialect) -> tuple[str, ...] | None:
    """The labels of an enumerated type that the database knows as such; None for any other type."""
    native = concrete(kind, dialect)
    return tuple(native.enums) if isinstance(native, ENUM) else None


def difference(wanted: str, found: str, dialect: str) -> Severity | None:
    """How grave it is that a column is `found` where the model says `wanted`, both as DDL; None: not at all.

    "error": the database refuses or alters ordinary values. "warning": some values are, or lose something.
    """
    if not wanted or not found or wanted.upper() == found.upper():
        return None
    if dialect == "sqlite":
        pair = {affinity(wanted), affinity(found)}
        return "error" if pair in ({"INTEGER", "TEXT"}, {"REAL", "TEXT"}) else None
    return _difference(_parsed(wanted), _parsed(found))


def _difference(wanted: _Type, found: _Type) -> Severity | None:
    if wanted.family is None or found.family is None:
        return None
    if wanted.array != found.array:
        return "error"
    if wanted.family != found.family:
        return "warning" if {wanted.family, found.family} in _NEAR else "error"
    return "warning" if _is_narrower(found, wanted) else None


def _is_narrower(found: _Type, wanted: _Type) -> bool:
    """Whether, of two types of one family, the one found cannot take everything."""
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


def affinity(ddl: str) -> str:
    """SQLite's affinity of a declared type (https://sqlite.org/datatype3.html#determination_of_column_affinity)."""
    text = ddl.upper()
    if "INT" in text:
        return "INTEGER"
    if any(word in text for word in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in text or not text:
        return "BLOB"
    return "REAL" if any(word in text for word in ("REAL", "FLOA", "DOUB")) else "NUMERIC"
