"""How an env.py gets its URL, its connection, its arguments and its logging."""

from __future__ import annotations

import logging
import logging.config
import uuid
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from sqlalchemy import NullPool, create_engine, make_url

from initdb.errors import InitError
from tests.env_py.project import Project, project
from tests.support.postgres_server import PostgresServer

INI = """
[alembic]
script_location = %(here)s/alembic

[loggers]
keys = root,sqlalchemy,alembic

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = ERROR
handlers = console
qualname =

[logger_sqlalchemy]
level = ERROR
handlers =
qualname = sqlalchemy.engine

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
"""


def ready(made: Project) -> None:
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.applied() == ["r1", "r2"]


def test_a_connection_that_must_be_given(made: Project) -> None:
    """Through a callable that puts it into the Config's attributes; it is not closed by us."""
    made.env("""
        connection = config.attributes["connection"]
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
        """)

    def provide(run: Callable[[Config], None]) -> None:
        engine = create_engine(made.url, poolclass=NullPool)
        config = made.config()
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            run(config)
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1

    made.provider = provide
    ready(made)


def test_the_engine_that_we_give(made: Project) -> None:
    """An env.py that is written for initdb may take config.attributes["engine"]."""
    made.env("""
        with config.attributes["engine"].connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    ready(made)


def test_a_callable_that_fails_is_named(made: Project) -> None:
    """What it raises is no revision's failure, whether it is asked where the revisions are or to run them."""
    calls = 0

    def provide(run: Callable[[Config], None]) -> None:
        nonlocal calls
        calls += 1
        if calls != 2:
            raise LookupError("no application context")
        run(made.config())

    made.provider = provide
    with pytest.raises(InitError) as raised:
        made.initializer()
    error = made.failure()
    for told in (str(raised.value), error):
        assert "env-py-failed" in told
        assert "LookupError" in told
        assert "no application context" not in told
        assert "test_config.py line" in told


def test_a_url_of_the_environment(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read by env.py itself, past the Config."""
    monkeypatch.setenv("SHOP_DATABASE", made.url)
    made.env("""
        import os
        with create_engine(os.environ["SHOP_DATABASE"]).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    ready(made)


def test_arguments_of_the_command_line(made: Project) -> None:
    """Without any, env.py sees what `alembic upgrade heads` gives it."""
    made.env("""
        assert context.get_x_argument() == []
        assert context.get_x_argument(as_dictionary=True).get("tenant", "none") == "none"
        assert config.cmd_opts.cmd[0].__name__ == "upgrade"
        assert config.cmd_opts.revision == "heads"
        assert context.get_revision_argument() == ("r2",), context.get_revision_argument()
        assert context.get_head_revision() == "r2"
        assert context.get_tag_argument() is None
        assert not context.is_offline_mode()
        with create_engine(url).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    ready(made)


def test_arguments_of_its_own_are_given_by_a_callable(made: Project) -> None:
    """As `-x tenant=one` on Alembic's command line."""
    made.env("""
        assert context.get_x_argument(as_dictionary=True) == {"tenant": "one"}
        with create_engine(url).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)

    def provide(run: Callable[[Config], None]) -> None:
        config = made.config()
        config.cmd_opts = Namespace(x=["tenant=one"])
        run(config)

    made.provider = provide
    ready(made)


@pytest.fixture
def secretive(tmp_path: Path, server: PostgresServer) -> Iterator[tuple[Project, str]]:
    """A database of a role whose password holds every character that a Config or a URL mangles."""
    name, password = f"shop_{uuid.uuid4().hex[:12]}", "100%s:p@ss/%(here)s%%#?"
    server.create_password_role(name, password)
    server.admin_execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 STRATEGY file_copy")
    url = make_url(server.url(name)).set(username=name, password=password)
    yield project(tmp_path, url.render_as_string(hide_password=False)), password
    server.admin_execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.admin_execute(f"DROP ROLE {name}")


def test_a_percent_sign_in_the_password(secretive: tuple[Project, str]) -> None:
    """ConfigParser would take it for an interpolation."""
    made, password = secretive
    made.env("""
        from sqlalchemy import engine_from_config
        section = config.get_section(config.config_ini_section, {})
        with engine_from_config(section, prefix="sqlalchemy.").connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    made.revision(2, "    raise ValueError(str(op.get_bind().engine.url.render_as_string(False)))")
    error = made.failure()
    assert "revision-failed" in error
    assert made.applied() == ["r1"]
    told = error + "".join(str(entry) for entry in made.initializer().entries())
    assert not [part for part in (password, "p@ss", "p%40ss") if part in told]


@pytest.fixture
def kept_root() -> Iterator[None]:
    """pytest's own logging, whatever a test does to it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_logging_is_as_it_was_before(
    made: Project, kept_root: None, capfd: pytest.CaptureFixture[str]
) -> None:
    """fileConfig closes every handler and disables every logger that it does not name."""
    (made.folder / "alembic.ini").write_text(INI)
    made.given = made.folder / "alembic.ini"
    made.env("""
        import logging
        from logging.config import fileConfig

        logging.getLogger("shop.imported_by_env")
        fileConfig(config.config_file_name)
        with create_engine(url).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    log = made.folder / "shop.log"
    handler = logging.FileHandler(log, mode="w")
    own, engine_logger = logging.getLogger("shop.own"), logging.getLogger("sqlalchemy.engine")
    own.addHandler(handler)
    own.setLevel(logging.INFO)
    own.propagate = False
    engine_logger.addHandler(handler)
    engine_logger.setLevel(logging.WARNING)
    try:
        own.info("before")
        root = logging.getLogger()
        before = (list(root.handlers), root.level)
        ready(made)
        assert (list(root.handlers), root.level) == before
        assert engine_logger.handlers == [handler]
        assert engine_logger.level == logging.WARNING
        assert not logging.getLogger("shop.imported_by_env").disabled
        assert not own.disabled
        own.info("after")
        assert log.read_text() == "before\nafter\n"
    finally:
        own.removeHandler(handler)
        engine_logger.removeHandler(handler)
        engine_logger.setLevel(logging.NOTSET)
        handler.close()
    # What plain Alembic says of each revision, it says here too.
    assert "Running upgrade r1 -> r2" in capfd.readouterr().err


def test_a_toml_configuration(made: Project) -> None:
    """[tool.alembic] of a pyproject.toml, with logging and URL elsewhere."""
    made.given = made.folder / "pyproject.toml"
    made.given.write_text('[tool.alembic]\nscript_location = "%(here)s/alembic"\n')
    ready(made)


def test_an_env_py_that_boots_the_application(made: Project) -> None:
    """Many make the application to get at its URL, and its factory boots: that is this run."""
    made.env(f"""
        from pathlib import Path
        from tests.env_py.project import Project

        inner = Project(Path({str(made.folder)!r}), url, tables=2)
        assert inner.initializer().boot().success
        with create_engine(url).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    ready(made)


def test_logging_of_a_directory_without_an_ini_file(made: Project) -> None:
    """Older templates call fileConfig without asking whether there is a file."""
    made.env("""
        from logging.config import fileConfig

        fileConfig(config.config_file_name)
        with create_engine(url).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    ready(made)
