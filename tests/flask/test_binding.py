"""From app and db to an Initializer: settings, engine, models, revisions, roles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, inspect, make_url, text

from initdb import DatabaseInitializer, InitError
from initdb.flask import initializer_for, settings_for
from initdb.flask.extension import engine_of
from initdb.settings import Settings
from tests.support.flask_app import Shop, journal, shop
from tests.support.postgres_server import PostgresServer


def settings_of(folder: Path, **config: Any) -> Settings:
    """The settings of an application in `folder`."""
    app = Flask("shop", root_path=str(folder))
    app.config.update(config)
    return settings_for(app, create_engine("sqlite://"))


class TestSettings:
    """Files, app.config, environment: the later the stronger."""

    def test_each_source_is_stronger_than_the_one_before(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "initdb.toml").write_text("attempts = 1\nbatch_size = 1\nlock_timeout = 1\n")
        monkeypatch.setenv("INITDB_ATTEMPTS", "3")
        found = settings_of(tmp_path, INITDB_ATTEMPTS=2, INITDB_BATCH_SIZE=2)
        assert (found.attempts, found.batch_size, found.lock_timeout) == (3, 2, 1.0)

    def test_files_are_found_above_the_application_then_from_the_working_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package, elsewhere = tmp_path / "project" / "shop", tmp_path / "elsewhere"
        for folder in (package, elsewhere):
            folder.mkdir(parents=True)
        (elsewhere / "initdb.toml").write_text("attempts = 7")
        monkeypatch.chdir(elsewhere)
        assert settings_of(package).attempts == 7
        (tmp_path / "project" / "pyproject.toml").write_text("[tool.initdb]\nattempts = 8")
        assert settings_of(package).attempts == 8

    def test_relative_paths_in_app_config_start_from_the_application(self, tmp_path: Path) -> None:
        assert settings_of(tmp_path, INITDB_SEEDS="seeds").seeds == (str(tmp_path / "seeds"),)

    @pytest.mark.parametrize(
        ("key", "value"), [("INITDB_MODE", "wrok"), ("INITDB_ATTEMPTS", "many"), ("INITDB_MODUS", "work")]
    )
    def test_a_bad_key_or_value_in_app_config_is_named(self, tmp_path: Path, key: str, value: str) -> None:
        with pytest.raises(InitError) as caught:
            settings_of(tmp_path, **{key: value})
        assert caught.value.reference in ("bad-setting", "unknown-setting")
        assert f"{key} in app.config" in caught.value.context[0]

    def test_none_is_not_set_and_other_keys_are_not_ours(self, tmp_path: Path) -> None:
        found = settings_of(tmp_path, INITDB_MODE=None, INITDB_ADMIN_PASSWORD="x", MODE="off")
        assert found.mode == "work"

    def test_the_database_is_the_applications_own(
        self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """DATABASE_URL may mean something else, or nothing that a URL could be."""
        monkeypatch.setenv("DATABASE_URL", "to be filled in by the operator")
        made = shop(sqlite_url)
        assert initializer_for(made.app, made.db).engine is engine_of(made.app, made.db)


class TestModels:
    """What makes the schema."""

    def test_the_identity_schema_is_made_where_it_is_asked_for(
        self, database_url: str, engine: Engine
    ) -> None:
        made = shop(database_url, models=False, INITDB_SCHEMA_FROM="identity")
        assert DatabaseInitializer(made.app, made.db).initialize().success
        assert {"tenants", "users", "roles", "permissions"} <= set(inspect(engine).get_table_names())

    def test_an_application_that_forgot_its_models_gets_nothing(
        self, database_url: str, engine: Engine
    ) -> None:
        """Its empty database stays empty: nobody asked for tenants and users there."""
        made = shop(database_url, models=False)
        result = DatabaseInitializer(made.app, made.db).initialize()
        assert "error: schema-not-named" in result.errors[0]
        assert "Import the models before init_app" in result.errors[0]
        assert not inspect(engine).get_table_names()

    def test_an_application_with_models_that_asks_for_the_identity_schema(
        self, database_url: str, engine: Engine
    ) -> None:
        """The two contradict each other."""
        made = shop(database_url, INITDB_SCHEMA_FROM="identity")
        result = DatabaseInitializer(made.app, made.db).initialize()
        assert "error: bad-setting" in result.errors[0]
        assert not inspect(engine).get_table_names()

    def test_revisions_make_the_tables_though_there_are_models(
        self, database_url: str, engine: Engine, tmp_path: Path
    ) -> None:
        """What only revisions make would be missing otherwise."""
        made = shop(database_url, migrations=tmp_path / "migrations").with_revisions("r1")
        assert DatabaseInitializer(made.app, made.db).initialize().success
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "r1"
        assert "migration_applied" in journal(engine) and "schema_created" not in journal(engine)


class TestRevisions:
    """Flask-Migrate's directory, in the application's context."""

    def test_the_directory_is_found_from_elsewhere(
        self, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Flask-Migrate takes a relative one from the working directory only; servers start elsewhere."""
        project = tmp_path / "project"
        (project / "shop").mkdir(parents=True)
        shop(sqlite_url, migrations=project / "migrations").with_revisions("r1")
        made = shop(sqlite_url)
        made.app.root_path = str(project / "shop")
        flask_migrate.Migrate(made.app, made.db)
        monkeypatch.chdir(tmp_path)
        graph = initializer_for(made.app, made.db).site.application.graph
        assert graph is not None
        assert graph.heads == ("r1",)

    def test_a_directory_that_was_never_made_is_no_error(self, sqlite_url: str, tmp_path: Path) -> None:
        made = shop(sqlite_url, migrations=tmp_path / "migrations")
        assert initializer_for(made.app, made.db).site.application.graph is None

    def test_the_setting_wins_over_flask_migrate(self, sqlite_url: str, tmp_path: Path) -> None:
        shop(sqlite_url, migrations=tmp_path / "one").with_revisions("one")
        shop(sqlite_url, migrations=tmp_path / "two").with_revisions("two")
        made = shop(sqlite_url, migrations=tmp_path / "one", INITDB_MIGRATIONS=str(tmp_path / "two"))
        graph = initializer_for(made.app, made.db).site.application.graph
        assert graph is not None
        assert graph.heads == ("two",)

    def test_configure_callbacks_are_heard(self, database_url: str, tmp_path: Path) -> None:
        """env.py gets the Config that Flask-Migrate makes."""
        made = shop(database_url, migrations=tmp_path / "migrations", INITDB_SCHEMA_FROM="migrations")
        made.with_revisions("r1")
        heard: list[Any] = []

        def configure(config: Any) -> Any:
            heard.append(config.get_main_option("script_location"))
            return config

        made.app.extensions["migrate"].migrate.configure(configure)
        assert DatabaseInitializer(made.app, made.db).initialize().success
        assert heard == [str(tmp_path / "migrations")]

    def test_an_env_py_without_flask_migrate_runs_in_the_context_too(
        self, database_url: str, engine: Engine, tmp_path: Path
    ) -> None:
        made = shop(database_url, migrations=tmp_path / "migrations").with_revisions("r1")
        del made.app.extensions["migrate"]
        (tmp_path / "migrations" / "env.py").write_text(ENV)
        made.app.config.update(
            INITDB_MIGRATIONS=str(tmp_path / "migrations"), INITDB_SCHEMA_FROM="migrations"
        )
        result = DatabaseInitializer(made.app, made.db).initialize()
        assert result.success, result.errors
        assert "migration_applied" in journal(engine)


ENV = """
from alembic import context
from flask import current_app

engine = current_app.extensions["sqlalchemy"].engine
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


class TestWorkUrl:
    """The application's own role is small: another one does the work."""

    @pytest.fixture
    def made(self, postgresql_url: str, server: PostgresServer, tmp_path: Path) -> Iterator[Shop]:
        """An application whose role may read and write, and create nothing."""
        database = str(make_url(postgresql_url).database)
        server.create_password_role("small", "little")
        for statement in (
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE ON TABLES TO small",
        ):
            server.admin_execute(statement, database=database)
        yield shop(
            server.url(database, user="small", password="little"),
            migrations=tmp_path / "migrations",
            INITDB_WORK_URL=postgresql_url,
            INITDB_SCHEMA_FROM="migrations",
        ).with_revisions("r1")
        server.admin_execute("DROP OWNED BY small", database=database)
        server.admin_execute("DROP ROLE small")

    def test_env_py_works_as_the_one_and_the_application_serves_as_the_other(self, made: Shop) -> None:
        """Flask-Migrate's env.py asks the db for its engine: while it runs, that is the other role's."""
        result = DatabaseInitializer(made.app, made.db).initialize()
        assert result.success, result.errors
        with made.app.app_context():
            assert made.db.session.scalar(text("SELECT current_user")) == "small"
        assert made.app.test_client().get("/").status_code == 200


@pytest.mark.parametrize("db", [object(), None])
def test_what_is_no_db_is_refused(db: Any) -> None:
    """The error names the application."""
    with pytest.raises(InitError) as caught:
        initializer_for(Flask("shop"), db)
    assert caught.value.reference == "bad-app"
    assert "shop" in caught.value.context[0]
