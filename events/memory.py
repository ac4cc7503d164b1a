"""What is remembered of a connection, for as long as it lives."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any
from weakref import WeakKeyDictionary

from initdb.events.statements import AnyConnection, DriverConnection, is_sqlalchemy

_MEMORIES: WeakKeyDictionary[DriverConnection, dict[Any, Any]] = WeakKeyDictionary()
"""The memory of each driver's connection. SQLAlchemy's Connection has one of its own: `info`."""


def memory(connection: AnyConnection) -> MutableMapping[Any, Any]:
    """The memory of a connection.

    Args:
        connection: SQLAlchemy's Connection, or a driver's.
    """
    return connection.info if is_sqlalchemy(connection) else _MEMORIES.setdefault(connection, {})
