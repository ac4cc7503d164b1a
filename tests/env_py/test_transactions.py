"""However env.py handles transactions: one transaction and event per revision, plain Alembic's result."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.env_py.project import Project, brought_to_ready, project
from tests.support.crash import killed_after
from tests.support.toy import table_up

SHAPES = {
    "generic template": """
        with create_engine(url, poolclass=pool.NullPool).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """,
    "connection.begin()": """
        with create_engine(url).connect() as connection, connection.begin():
            context.configure(connection=connection)
            context.run_migrations()
        """,
    "connection.begin() and begin_transaction()": """
        with create_engine(url).connect() as connection:
            with connection.begin():
                context.configure(connection=connection)
                with context.begin_transaction():
                    context.run_migrations()
        """,
    "engine.begin()": """
        with create_engine(url).begin() as connection:
            context.configure(connection=connection)
            context.run_migrations()
        """,
    "begun by a SELECT": """
        with create_engine(url).connect() as connection:
            connection.execute(text("SELECT 1"))
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
        """,
    "a transaction for each migration": """
        with create_engine(url).connect() as connection:
            context.configure(connection=connection, transaction_per_migration=True)
            with context.begin_transaction():
                context.run_migrations()
        """,
    "no transactional DDL": """
        with create_engine(url).connect() as connection:
            context.configure(connection=connection, transactional_ddl=False)
            with context.begin_transaction():
                context.run_migrations()
        """,
    "an engine in autocommit": """
        with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
            if connection.dialect.name == "postgresql":
                assert connection.connection.dbapi_connection.autocommit
            else:
                assert connection.connection.dbapi_connection.isolation_level is None
        """,
    "a connection in autocommit": """
        with create_engine(url).connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """,
    "serializable": """
        with create_engine(url, isolation_level="SERIALIZABLE").connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """,
    "a session": """
        from sqlalchemy.orm import Session
        with Session(create_engine(url)) as session:
            context.configure(connection=session.connection())
            context.run_migrations()
            session.commit()
        """,
    "work before and after": """
        with create_engine(url).connect() as connection:
            context.configure(connection=connection, transactional_ddl=True)
            with context.begin_transaction():
                connection.execute(text("CREATE TABLE env_before (id INTEGER PRIMARY KEY)"))
                context.run_migrations()
                connection.execute(text("CREATE TABLE env_after (id INTEGER PRIMARY KEY)"))
                connection.execute(text("INSERT INTO env_after VALUES (7)"))
        """,
    "a transaction begun afterwards": """
        with create_engine(url).connect() as connection:
            context.configure(connection=connection, transactional_ddl=True)
            with context.begin_transaction():
                context.run_migrations()
            with connection.begin():
                connection.execute(text("CREATE TABLE env_after (id INTEGER PRIMARY KEY)"))
        """,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_way_to_begin_ends_in_the_same_schema(made: Project, plain_url: str, shape: str) -> None:
    """The application's own transaction is taken as it comes."""
    made.env(SHAPES[shape])
    brought_to_ready(made, plain_url)
    assert made.applied() == ["r1", "r2"]


def test_repeatable_read(made: Project, plain_url: str) -> None:
    """A snapshot that is older than the journal's lock is not used."""
    isolation = "READ UNCOMMITTED" if made.url.startswith("sqlite") else "REPEATABLE READ"
    made.env(f"""
        with create_engine(url, isolation_level="{isolation}").connect() as connection:
            connection.execute(text("SELECT 1"))
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
        """)
    brought_to_ready(made, plain_url)


def test_without_begin_transaction_it_migrates(made: Project) -> None:
    """Plain Alembic rolls everything back on PostgreSQL when such an env.py closes its connection."""
    made.env("""
        with create_engine(url).connect() as connection:
            context.configure(connection=connection)
            context.run_migrations()
        """)
    assert made.initializer().initialize().success
    assert made.sql("SELECT count(*) FROM t2") == [(1,)]


@pytest.mark.parametrize("shape", ["engine.begin()", "an engine in autocommit", "begun by a SELECT"])
def test_killed_after_a_revision_the_next_boot_goes_on(made: Project, plain_url: str, shape: str) -> None:
    """Each revision stands by itself, whatever transaction env.py believes it is in."""
    made.env(SHAPES[shape])
    killed_after(made, "migration_applied")
    assert made.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    brought_to_ready(made, plain_url)
    assert made.applied() == ["r1", "r2"]


ENUM = (
    '    op.create_table("t{number}", sa.Column("id", sa.Integer, primary_key=True),'
    ' sa.Column("mood", sa.Enum("good", "bad", name="mood")))'
)


def test_what_alembic_remembers_between_revisions_is_remembered_after_a_kill(
    made: Project, plain_url: str
) -> None:
    """Two revisions that make the same enum type pass in one run, so they pass in two."""
    for number in (1, 2):
        made.revision(number, ENUM.format(number=number))
    killed_after(made, "migration_applied")
    brought_to_ready(made, plain_url)
    assert made.applied() == ["r1", "r2"]


def test_settings_for_one_transaction_end_with_the_first_revision(
    tmp_path: Path, postgresql_url: str
) -> None:
    """SET LOCAL before run_migrations: as in plain Alembic with a transaction for each migration."""
    made = project(tmp_path, postgresql_url)
    made.env("""
        with create_engine(url).connect() as connection:
            connection.execute(text("SET application_name = 'of the session'"))
            connection.execute(text("SET LOCAL application_name = 'of the transaction'"))
            context.configure(connection=connection)
            context.run_migrations()
        """)
    note = "INSERT INTO t1 (id, name) VALUES ({number}0, current_setting('application_name') || {number})"
    made.revision(1, table_up(1) + f'\n    op.execute("{note.format(number=1)}")')
    made.revision(2, f'    op.execute("{note.format(number=2)}")')
    assert made.initializer().initialize().success
    told = made.sql("SELECT name FROM t1 WHERE id >= 10 ORDER BY id")
    assert told == [("of the session1",), ("of the session2",)]
