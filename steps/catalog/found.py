"""What a database has, table by table: the part that is compared with models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = tuple[str | None, str]
"""A table's schema (None: the connection's default one) and name."""


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """One column.

    type: as DDL, empty where it is not known. filled: whether the database gives it a value by itself.
    labels: of an enumerated type, None for any other.
    """

    name: str
    type: str
    nullable: bool
    filled: bool = False
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class FoundIndex:
    """One index; a column is None where it is an expression. bound: whether it belongs to a constraint."""

    name: str
    columns: tuple[str | None, ...]
    unique: bool = False
    partial: bool = False
    bound: bool = False


@dataclass(frozen=True, slots=True)
class FoundForeignKey:
    """One foreign key: pairs of (local, remote) columns, the table that it refers to, its ON DELETE."""

    name: str
    pairs: frozenset[tuple[str, str | None]]
    remote: Key
    on_delete: str = "NO ACTION"


@dataclass(frozen=True, slots=True)
class FoundTable:
    """One table or view. checks: the number of its checks, named or not."""

    schema: str | None
    name: str
    is_view: bool = False
    columns: Mapping[str, FoundColumn] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    indexes: tuple[FoundIndex, ...] = ()
    foreign_keys: tuple[FoundForeignKey, ...] = ()
    check_names: frozenset[str] = frozenset()
    checks: int = 0
