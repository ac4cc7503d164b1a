"""The Flask shop with initdb: its boot makes any database ready, given only its URL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, create_engine

from tests.support.flask_site import Place, free_port
from tests.support.postgres_server import PostgresServer
from tests.support.states import database_state

pytestmark = pytest.mark.repository

SHOP = Path(__file__).parents[2] / "examples" / "flask-shop"
REVISIONS = ["3f0c9a1be7d2", "81d4e6c05a9b", "c27b1f90d3e8", "5ae83d7740fc", "e9106b5d2c47"]
SEEDS = ["10_categories.csv", "20_products.csv", "30_orders.py"]
FIRST_BOOT = [
    "journal_created",
    "run_started",
    "database_inspected",
    *["migration_applied"] * len(REVISIONS),
    *["seed_batch_applied"] * len(SEEDS),
    "health_validated",
]


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Place:
    """The example on an empty database."""
    return Place(SHOP, database_url, tmp_path, {"DATABASE_URL": database_url})


@pytest.fixture
def twin(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of another empty database of the same kind."""
    if engine.dialect.name == "sqlite":
        yield f"sqlite:///{tmp_path / 'twin.db'}"
        return
    server: PostgresServer = request.getfixturevalue("server")
    server.admin_execute("CREATE DATABASE twin TEMPLATE template0")
    yield server.url("twin")
    server.admin_execute("DROP DATABASE twin WITH (FORCE)")


def test_flask_run_alone_makes_the_shop(place: Place) -> None:
    """From nothing to a page with products: five revisions and three seeds, an event each."""
    port = free_port()
    with place.serving("flask", "--app", "shop", "run", "-p", str(port), port=port) as served:
        status, page, _ = served.get()
        assert served.get("/health")[0] == 200
    assert status == 200
    assert "Assam, second flush" in page
    assert place.events() == FIRST_BOOT
    assert place.sql("SELECT version_num FROM alembic_version") == [(REVISIONS[-1],)]
    assert place.sql("SELECT count(*) FROM orders") == [(3,)]
    assert "applied revision 5ae83d7740fc" in served.log


def test_four_workers_make_it_once(place: Place) -> None:
    """gunicorn's workers boot at the same moment."""
    port = free_port()
    command = ("gunicorn", "-w", "4", "-b", f"127.0.0.1:{port}", "shop:create_app()")
    with place.serving(*command, port=port) as served:
        assert served.get()[0] == 200
    assert place.events() == FIRST_BOOT


def test_the_command_line_and_the_boot_agree(place: Place) -> None:
    """What `initdb run` has made ready is ready for the boot and for `flask initdb`."""
    ran = place.run("initdb", "run")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    before = place.events()
    assert before == FIRST_BOOT
    booted = place.run("flask", "--app", "shop:create_app", "initdb", "status")
    assert booted.returncode == 0, booted.stderr
    port = free_port()
    with place.serving("flask", "--app", "shop", "run", "-p", str(port), port=port) as served:
        assert served.get()[0] == 200
    assert place.run("initdb", "run").returncode == 0
    assert place.events() == before


def test_the_schema_is_what_flask_db_upgrade_makes(place: Place, engine: Engine, twin: str) -> None:
    """The journal aside, and the rows that the seeds brought in."""
    assert place.run("initdb", "run").returncode == 0
    plain = place.run("flask", "--app", "shop", "db", "upgrade", DATABASE_URL=twin, INITDB_MODE="off")
    assert plain.returncode == 0, plain.stderr
    other = create_engine(twin, poolclass=NullPool)
    ours, theirs = (database_state(one, journal=False) for one in (engine, other))
    assert schema_of(ours) == schema_of(theirs)


def test_a_database_that_flask_db_upgrade_made_is_taken_over(place: Place) -> None:
    """Nothing is migrated twice: the seeds are what is left to do."""
    plain = place.run("flask", "--app", "shop", "db", "upgrade")
    assert plain.returncode == 0, plain.stderr
    assert "init_journal" not in place.tables()
    port = free_port()
    with place.serving("flask", "--app", "shop", "run", "-p", str(port), port=port) as served:
        assert "Assam" in served.get()[1]
    assert "migration_applied" not in place.events()
    assert place.events().count("seed_batch_applied") == len(SEEDS)


def schema_of(state: dict[str, Any]) -> dict[str, Any]:
    """A picture of a database without its rows, the lines of each statement in their alphabetic order.

    In which order Alembic's batch mode puts the constraints of a table that it rebuilds is chance.
    """
    return {name: _sorted(part) for name, part in state.items() if name != "rows"}


def _sorted(part: Any) -> Any:
    if isinstance(part, str):
        return sorted(line.strip(" ,\t") for line in part.splitlines())
    if isinstance(part, dict):
        return {name: _sorted(value) for name, value in part.items()}
    return [_sorted(value) for value in part] if isinstance(part, list | tuple) else part
