"""The env.py files of Flask-Migrate, as `flask db init` leaves them: for one database and for several."""

from __future__ import annotations

import contextlib
import io
import logging
from dataclasses import dataclass
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Integer, String, Table, inspect

from initdb.flask.binding import initializer_for, settings_for
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

    def tables(self, bind: str | None = None) -> set[str]:
        """The tables of one of its databases, but the journal's."""
        with self.app.app_context():
            names = inspect(self.db.engines[bind]).get_table_names()
        return {name for name in names if not name.startswith("init_journal")}


def shop(folder: Path, url: str, *, multidb: bool, binds: dict[str, str] | None = None) -> Shop:
    """The application on `url`, its directory made from one of the two templates."""
    app = Flask("shop", root_path=str(folder))
    app.config.update(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_BINDS=binds or {})
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


def test_several_databases_are_refused(tmp_path: Path, database_url: str, plain_url: str) -> None:
    """Named, before a table is made in any of them."""
    made = shop(tmp_path, database_url, multidb=True, binds={"stock": plain_url})
    (error,) = made.initializer().initialize().errors
    assert "error: env-py-several-databases" in error
    assert str(made.migrations / "env.py") in error
    for url in (database_url, plain_url):
        assert url.rpartition("/")[2].partition("?")[0] in error
    assert made.tables() == set()
    assert made.tables("stock") == set()


def test_two_phase_on_one_database_is_refused(tmp_path: Path, postgresql_url: str) -> None:
    """psycopg2 commits nothing inside a two-phase transaction."""
    made = shop(tmp_path, postgresql_url, multidb=True)
    env_py = made.migrations / "env.py"
    env_py.write_text(env_py.read_text().replace("USE_TWOPHASE = False", "USE_TWOPHASE = True"))
    (error,) = made.initializer().initialize().errors
    assert "error: two-phase-refused" in error
    assert made.tables() == set()
