"""An application that awaits its database gives the engine that it has."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from initdb import InitError, Initializer
from initdb.settings import load_settings

DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg")


@pytest.fixture(params=DRIVERS)
def engine(request: pytest.FixtureRequest) -> AsyncEngine:
    """An engine with an asynchronous driver, on an empty database."""
    backend = request.param.partition("+")[0]
    url = make_url(request.getfixturevalue(f"{backend}_url"))
    return create_async_engine(url.set(drivername=request.param))


def models() -> MetaData:
    """One table."""
    made = MetaData()
    Table("product", made, Column("id", Integer, primary_key=True))
    return made


@pytest.mark.parametrize("attribute", ["", "sync_engine"])
def test_an_asynchronous_engine(engine: AsyncEngine, attribute: str, tmp_path: Any) -> None:
    """Itself, or what it has as its `sync_engine`: which is not one that anything else can use."""
    given = getattr(engine, attribute) if attribute else engine
    settings = load_settings(folder=tmp_path, environ={})
    initializer = Initializer(given, metadata=models(), settings=settings)
    result = initializer.initialize()
    assert result.success, result.errors
    with initializer.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM product")).scalar() == 0


def test_one_in_memory(tmp_path: Any) -> None:
    """Nobody else sees its database, which is said before anything is tried."""
    engine = create_async_engine("sqlite+aiosqlite://")
    with pytest.raises(InitError) as refused:
        Initializer(engine, metadata=models(), settings=load_settings(folder=tmp_path, environ={}))
    assert refused.value.reference == "unsupported-database"
    assert "name a file" in refused.value.context[0]
