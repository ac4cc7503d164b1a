"""Both versions, and shops on each database: empty ones, and those that 0.1.0 left."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.compat.histories import HISTORIES, History
from tests.compat.shop import Shop
from tests.compat.versions import HERE, Version, install, ours


@pytest.fixture(scope="session")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Version]:
    """0.1.0, from its wheel."""
    folder = tmp_path_factory.mktemp("old")
    version = Version("0.1.0", install(folder / "site"), folder)
    yield version
    version.close()


@pytest.fixture(scope="session")
def new(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Version]:
    """What is tested."""
    version = Version("this", ours(), tmp_path_factory.mktemp("new"))
    yield version
    version.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """In a folder of its own, on which a disk may be mounted."""
    (tmp_path / "db").mkdir()
    return f"sqlite:///{tmp_path / 'db' / 'shop.db'}"


@pytest.fixture(params=HISTORIES)
def name(request: pytest.FixtureRequest) -> str:
    """The name of a history."""
    return str(request.param)


@pytest.fixture
def history(name: str) -> History:
    """The history itself."""
    return HISTORIES[name]


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Shop:
    """On an empty database."""
    return Shop.open(tmp_path / "shop", database_url)


@pytest.fixture
def empty(tmp_path: Path, database_url: str, history: History) -> Shop:
    """On an empty database, with the settings of the history."""
    return Shop.open(tmp_path / "shop", database_url, history.settings)


@pytest.fixture
def left(empty: Shop, name: str) -> Shop:
    """As 0.1.0 has left it after the history."""
    dump = (HERE / "fixtures" / empty.database / f"{name}.sql").read_text()
    if empty.database == "sqlite":
        with closing(sqlite3.connect(empty.url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(dump)
        return empty
    with closing(psycopg2.connect(empty.url.replace("+psycopg2", ""))) as connection:
        connection.cursor().execute(dump)
        connection.commit()
    return empty
