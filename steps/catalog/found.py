"""The tables that a database has, as far as they are compared with the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = tuple[str | None, str]
"""A table's schema (None: the connection's default schema) and its name."""


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """One column.

    Attributes:
        name: Its name.
        type: As DDL; empty if it is not known.
        nullable: Whether it may be NULL.
        filled: Whether the database itself gives it a value.
        labels: Of an enumerated type; None for any other type.
    """

    name: str
    type: str
    nullable: bool
    filled: bool = False
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class FoundIndex:
    """One index.

    Attributes:
        name: Its name.
        columns: None stands for an expression.
        unique: Whether it is unique.
        partial: Whether it has a WHERE.
        bound: Whether it belongs to a constraint.
    """

    name: str
    columns: tuple[str | None, ...]
    unique: bool = False
    partial: bool = False
    bound: bool = False


@dataclass(frozen=True, slots=True)
class FoundForeignKey:
    """One foreign key: pairs of (local, remote) columns, the table that it refers to, and its ON DELETE."""

    name: str
    pairs: frozenset[tuple[str, str | None]]
    remote: Key
    on_delete: str = "NO ACTION"


@dataclass(frozen=True, slots=True)
class FoundTable:
    """One table or view. `checks` is the number of its checks, with a name or without."""

    schema: str | None
    name: str
    is_view: bool = False
    columns: Mapping[str, FoundColumn] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    indexes: tuple[FoundIndex, ...] = ()
    foreign_keys: tuple[FoundForeignKey, ...] = ()
    check_names: frozenset[str] = frozenset()
    checks: int = 0
