"""Fixtures for every test: real databases, a fresh one each time."""

from __future__ import annotations

import gc
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine

from tests.crash.telling import pytest_terminal_summary
from tests.support import bytecode, compiled
from tests.support.admin import Admin
from tests.support.postgres_server import PostgresServer, roomy_parent

__all__ = ["pytest_terminal_summary"]

_LONGEST = ("tests/tutorial/", "tests/model/")


def pytest_configure(config: pytest.Config) -> None:
    """Before anything of the product is imported, once for all workers."""
    # A job in the background is started with these ignored, and the processes of tests would inherit that.
    for signum, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(signum) is signal.SIG_IGN:
            signal.signal(signum, usual)
    if not hasattr(config, "workerinput"):
        bytecode.compile_product()
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(roomy_parent()))
    compiled.share()
    bytecode.write_while_collecting(True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first: at the end the other processes would wait for them."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))


def pytest_collection_finish() -> None:
    """From here on tests run. What is there now stays to the end: the collector of garbage need not walk it
    time and again, and in a child that is forked its pages stay shared."""
    bytecode.write_while_collecting(False)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000)


@pytest.fixture(scope="session", autouse=True)
def _state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The tests have spools of their own, apart from the tester's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def _session_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def _admin(_session_server: PostgresServer) -> Iterator[Admin]:
    admin = Admin(_session_server)
    yield admin
    admin.close()


@pytest.fixture
def server(_session_server: PostgresServer) -> Iterator[PostgresServer]:
    """The PostgreSQL server of this test process, running; started again after a test that stopped it."""
    yield _session_server
    _session_server.start()


@pytest.fixture
def template() -> str:
    """The database that `postgresql_url` is a copy of: an empty one, where no folder has another."""
    return "template0"


@pytest.fixture
def postgresql_url(server: PostgresServer, _admin: Admin, template: str) -> Iterator[str]:
    """URL of a fresh PostgreSQL database."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _admin.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield server.url(name)
    server.start()
    _admin.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of a SQLite database whose file does not exist yet."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a fresh, empty database, once for SQLite and once for PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine without a pool on `database_url`."""
    engine = create_engine(database_url, poolclass=NullPool)
    yield engine
    engine.dispose()
