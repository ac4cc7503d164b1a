"""Downgrades that have a part outside a transaction, fail, are missing, or are interrupted."""

from __future__ import annotations

import re

import pytest

from initdb.errors import Rendered
from initdb.statemachine import orders
from tests.env_py.project import Project, state
from tests.support.crash import cannot_append, killed_after
from tests.support.toy import table_up


def rolled_back(made: Project, to: str | None = None) -> None:
    outcome = made.initializer().attend(orders.roll_back(to))
    assert outcome.ending == "done", outcome.error


def refused(made: Project, to: str | None = None) -> Rendered:
    outcome = made.initializer().attend(orders.roll_back(to))
    assert outcome.error is not None
    return outcome.error


def outside(made: Project) -> str:
    """A downgrade's body with a statement that refuses a transaction."""
    refuses = "VACUUM" if made.url.startswith("sqlite") else "CREATE INDEX CONCURRENTLY named ON t1 (name)"
    return f"""
    with op.get_context().autocommit_block():
        op.execute("{refuses}")
    op.drop_table("t2")"""


def ready(made: Project, down: str) -> Project:
    """r1 and r2 are applied; r2 goes back by `down`."""
    made.revision(2, table_up(2), down)
    result = made.initializer().initialize()
    assert result.success, result.errors
    return made


def test_a_block_outside_a_transaction(made: Project) -> None:
    """step_started before it, migration_reverted after it, and the revision is held."""
    ready(made, outside(made))
    rolled_back(made)
    assert made.types()[-3:] == ["step_started", "migration_reverted", "run_stopped"]
    assert made.events("step_started")[0].data["step"] == "roll_back"
    assert made.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    assert made.initializer().initialize().outcome == "held"


def test_after_a_block_that_was_rolled_back(made: Project) -> None:
    """The rollback has ended, so nothing is in doubt: the revision is released and applied once more."""
    ready(made, outside(made))
    rolled_back(made)
    assert made.initializer().attend(orders.release(["r2"])).ending == "done"
    again = made.initializer().initialize()
    assert again.success, again.errors
    assert made.sql("SELECT version_num FROM alembic_version") == [("r2",)]


def test_killed_in_a_block_no_boot_goes_on_as_if_nothing_were(made: Project) -> None:
    """Half reverted, the database is in doubt until a person has looked."""
    ready(made, outside(made))
    killed_after(made, "step_started", order=orders.roll_back(None))
    error = made.failure()
    assert "error: revision-in-doubt" in error
    assert "revision r2" in error
    assert "002_r2.py" in error
    assert re.search(r"initdb resume .*--retry r2\b", error)
    assert made.failure() == error
    assert refused(made).reference == "revision-in-doubt"
    outcome = made.initializer().attend(orders.resume(made.initializer().look(), retry=["r2"]))
    assert outcome.ending == "ready", outcome.error
    if not made.url.startswith("sqlite"):
        made.sql("DROP INDEX IF EXISTS named")
    rolled_back(made)
    assert "t2" not in str(state(made.url))


def test_a_downgrade_that_fails_is_rolled_back(made: Project) -> None:
    """It is named with its line; the revision stands, and those before it were reverted."""
    made.revision(1, table_up(1), '    op.execute("DROP TABLE nowhere")')
    ready(made, '    op.drop_table("t2")')
    error = refused(made, "base")
    assert error.reference == "rollback-failed"
    assert "001_r1.py line 15" in error.context[0]
    assert any("nowhere" in line for line in error.context)
    assert made.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    assert [entry.data["revision"] for entry in made.events("migration_reverted")] == ["r2"]


@pytest.mark.parametrize("way", ["op.get_bind().commit()", 'op.execute("COMMIT")', "raise SystemExit(1)"])
def test_a_downgrade_that_leaves_its_transaction_is_refused(made: Project, way: str) -> None:
    """As the way up."""
    ready(made, f'    op.drop_table("t2")\n    {way}')
    error = refused(made)
    expected = "rollback-failed" if "SystemExit" in way else "revision-committed-itself"
    assert error.reference == expected
    assert "002_r2.py line 16" in error.context[0]
    assert made.sql("SELECT count(*) FROM t2") == [(1,)]


@pytest.mark.parametrize("body", ["    raise NotImplementedError('no way back')", None])
def test_without_a_downgrade_nothing_is_begun(made: Project, body: str | None) -> None:
    """Read from the source before the first statement: none of several is reverted."""
    made.revision(1, table_up(1), body or "    pass")
    path = made.migrations / "versions" / "001_r1.py"
    if body is None:
        path.write_text(path.read_text().partition("def downgrade")[0])
    ready(made, '    op.drop_table("t2")')
    error = refused(made, "base")
    assert error.reference == "downgrade-missing"
    assert any("001_r1.py" in line for line in error.context)
    assert made.events("migration_reverted") == []


def test_rows_that_lose_their_parent_fail_the_way_back(made: Project) -> None:
    """Where foreign keys are enforced: PostgreSQL by itself, SQLite by the application's connection."""
    made.env("""
        engine = create_engine(url, poolclass=pool.NullPool)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", lambda dbapi, record: dbapi.execute("PRAGMA foreign_keys = ON"))
        with engine.connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    child = '\n    op.execute("CREATE TABLE child (id INTEGER REFERENCES t1 (id))")'
    ready(made, '    op.execute("DELETE FROM t1")')
    row = '\n    op.execute("INSERT INTO child VALUES (1)")'
    made.revision(3, f"    pass{child}{row}", '    op.execute("DELETE FROM t1")')
    assert made.initializer().initialize().success
    error = refused(made)
    assert error.reference in ("constraint-violation", "rollback-failed")
    assert "revision r3" in error.context[0]
    assert made.sql("SELECT count(*) FROM t1") == [(1,)]


def test_a_rollback_is_interrupted_and_goes_on(made: Project) -> None:
    """Each revision is its own transaction: what was reverted stays reverted, and is held."""
    made.revision(3, table_up(3), '    op.drop_table("t3")')
    ready(made, '    op.drop_table("t2")')
    killed_after(made, "migration_reverted", order=orders.roll_back("base"))
    assert made.sql("SELECT version_num FROM alembic_version") == [("r2",)]
    assert made.initializer().initialize().outcome == "held"
    rolled_back(made, "base")
    assert made.sql("SELECT count(*) FROM alembic_version") == [(0,)]
    assert [entry.data["revision"] for entry in made.events("migration_reverted")] == ["r3", "r2", "r1"]


def test_another_rollback_after_an_interrupted_one_is_an_order_of_its_own(made: Project) -> None:
    """A plain rollback reverts the head, whatever a rollback to somewhere had done when it was cut off."""
    made.revision(3, table_up(3), '    op.drop_table("t3")')
    ready(made, '    op.drop_table("t2")')
    killed_after(made, "migration_reverted", order=orders.roll_back("base"))
    rolled_back(made)
    assert made.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    rolled_back(made)
    assert made.sql("SELECT count(*) FROM alembic_version") == [(0,)]


@pytest.mark.parametrize("to", [None, "r1"])
def test_a_rollback_that_failed_after_its_last_revision(
    made: Project, monkeypatch: pytest.MonkeyPatch, to: str | None
) -> None:
    """Where only its end could not be written: said again, it is ended, and reverts nothing more."""
    ready(made, '    op.drop_table("t2")')
    cannot_append(monkeypatch, "run_stopped")
    refused(made, to)
    monkeypatch.undo()
    rolled_back(made, to)
    assert [entry.data["revision"] for entry in made.events("migration_reverted")] == ["r2"]
    assert made.sql("SELECT version_num FROM alembic_version") == [("r1",)]
