"""The scripts of the identity schema create what its models create."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, StaticPool, create_engine, inspect, text

import initdb.migrations
from initdb.steps.identity.models import IDENTITY, TABLES, VERSION_TABLE
from tests.support.states import database_state

SCRIPTS = Path(initdb.migrations.__file__).parent / "identity"


def _config(url: str | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    if url is not None:
        config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def test_scripts_and_models_make_the_same_schema(engine: Engine, database_url: str) -> None:
    """Every column, constraint, index and sequence is equal by the database's own catalog."""
    IDENTITY.create_all(engine)
    expected = database_state(engine)
    IDENTITY.drop_all(engine)
    command.upgrade(_config(database_url), "head")
    with engine.begin() as connection:
        version = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))
        connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
    assert version == ScriptDirectory.from_config(_config()).get_current_head()
    assert database_state(engine) == expected


def test_autogenerate_finds_nothing_to_add(engine: Engine, database_url: str) -> None:
    """The next revision begins from models that the scripts agree with."""
    command.upgrade(_config(database_url), "head")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, IDENTITY) == []


def test_a_comparison_leaves_the_applications_tables_alone(engine: Engine, database_url: str) -> None:
    """`alembic check` in a database that has more than the identity schema finds no difference."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (id INTEGER PRIMARY KEY)"))
    command.upgrade(_config(database_url), "head")
    with redirect_stdout(io.StringIO()):
        command.check(_config(database_url))


def test_downgrade_takes_all_tables_away(engine: Engine, database_url: str) -> None:
    """And upgrading again brings them back."""
    command.upgrade(_config(database_url), "head")
    command.downgrade(_config(database_url), "base")
    assert inspect(engine).get_table_names() == [VERSION_TABLE]
    command.upgrade(_config(database_url), "head")
    assert set(inspect(engine).get_table_names()) == {VERSION_TABLE, *TABLES}


def test_a_database_in_memory_is_reached_by_its_engine() -> None:
    """It exists in the engine's one connection only; a URL would open another database."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    config = _config()
    config.attributes["engine"] = engine
    command.upgrade(config, "head")
    assert set(TABLES) <= set(inspect(engine).get_table_names())


@pytest.mark.parametrize("url", ["sqlite://", "postgresql+psycopg2://"])
def test_the_scripts_can_be_written_as_sql(url: str) -> None:
    """Some teams let a person apply it."""
    out = io.StringIO()
    config = _config(url)
    config.output_buffer = out
    command.upgrade(config, "head", sql=True)
    assert all(f"CREATE TABLE {table} (" in out.getvalue() for table in (*TABLES, VERSION_TABLE))


def test_a_new_revision_can_be_written(tmp_path: Path) -> None:
    """The template makes a script that Python and Alembic can read."""
    config = _config()
    config.set_main_option("version_locations", str(tmp_path))
    config.set_main_option("path_separator", "newline")
    made = command.revision(config, "add a column")
    assert made is not None and not isinstance(made, list)
    compile(Path(made.path).read_text(encoding="utf-8"), made.path, "exec")
    assert made.doc == "add a column."
