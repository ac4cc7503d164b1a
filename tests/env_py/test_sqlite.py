"""SQLite as applications use it: raw transactions, events of the engine, enforced foreign keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.env_py.project import Project, brought_to_ready, project
from tests.support.crash import killed_after

SHAPES = {
    "COMMIT, PRAGMA, BEGIN IMMEDIATE before and END after": """
        with create_engine(url).connect() as connection:
            connection.exec_driver_sql("SELECT 1")
            connection.exec_driver_sql("COMMIT") if connection.connection.in_transaction else None
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            context.configure(connection=connection)
            context.run_migrations()
            connection.exec_driver_sql("END")
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        """,
    "events that begin exclusively": """
        engine = create_engine(url)

        @event.listens_for(engine, "connect")
        def connected(dbapi, record):
            dbapi.isolation_level = None
            dbapi.execute("PRAGMA foreign_keys = ON")

        @event.listens_for(engine, "begin")
        def begun(connection):
            connection.exec_driver_sql("BEGIN EXCLUSIVE")

        with engine.connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """,
    "events that begin, inside connection.begin()": """
        engine = create_engine(url)
        event.listen(engine, "connect", lambda dbapi, record: setattr(dbapi, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        with engine.begin() as connection:
            context.configure(connection=connection)
            context.run_migrations()
            assert connection.connection.in_transaction
        """,
    "a file that another connection has open": """
        import sqlite3
        other = sqlite3.connect(url.removeprefix("sqlite:///"))
        other.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        with create_engine(url).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        other.close()
        """,
}

ENFORCED = """
        engine = create_engine(url, poolclass=pool.StaticPool)
        event.listen(engine, "connect", lambda dbapi, record: dbapi.execute("PRAGMA foreign_keys = ON"))
        with engine.connect() as connection:
            context.configure(connection=connection, render_as_batch=True)
            with context.begin_transaction():
                context.run_migrations()
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            connection.commit()
        """

FAMILY = """
    op.create_table("parent", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(10)))
    op.create_table("child", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("parent.id", ondelete="CASCADE"), nullable=False))
    op.execute("INSERT INTO parent VALUES (1, 'one'), (2, 'two')")
    op.execute("INSERT INTO child VALUES (1, 1), (2, 1), (3, 2)")
"""
REBUILT = """
    with op.batch_alter_table("parent") as batch:
        batch.alter_column("name", type_=sa.String(80), nullable=False)
"""


@pytest.fixture
def plain_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'plain.db'}"


@pytest.fixture
def made(tmp_path: Path, sqlite_url: str) -> Project:
    return project(tmp_path, sqlite_url)


@pytest.mark.parametrize("shape", SHAPES)
def test_raw_transactions_are_given_back_as_they_were(made: Project, plain_url: str, shape: str) -> None:
    """An END after run_migrations finds a transaction to end."""
    made.env(SHAPES[shape])
    brought_to_ready(made, plain_url)
    assert made.applied() == ["r1", "r2"]


@pytest.mark.parametrize("shape", list(SHAPES)[:2])
def test_killed_in_between_a_raw_transaction_holds_nothing_back(
    made: Project, plain_url: str, shape: str
) -> None:
    """What was committed stands, and the rest is done by the next boot."""
    made.env(SHAPES[shape])
    killed_after(made, "migration_applied")
    brought_to_ready(made, plain_url)


def test_a_rebuilt_parent_keeps_its_children(made: Project) -> None:
    """With foreign keys on, dropping the old table would delete them by cascade."""
    made.env(ENFORCED)
    made.revision(1, FAMILY)
    made.revision(2, REBUILT)
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.sql("SELECT id, parent_id FROM child ORDER BY id") == [(1, 1), (2, 1), (3, 2)]
    assert "VARCHAR(80) NOT NULL" in str(made.sql("SELECT sql FROM sqlite_schema WHERE name = 'parent'"))


def test_children_left_without_a_parent_fail_the_revision(made: Project) -> None:
    """Where the application enforces foreign keys, a revision may not break one."""
    made.env(ENFORCED)
    made.revision(1, FAMILY)
    made.revision(2, '    op.execute("DELETE FROM parent WHERE id = 1")')
    error = made.failure()
    assert "constraint-violation" in error
    assert "revision r2" in error
    assert "002_r2.py" in error
    assert "child, rowid 1: refers to a row of parent" in error
    assert made.sql("SELECT count(*) FROM parent") == [(2,)]
    assert made.applied() == ["r1"]


def test_violations_that_were_there_before_are_no_fault_of_the_revision(made: Project) -> None:
    """Old orphans do not stop a revision that has nothing to do with them."""
    made.env(ENFORCED)
    made.revision(1, FAMILY)
    assert made.initializer().initialize().success
    made.sql("PRAGMA foreign_keys = OFF", "DELETE FROM parent WHERE id = 2")
    made.revision(3, "    op.execute(\"INSERT INTO parent VALUES (3, 'three')\")")
    result = made.initializer().initialize()
    assert made.applied() == ["r1", "r2", "r3"], result.errors


def test_without_enforced_foreign_keys_nothing_is_checked(made: Project) -> None:
    """An application that does not enforce them may have orphans, as under plain Alembic."""
    made.revision(1, FAMILY)
    made.revision(2, '    op.execute("DELETE FROM parent WHERE id = 1")')
    made.initializer().initialize()
    assert made.applied() == ["r1", "r2"]


def test_a_second_connection_that_writes_is_named(made: Project) -> None:
    """SQLite has one writer, so the revision would wait for itself."""
    made.revision(
        2,
        """
    import sqlite3
    path = op.get_bind().engine.url.database
    sqlite3.connect(path, timeout=0).execute("INSERT INTO t1 VALUES (9, 'nine')")
""",
    )
    error = made.failure()
    assert "revision-failed" in error
    assert "002_r2.py line" in error
    assert "second connection" in error
    assert made.applied() == ["r1"]


def test_a_constraint_that_sqlite_cannot_change(made: Project) -> None:
    """Many directories were written for another database alone. Two ways out are named."""
    made.revision(2, '    op.create_unique_constraint("uq", "t1", ["name"])')
    error = made.failure()
    assert (
        "revision-failed" in error and "op.batch_alter_table" in error and 'schema_from = "models"' in error
    )
    body = 'batch.create_unique_constraint("uq", ["name"])'
    made.revision(2, f'    with op.batch_alter_table("t1") as batch:\n        {body}')
    assert made.initializer().initialize().success
