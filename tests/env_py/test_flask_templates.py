"""The env.py files of Flask-Migrate, as `flask db init` leaves them: for one database and for several."""

from __future__ import annotations

import contextlib
import io
import logging
from dataclasses import dataclass, replace
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Engine, Integer, MetaData, QueuePool, String, Table, inspect, text

from initdb.events.entry import Entry
from initdb.flask import DatabaseInitializer, init_app
from initdb.flask.binding import EXTENSION, Parts, initializer_for, settings_for
from initdb.flask.binds import with_binds
from initdb.statemachine.initializer import Initializer

pytestmark = pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning")

REVISION = '''"""make {name}"""
import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {down!r}


def upgrade({arguments}):
    op.create_table("{name}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))


def downgrade({arguments}):
    op.drop_table("{name}")
'''


@dataclass
class Shop:
    """A Flask application with a directory of Flask-Migrate's and two revisions."""

    app: Flask
    db: SQLAlchemy
    migrations: Path

    def initializer(self) -> Initializer:
        """What its boot would use."""
        with self.app.app_context():
            settings = settings_for(self.app, self.db.engine, {"schema_from": "migrations"})
            return initializer_for(self.app, self.db, settings)

    def entries(self, bind: str | None = None) -> list[Entry]:
        """The journal of one of its databases."""
        with self.app.app_context():
            settings = replace(settings_for(self.app, self.db.engine), database=bind)
            if bind is not None:
                url = self.db.engines[bind].url.render_as_string(hide_password=False)
                settings = replace(settings, databases=(f"{bind}={url}",))
            return list(initializer_for(self.app, self.db, settings).entries())

    def engine(self, bind: str | None = None) -> Engine:
        """The engine of one of its databases."""
        with self.app.app_context():
            return self.db.engines[bind]

    def sql(self, statement: str, bind: str | None = None) -> None:
        """Do something by hand in one of its databases."""
        with self.engine(bind).begin() as connection:
            connection.execute(text(statement))
        self.engine(bind).dispose()

    def tables(self, bind: str | None = None) -> set[str]:
        """The tables of one of its databases, but the journal's."""
        with self.app.app_context():
            names = inspect(self.db.engines[bind]).get_table_names()
        return {name for name in names if not name.startswith("init_journal")}


def shop(folder: Path, url: str, *, multidb: bool, binds: dict[str, str] | None = None) -> Shop:
    """The application on `url`, its directory made from one of the two templates."""
    app = Flask("shop", root_path=str(folder))
    app.config.update(
        SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_BINDS=binds or {}, INITDB_SCHEMA_FROM="migrations"
    )
    db, migrations = SQLAlchemy(app), folder / "migrations"
    for number in (1, 2):
        Table(f"t{number}", db.metadata, Column("id", Integer, primary_key=True), Column("name", String(40)))
    flask_migrate.Migrate(app, db, directory=str(migrations))
    with app.app_context(), contextlib.redirect_stdout(io.StringIO()):
        flask_migrate.init(multidb=multidb)
    for number in (1, 2):
        source = REVISION.format(
            name=f"t{number}",
            down=f"t{number - 1}" if number > 1 else None,
            arguments="engine_name" if multidb else "",
        )
        (migrations / "versions" / f"t{number}.py").write_text(source)
    return Shop(app, db, migrations)


@pytest.mark.parametrize("multidb", [False, True])
def test_a_template_on_one_database(tmp_path: Path, database_url: str, multidb: bool) -> None:
    """One event a revision; a second boot writes nothing; the application's logging is its own."""
    made = shop(tmp_path, database_url, multidb=multidb)
    own = logging.getLogger("shop.own")
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert not own.disabled
    assert made.tables() == {"alembic_version", "t1", "t2"}
    entries = [entry.type for entry in made.initializer().entries()]
    assert entries.count("migration_applied") == 2
    assert made.initializer().initialize().steps_completed == []


@pytest.mark.parametrize("multidb", [False, True])
def test_a_template_in_memory(tmp_path: Path, multidb: bool) -> None:
    """All on the one connection that the database lives in."""
    made = shop(tmp_path, "sqlite://", multidb=multidb)
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.tables() == {"alembic_version", "t1", "t2"}


def test_several_databases_have_a_journal_each(tmp_path: Path, database_url: str, plain_url: str) -> None:
    """One run for each, by the env.py that goes through all of them; the other is left alone meanwhile."""
    made = shop(tmp_path, database_url, multidb=True, binds={"stock": plain_url})
    result = DatabaseInitializer(made.app, made.db).initialize()
    assert (result.errors, result.outcome, result.exit_code) == ([], "ready", 0)
    assert made.tables() == made.tables("stock") == {"alembic_version", "t1", "t2"}
    assert [step for step in result.steps_completed if step.startswith("stock: migration")] == [
        "stock: migration applied: t1",
        "stock: migration applied: t2",
    ]
    first, stock = made.entries(), made.entries("stock")
    assert [entry.data.get("database") for entry in (*first, *stock) if entry.type == "run_started"] == [
        None,
        "stock",
    ]
    assert {entry.by["app"] for entry in stock} == {"shop/stock"}
    again = DatabaseInitializer(made.app, made.db).initialize()
    assert (again.success, again.steps_completed) == (True, [])
    assert (made.entries(), made.entries("stock")) == (first, stock)


def test_the_first_database_that_is_not_ready_ends_it(
    tmp_path: Path, database_url: str, plain_url: str
) -> None:
    """As env.py would end. The ones before it stand; once it is fixed, only the rest is done."""
    made = shop(tmp_path, database_url, multidb=True, binds={"stock": plain_url})
    revision = made.migrations / "versions" / "t2.py"
    whole = revision.read_text()
    broken = '    if engine_name == "stock":\n        raise ValueError("no stock")\n    op.create_table'
    revision.write_text(whole.replace("    op.create_table", broken))
    result = DatabaseInitializer(made.app, made.db).initialize()
    assert (result.outcome, result.exit_code) == ("failed", 1)
    (error,) = result.errors
    assert error.startswith("stock: ") and "ValueError" in error
    assert "no stock" not in error
    assert made.tables() == {"alembic_version", "t1", "t2"}
    assert made.tables("stock") == {"alembic_version", "t1"}
    status = DatabaseInitializer(made.app, made.db).get_initialization_status()
    assert (status["ready"], status["others"]["stock"]["verdict"]) == (True, "failed")
    revision.write_text(whole)
    assert DatabaseInitializer(made.app, made.db).initialize().success
    assert [entry.type for entry in made.entries("stock")].count("migration_applied") == 2
    status = DatabaseInitializer(made.app, made.db).get_initialization_status()
    assert (status["ready"], status["others"]["stock"]["ready"]) == (True, True)
    assert status["others"]["stock"]["application"] == "shop/stock"


def test_models_and_seeds_of_several_databases(tmp_path: Path, database_url: str, plain_url: str) -> None:
    """Each is made from the models of its bind, and takes the files for its tables."""
    made = shop(tmp_path, database_url, multidb=True, binds={"stock": plain_url})
    made.app.config["INITDB_SCHEMA_FROM"] = "models"
    Table("brands", made.db.metadata, Column("name", String(40), primary_key=True))
    made.db.metadatas["stock"] = stock = MetaData()
    Table("items", stock, Column("id", Integer, primary_key=True), Column("name", String(40), unique=True))
    (seeds := tmp_path / "seeds").mkdir()
    (seeds / "10_brands.csv").write_text("name\nNuts & Sons\n")
    (seeds / "20_items.csv").write_text("id,name\n1,nut\n2,bolt\n")
    made.app.extensions[EXTENSION] = Parts(seeds=str(seeds))
    result = DatabaseInitializer(made.app, made.db).initialize()
    assert result.errors == []
    assert made.tables() == {"alembic_version", "brands", "t1", "t2"}
    assert made.tables("stock") == {"alembic_version", "items"}
    with made.app.app_context(), made.db.engines["stock"].connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM items")) == 2
    assert DatabaseInitializer(made.app, made.db).validate_setup().valid
    with made.app.app_context(), made.db.engines["stock"].begin() as connection:
        connection.execute(text("DROP TABLE items"))
    found = DatabaseInitializer(made.app, made.db).validate_setup()
    assert not found.valid
    assert all(issue.startswith("stock: ") for issue in found.issues if "items" in issue)
    repaired = DatabaseInitializer(made.app, made.db).repair_if_needed()
    assert repaired.success and any(one.startswith("stock: ") for one in repaired.repaired)
    assert "items" in made.tables("stock")


def test_two_binds_of_one_database(tmp_path: Path, database_url: str) -> None:
    """As with plain Alembic the second finds nothing left to do."""
    made = shop(tmp_path, database_url, multidb=True, binds={"again": database_url})
    result = DatabaseInitializer(made.app, made.db).initialize()
    assert result.errors == []
    assert made.tables() == {"alembic_version", "t1", "t2"}
    assert [entry.type for entry in made.entries()].count("migration_applied") == 2


def test_binds_that_env_py_does_not_migrate_are_left_alone(
    tmp_path: Path, database_url: str, plain_url: str
) -> None:
    """An env.py for one database: the others are not this application's to migrate."""
    made = shop(tmp_path, database_url, multidb=False, binds={"stock": plain_url})
    assert DatabaseInitializer(made.app, made.db).initialize().success
    assert made.tables("stock") == set()
    assert made.entries("stock") == []


def test_two_phase_on_one_database_is_refused(tmp_path: Path, postgresql_url: str) -> None:
    """psycopg2 commits nothing inside a two-phase transaction."""
    made = shop(tmp_path, postgresql_url, multidb=True)
    env_py = made.migrations / "env.py"
    env_py.write_text(env_py.read_text().replace("USE_TWOPHASE = False", "USE_TWOPHASE = True"))
    (error,) = made.initializer().initialize().errors
    assert "error: two-phase-refused" in error
    assert made.tables() == set()


def test_a_boot_brings_each_to_ready_and_keeps_no_connection(
    tmp_path: Path, database_url: str, plain_url: str
) -> None:
    """As the last line of create_app."""
    made = shop(tmp_path, database_url, multidb=True, binds={"stock": plain_url})
    assert init_app(made.app, made.db) is made.app
    assert made.tables() == made.tables("stock") == {"alembic_version", "t1", "t2"}
    fresh = shop(tmp_path / "again", database_url, multidb=True, binds={"stock": plain_url})
    init_app(fresh.app, fresh.db)
    with fresh.app.app_context():
        pools = [engine.pool for engine in fresh.db.engines.values()]
    assert all(isinstance(pool, QueuePool) and pool.checkedout() == 0 for pool in pools)
    assert not [slot for pool in pools for slot in pool._pool.queue if slot.dbapi_connection]  # type: ignore[attr-defined]


def test_a_boot_serves_503_until_the_last_of_them_is_ready(
    tmp_path: Path, database_url: str, plain_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason of the one that is not; a person fixes it, and the next look finds it ready."""
    monkeypatch.setattr("initdb.flask.unavailable.RETRY_AFTER", 0)
    made = shop(tmp_path, database_url, multidb=True, binds={"stock": plain_url})
    made.app.config["INITDB_ON_FAILURE"] = "serve-503"
    made.app.add_url_rule("/", view_func=lambda: "open")
    made.sql("CREATE TABLE t2 (id INTEGER)", "stock")
    client = init_app(made.app, made.db).test_client()
    closed = client.get("/")
    assert (closed.status_code, b"revision-failed" in closed.data) == (503, True), closed.data
    made.sql("DROP TABLE t2", "stock")
    settings = replace(settings_for(made.app, made.engine()), database="stock")
    with made.app.app_context():
        settings = with_binds(made.app, made.db, settings)
        assert initializer_for(made.app, made.db, settings).resume().success
    assert client.get("/").status_code == 200
