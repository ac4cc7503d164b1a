"""A database with the identity schema in it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, event

from initdb.steps.identity.models import IDENTITY


@pytest.fixture
def identity(engine: Engine) -> Engine:
    """An engine on a database that holds the empty identity schema; SQLite enforces foreign keys."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _enforce_foreign_keys)
    IDENTITY.create_all(engine)
    return engine


def _enforce_foreign_keys(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
