"""Statements that one engine has compiled serve the next: each test makes engines anew, of the same kinds.

SQLAlchemy keeps a compiled statement under its engine, and compares the dialect. Dialects of one class whose
attributes are equal once they are connected compile alike, so here they are equal. `compiled_cache`:
https://docs.sqlalchemy.org/en/21/core/connections.html#sql-compilation-caching
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_KEPT: LRUCache[Any, Any] = LRUCache(2000)
_PLAIN = (str, int, float, type(None), tuple, frozenset)
_KINDS: list[dict[str, Any]] = []
_KIND = "_kind_of_dialect"


def share() -> None:
    """From here on, in this process and in those that it forks."""
    DefaultDialect.__eq__ = _alike  # type: ignore[method-assign]
    DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    event.listen(Engine, "engine_connect", _connected)


def _connected(connection: Connection) -> None:
    dialect = connection.dialect
    if _KIND not in vars(dialect):
        setattr(dialect, _KIND, _kind(dialect))
    if "compiled_cache" not in connection.get_execution_options():
        connection.execution_options(compiled_cache=_KEPT)


def _kind(dialect: Any) -> int:
    """One number for all dialects with equal attributes."""
    found = {name: value for name, value in vars(dialect).items() if isinstance(value, _PLAIN)}
    if found not in _KINDS:
        _KINDS.append(found)
    return _KINDS.index(found)


def _alike(self: Any, other: Any) -> bool:
    if self is other:
        return True
    kind = vars(self).get(_KIND)
    return type(self) is type(other) and kind is not None and kind == vars(other).get(_KIND)
