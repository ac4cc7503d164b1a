"""The views of a journal beside boots, Alembic, dumps and `initdb eject`: ours, and in nobody's way."""

from __future__ import annotations

import subprocess

import pytest
from alembic import command
from sqlalchemy import URL, make_url

from initdb.events import views
from tests.cli.console import Console, toy_project
from tests.cli.test_eject import alembic, ours
from tests.support.admin import Admin
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy


@pytest.fixture
def ready(console: Console, toy: Toy) -> Toy:
    """A database that is ready, with the views."""
    assert console("run").exit_code == 0
    return toy


def test_a_boot_does_not_see_them(console: Console, ready: Toy) -> None:
    """They are no change of the catalogue: the database is ready, and nothing is written."""
    before = ready.sql("SELECT seq FROM init_journal_head")
    done = console("run")
    assert done.exit_code == 0 and "already ready" in done.stdout
    assert ready.sql("SELECT seq FROM init_journal_head") == before
    assert console("validate").exit_code == 0
    assert console.object("plan")["steps"] == []


def test_a_view_of_the_application_is_one(console: Console, ready: Toy) -> None:
    """Another one is a change, which the next boot records."""
    ready.sql("CREATE VIEW names AS SELECT name FROM t1")
    assert "already ready" not in console("run").stdout


def test_autogenerate_does_not_drop_them(ready: Toy) -> None:
    """Alembic finds no difference because of them."""
    models = (
        "import sqlalchemy as sa\nMODELS = sa.MetaData()\nfor n in (1, 2, 3):\n"
        "    sa.Table(f't{n}', MODELS, sa.Column('id', sa.Integer, primary_key=True),\n"
        "             sa.Column('name', sa.String(40), nullable=False, unique=True))\n"
    )
    env = ready.migrations / "env.py"
    env.write_text(models + env.read_text().replace("=connection", "=connection, target_metadata=MODELS"))
    command.check(alembic(ready))


def test_eject_takes_them_out(console: Console, ready: Toy) -> None:
    """Before the tables that they read; it says so."""
    done = console("eject", "--to", "kept.jsonl", "--yes")
    assert done.exit_code == 0, done.output
    assert "view" in done.stdout and "init_runs" in done.stdout and "init_failures" in done.stdout
    assert ours(ready) == []


def test_a_view_of_somebody_elses_on_them_stops_it(console: Console, ready: Toy) -> None:
    """It is named, with the statement that drops it."""
    ready.sql("CREATE VIEW report AS SELECT how, count(*) AS number FROM init_runs GROUP BY how")
    done = console("eject", "--to", "kept.jsonl", "--yes")
    assert done.exit_code == 1 and "journal-needed" in done.stderr
    assert "report" in done.stderr and "init_runs" not in done.stderr.replace("report", "")
    ready.sql("DROP VIEW report")
    assert console("eject", "--to", "kept.jsonl", "--yes").exit_code == 0


def test_a_view_of_that_name_that_reads_something_else_stays(console: Console, toy: Toy) -> None:
    """It is the application's, although it has the name."""
    assert console("run").exit_code == 0
    toy.sql("DROP VIEW init_runs", "CREATE VIEW init_runs AS SELECT name FROM t1")
    assert console("eject", "--to", "kept.jsonl", "--yes").exit_code == 0
    assert len(toy.sql("SELECT name FROM init_runs")) == 6


def test_a_second_journal_has_its_own(console: Console, sqlite_toy: Toy) -> None:
    """In a file that two applications share."""
    assert console("run").exit_code == 0
    words = ("--application", "other", "--journal-schema", "other")
    assert console("run", *words).exit_code == 0
    own = sqlite_toy.sql("SELECT run FROM init_runs")
    assert own != sqlite_toy.sql("SELECT run FROM init_runs__other")
    assert console("eject", "--to", "other.jsonl", "--yes", *words).exit_code == 0
    assert [name for name in ours(sqlite_toy) if "__other" in name] == []
    assert sqlite_toy.sql("SELECT run FROM init_runs") == own


def test_they_survive_a_dump(
    console: Console, server: PostgresServer, _admin: Admin, postgresql_url: str
) -> None:
    """The restored journal has them, and they say the same."""
    toy = toy_project(console.folder, postgresql_url)
    assert console("run").exit_code == 0
    url = make_url(postgresql_url)
    copied = url.set(database=f"{url.database}_copy")
    _admin.run(f"CREATE DATABASE {copied.database}")
    try:
        dumped = called(server, "pg_dump", url)
        called(server, "psql -X -q -v ON_ERROR_STOP=1", copied, dumped)
        restored = Toy(toy.folder, copied.render_as_string(hide_password=False))
        for view in views.VIEWS:
            assert restored.sql(f"SELECT * FROM {view}") == toy.sql(f"SELECT * FROM {view}")
        assert restored.sql("SELECT count(*) FROM init_runs") == [(1,)]
    finally:
        _admin.run(f"DROP DATABASE {copied.database} WITH (FORCE)")


def called(server: PostgresServer, program: str, url: URL, given: str = "") -> str:
    """What a program of the server prints."""
    name, *words = program.split()
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run(
        [f"{server.bin}/{name}", *words, plain], input=given, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
