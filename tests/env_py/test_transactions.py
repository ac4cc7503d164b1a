"""However an env.py handles transactions: one transaction and event a revision, plain Alembic's result."""

from __future__ import annotations

import pytest

from tests.env_py.project import Project, brought_to_ready
from tests.support.crash import killed_after

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
