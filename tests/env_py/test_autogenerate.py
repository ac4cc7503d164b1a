"""Autogenerate beside the journal: what a team writes with its own tools does not touch its tables."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import flask_migrate
import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from initdb import init_app
from initdb.events.head import NAMES
from initdb.events.sessions import session
from initdb.events.views import VIEWS
from initdb.statemachine.decide.audit import audit
from initdb.steps.env_py.kept_logging import kept_logging
from tests.support.flask_app import journal, shop
from tests.support.toy import Toy

ENV = """
from alembic import context
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, pool

metadata = MetaData()
for number in range(1, {tables} + 1):
    Table(f"t{{number}}", metadata, Column("id", Integer, primary_key=True),
        Column("name", String(40), nullable=False, unique=True))
engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata{options})
    with context.begin_transaction():
        context.run_migrations()
"""
MAKO = '''revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
said = """${upgrades or 'nothing'}"""
'''

CHOSEN = "'alembic.autogenerate.schemas', 'alembic.autogenerate.tables'"

# What Flask-Migrate's own env.py does.
pytestmark = pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning")


class Team:
    """A toy, and plain Alembic's configuration for its directory. `models` are those that env.py has."""

    def __init__(self, folder: Path, url: str, models: int = 3, options: str = "", **settings: str) -> None:
        """`options`: more arguments of `context.configure`."""
        self.toy = Toy(folder, url, options={"schema_from": "migrations", **settings}).with_revisions(models)
        self.has(models, options)
        (self.toy.migrations / "script.py.mako").write_text(MAKO)
        self.config = Config()
        self.config.set_main_option("script_location", str(self.toy.migrations).replace("%", "%%"))
        self.config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))

    def has(self, models: int, options: str = "") -> None:
        """Write env.py."""
        (self.toy.migrations / "env.py").write_text(ENV.format(tables=models, options=options))

    def ready(self) -> Team:
        """Boot, which must end well."""
        result = self.toy.initializer().initialize()
        assert result.success, result.errors
        return self

    def check(self) -> None:
        """`alembic check`."""
        command.check(self.config)

    def written(self) -> str:
        """What `alembic revision --autogenerate` writes."""
        script = command.revision(self.config, message="more", autogenerate=True)
        assert script is not None and not isinstance(script, list)
        return Path(script.path).read_text()


@pytest.mark.parametrize("options", ["", ", include_schemas=True", ", compare_type=False"])
def test_autogenerate_sees_nothing_of_a_journal(tmp_path: Path, database_url: str, options: str) -> None:
    """`alembic check` passes. A revision has what the models have more, and no other change."""
    team = Team(tmp_path, database_url, options=options).ready()
    team.check()
    team.has(4, options)
    text = team.written()
    assert "create_table('t4'" in text
    assert "init_journal" not in text and "drop_" not in text


def test_a_journal_in_a_schema_of_its_own(tmp_path: Path, postgresql_url: str) -> None:
    """An env.py that compares all schemas meets it there."""
    Team(tmp_path, postgresql_url, options=", include_schemas=True", journal_schema="audit").ready().check()


@pytest.mark.parametrize("name", ["init_journal", "init_journal_head"])
def test_a_table_that_only_has_the_name_is_seen(tmp_path: Path, database_url: str, name: str) -> None:
    """It is no journal's, so autogenerate names it as ever."""
    team = Team(tmp_path, database_url, models=0)
    team.toy.sql(f"CREATE TABLE {name} (id integer)")
    assert f"drop_table('{name}')" in team.written()


def test_an_env_py_that_chooses_its_plugins(tmp_path: Path, database_url: str) -> None:
    """A list without the plugin leaves it out, and the journal is seen. Named in the list, it works."""
    team = Team(tmp_path, database_url, options=f", autogenerate_plugins=[{CHOSEN}]").ready()
    with pytest.raises(CommandError, match="init_journal"):
        team.check()
    team.has(3, f", autogenerate_plugins=[{CHOSEN}, 'alembic.autogenerate.initdb']")
    team.check()


def test_the_commands_of_flask_migrate(tmp_path: Path, database_url: str) -> None:
    """After a boot `flask db check` passes, and `flask db migrate` writes the new table alone."""
    folder = tmp_path / "migrations"
    made = shop(database_url, migrations=folder, INITDB_SCHEMA_FROM="migrations").with_revisions("one")
    init_app(made.app, made.db)
    known = set(folder.glob("versions/*.py"))
    # Its env.py configures logging, and with that disables the loggers of this process.
    with made.app.app_context(), kept_logging():
        flask_migrate.check()
        made.db.Table("basket", made.db.metadata, made.db.Column("id", made.db.Integer, primary_key=True))
        flask_migrate.migrate(message="basket")
        (new,) = set(folder.glob("versions/*.py")) - known
        assert "create_table('basket'" in new.read_text() and "init_journal" not in new.read_text()
        flask_migrate.upgrade()
        flask_migrate.check()
        assert journal(made.db.engine)[-1] == "health_validated"


def test_every_alembic_can_load_the_plugin() -> None:
    """Alembic before 1.19.1 iterates over what the entry point names; later ones warn of all but a module."""
    plugin = importlib.import_module("initdb.alembic_plugin")
    assert isinstance(plugin, ModuleType)
    assert list(plugin) == [plugin]


def test_a_downgrade_to_base_leaves_the_journal(tmp_path: Path, database_url: str) -> None:
    """By plain Alembic. The next boot goes up again, and the history is whole."""
    team = Team(tmp_path, database_url).ready()
    before = team.toy.types()
    command.downgrade(team.config, "base")
    assert team.toy.types() == before
    assert team.ready().toy.types()[: len(before)] == before
    initializer = team.toy.initializer()
    with session(initializer.engine) as connection:
        assert not audit(connection, initializer.look().journal).findings
    assert team.toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]


def test_the_command_of_alembic(tmp_path: Path, database_url: str) -> None:
    """In a process of its own, by the entry point of the package, without a word of initdb in env.py."""
    Team(tmp_path, database_url).ready()
    url = database_url.replace("%", "%%")
    (tmp_path / "alembic.ini").write_text(
        f"[alembic]\nscript_location = alembic\nsqlalchemy.url = {url}\npath_separator = os\n"
    )
    words = [sys.executable, "-m", "alembic", "check"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No new upgrade operations detected." in done.stdout + done.stderr


def test_a_journal_that_a_revision_dropped(tmp_path: Path, database_url: str) -> None:
    """Written where initdb is not installed, and run by plain Alembic: the next boot names the revision."""
    team = Team(tmp_path, database_url).ready()
    dropped = [f'    op.execute("DROP VIEW {name}")' for name in VIEWS]
    dropped += [f'    op.drop_table("{name}")' for name in NAMES]
    team.toy.revision(4, "\n".join(dropped), doc="what autogenerate wrote")
    command.upgrade(team.config, "head")
    result = team.toy.initializer().initialize()
    assert result.success, result.errors
    first = next(iter(team.toy.initializer().entries()))
    assert (first.type, first.data["dropped_by"]) == ("journal_created", ["r4"])
    assert team.toy.initializer().initialize().success
