"""An env.py that is wrong or hides an error: one clear error names it, and only the journal changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.env_py.project import Project, project

BROKEN = '    op.execute("INSERT INTO nowhere VALUES (1)")'


def tables(made: Project) -> set[str]:
    """The application's tables."""
    listed = (
        "SELECT name FROM sqlite_schema WHERE type = 'table'"
        if made.url.startswith("sqlite")
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    return {name for (name,) in made.sql(listed) if not name.startswith("init_journal")}


@pytest.mark.parametrize("swallowed", ["OperationalError", "DBAPIError", "Exception", "BaseException"])
def test_an_error_that_env_py_swallows_is_told(made: Project, swallowed: str) -> None:
    """Plain Alembic exits 0 here and nothing was migrated."""
    made.env(f"""
        from sqlalchemy.exc import DBAPIError, OperationalError
        try:
            with create_engine(url).connect() as connection:
                context.configure(connection=connection)
                with context.begin_transaction():
                    context.run_migrations()
        except {swallowed}:
            pass
        """)
    made.revision(2, BROKEN)
    error = made.failure()
    assert "revision-failed" in error
    assert "revision r2" in error
    assert "002_r2.py line 11" in error
    assert "nowhere" in error
    assert made.applied() == ["r1"]
    assert tables(made) == {"t1", "alembic_version"}


def test_an_env_py_that_tries_its_connection_again_is_let_do_so(made: Project) -> None:
    """An OperationalError of its own is its own affair."""
    made.env("""
        from sqlalchemy.exc import OperationalError
        urls = ["postgresql+psycopg2://nobody@127.0.0.1:1/none", url]
        for number in range(3):
            try:
                connection = create_engine(urls[min(number, 1)]).connect()
                break
            except OperationalError:
                pass
        context.configure(connection=connection)
        context.run_migrations()
        connection.close()
        """)
    result = made.initializer().initialize()
    assert result.success, result.errors


@pytest.mark.parametrize(
    ("source", "reference", "words"),
    [
        ("pass", "env-py-ran-nothing", ["env.py"]),
        ("if False:\n    context.run_migrations()", "env-py-ran-nothing", ["env.py"]),
        (
            "context.configure(connection=create_engine(url).connect(), fn=lambda rev, context: [])\n"
            "context.run_migrations()",
            "env-py-ran-nothing",
            ["fn="],
        ),
        (
            "try:\n"
            "    context.configure(connection=create_engine(url).connect(), fn=lambda rev, context: [])\n"
            "    context.run_migrations()\n"
            "except Exception:\n"
            "    pass",
            "env-py-ran-nothing",
            ["fn="],
        ),
        ("context.configure(url=url)\ncontext.run_migrations()", "env-py-ran-nothing", ["offline"]),
        ("import os\nos.environ['NOT_SET']", "env-py-failed", ["KeyError", "NOT_SET", "env.py line 8"]),
        ("import no_such_module", "env-py-failed", ["no_such_module", "env.py line 7"]),
        (
            "import sys\nsys.modules['psycopg'] = None\n"
            "try:\n    create_engine('postgresql+psycopg://h/x')\nfinally:\n    del sys.modules['psycopg']",
            "env-py-failed",
            ["postgresql+psycopg2://", "pip install 'psycopg[binary]'. Then: "],
        ),
        ("raise SystemExit(3)", "env-py-failed", ["sys.exit(3)", "env.py line 7"]),
        ("context.nothing_like_it()", "env-py-failed", ["nothing_like_it", "env.py line 7"]),
        ("def broken(:\n    pass", "env-py-failed", ["env.py line 7"]),
        (
            "connection = create_engine(url).connect()\n"
            "context.configure(connection=connection)\n"
            "connection.execute(text('SELECT * FROM settings_of_the_app'))\n"
            "context.run_migrations()",
            "env-py-failed",
            ["settings_of_the_app", "env.py line 9"],
        ),
        (
            "create_engine('postgresql+psycopg2://nobody:secret@127.0.0.1:1/none').connect()",
            "connection-refused",
            [],
        ),
    ],
)
def test_what_env_py_does_wrong_is_its_own_failure(
    made: Project, source: str, reference: str, words: list[str]
) -> None:
    """The reference says env.py, the context says where; no table was made."""
    made.env(source)
    error = made.failure()
    assert f"error: {reference}" in error
    assert [word for word in words if word not in error] == []
    assert "secret" not in error
    assert tables(made) == set()


def test_an_error_after_the_revisions_is_told_and_they_stand(made: Project) -> None:
    """What env.py does afterwards is its own; the revisions have their events."""
    made.env("""
        with create_engine(url).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        raise ValueError("later")
        """)
    error = made.failure()
    assert "env-py-failed" in error
    assert "ValueError" in error
    assert "later" not in error
    assert made.applied() == ["r1", "r2"]
    assert not made.initializer().initialize().success


def test_another_database_is_refused_before_anything_is_changed(made: Project, plain_url: str) -> None:
    """Neither in the one nor in the other; both are named without a password."""
    made.env(f"""
        with create_engine({plain_url!r}).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    error = made.failure()
    assert "env-py-other-database" in error
    assert str(made.migrations / "env.py") in error
    assert plain_url.rpartition("/")[2].partition("?")[0] in error
    assert tables(made) == set()
    assert tables(Project(made.folder, plain_url)) == set()


def test_two_phase_transactions_are_refused(made: Project) -> None:
    """psycopg2 does not commit inside one, so no event could commit with its revision."""
    if made.url.startswith("sqlite"):
        made.env("""
            connection = create_engine(url).connect()
            event.listen(connection, "begin_twophase", lambda connection, xid: None)
            connection.dialect.do_begin_twophase = lambda connection, xid: None
            connection.begin_twophase()
            context.configure(connection=connection)
            context.run_migrations()
            """)
    else:
        made.env("""
            connection = create_engine(url).connect()
            connection.begin_twophase()
            context.configure(connection=connection)
            context.run_migrations()
            """)
    assert "two-phase-refused" in made.failure()
    assert tables(made) == set()


SEVERAL = """
        urls = [url, {second!r}][::{order}]
        connections = [create_engine(one).connect() for one in urls]
        transactions = [connection.begin() for connection in connections]
        for connection in connections:
            context.configure(connection=connection)
            context.run_migrations()
        for transaction in transactions:
            transaction.commit()
        for connection in connections:
            connection.close()
        """


@pytest.mark.parametrize("second_first", [False, True])
def test_several_databases_are_refused_before_the_first_is_changed(
    made: Project, plain_url: str, second_first: bool
) -> None:
    """An env.py of the multidb template: the databases are named."""
    made.env(SEVERAL.format(second=plain_url, order=-1 if second_first else 1))
    error = made.failure()
    assert "env-py-several-databases" in error, error
    assert made.url.rpartition("/")[2].partition("?")[0] in error
    assert plain_url.rpartition("/")[2].partition("?")[0] in error
    assert tables(made) == set()
    assert tables(Project(made.folder, plain_url)) == set()


def test_a_loop_over_one_database_is_none_over_several(made: Project, plain_url: str) -> None:
    """The multidb template with one database in it."""
    made.env(SEVERAL.format(second=plain_url, order=2))
    result = made.initializer().initialize()
    assert result.success, result.errors


def test_the_schemas_of_tenants_are_refused_before_the_first_is_changed(
    tmp_path: Path, postgresql_url: str
) -> None:
    """A loop over schemas has as many version tables, of which one journal cannot tell."""
    made = project(tmp_path, postgresql_url)
    made.sql("CREATE SCHEMA one", "CREATE SCHEMA two")
    made.env("""
        with create_engine(url).connect() as connection:
            for schema in ("one", "two"):
                connection.execute(text(f"SET search_path TO {schema}"))
                context.configure(connection=connection, version_table_schema=schema)
                context.run_migrations()
        """)
    error = made.failure()
    assert "env-py-several-databases" in error, error
    assert "one.alembic_version" in error
    assert "two.alembic_version" in error
    assert made.sql("SELECT count(*) FROM pg_tables WHERE schemaname IN ('one', 'two')") == [(0,)]


def test_migrations_that_are_run_twice_are_refused(made: Project) -> None:
    """Without a loop it is noticed at the second time: the first stands, and the error says so."""
    made.env("""
        connection = create_engine(url).connect()
        context.configure(connection=connection)
        context.run_migrations()
        context.configure(connection=connection, version_table="other_version")
        context.run_migrations()
        """)
    error = made.failure()
    assert "env-py-several-databases" in error, error
    assert "What the first of them did stands" in error
    assert made.applied() == ["r1", "r2"]
