"""Alembic's async template, unchanged, with asynchronous drivers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import alembic
import pytest
from sqlalchemy import make_url

from initdb.statemachine import orders
from tests.env_py.project import Project, state
from tests.support.crash import killed_after
from tests.support.toy import table_up

TEMPLATE = Path(alembic.__file__).parent / "templates" / "async" / "env.py"
DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg")


@pytest.fixture(params=DRIVERS)
def awaited(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Project, str]:
    """A project with that env.py, and the driver that is named in its alembic.ini."""
    driver = request.param
    url: str = request.getfixturevalue(f"{driver.partition('+')[0]}_url")
    made = Project(tmp_path, url, tables=2)
    made.with_revisions()
    (made.migrations / "env.py").write_text(TEMPLATE.read_text())
    (made.folder / "alembic.ini").write_text(
        f"[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = {driver}://user:password@host/name\n"
        "[loggers]\nkeys = root\n[handlers]\nkeys =\n[formatters]\nkeys =\n[logger_root]\nhandlers =\n"
    )
    made.given = made.folder / "alembic.ini"
    return made, driver


def test_the_async_template(awaited: tuple[Project, str], tmp_path: Path) -> None:
    """One event a revision over the driver that the ini names, also after a kill."""
    made, driver = awaited
    probe = (
        "    from pathlib import Path\n    Path({path!r}).write_text(op.get_bind().engine.url.drivername)\n"
    )
    made.revision(2, probe.format(path=str(tmp_path / "driver")) + table_up(2))
    killed_after(made, "migration_applied")
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.applied() == ["r1", "r2"]
    assert (tmp_path / "driver").read_text() == driver
    assert made.sql("SELECT count(*) FROM t2") == [(1,)]


def test_a_failing_revision(awaited: tuple[Project, str]) -> None:
    """Its statement is rolled back, and it is named with its line."""
    made, _ = awaited
    made.revision(2, table_up(2) + '\n    op.execute("SELECT * FROM nowhere")')
    error = made.failure()
    assert "error: revision-failed" in error
    assert "002_r2.py line 13" in error
    assert "nowhere" in error
    assert made.applied() == ["r1"]
    assert "t2" not in str(state(made.url))


@pytest.mark.parametrize(
    "statement",
    ["op.get_bind().commit()", 'op.execute("COMMIT")', "op.get_bind().connection.dbapi_connection.commit()"],
)
def test_a_revision_that_commits(awaited: tuple[Project, str], statement: str) -> None:
    """Refused, or where the driver was asked directly, found by the savepoint when it is too late."""
    made, driver = awaited
    made.revision(2, f"    {statement}\n" + table_up(2))
    error = made.failure()
    assert "error: revision-committed-itself" in error
    assert "002_r2.py" in error
    assert "line 11" in error
    assert made.applied() == ["r1"]
    # Only of a connection that blocks can SQLite be told to refuse a commit that SQLAlchemy does not see.
    if not (driver == "sqlite+aiosqlite" and "dbapi_connection" in statement):
        assert "t2" not in str(state(made.url))


def test_an_autocommit_block_and_a_rollback(awaited: tuple[Project, str]) -> None:
    """Statements that refuse a transaction run outside of one, up and down."""
    made, driver = awaited
    block = "    with op.get_context().autocommit_block():\n        op.execute({!r})"
    up, down = "CREATE INDEX CONCURRENTLY named ON t1 (name)", "DROP INDEX CONCURRENTLY named"
    if driver.startswith("sqlite"):
        up = down = "VACUUM"
    made.revision(2, block.format(up), block.format(down))
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert len(made.events("step_started")) == 1
    outcome = made.initializer().attend(orders.roll_back(None))
    assert outcome.ending == "done", outcome.error
    assert len(made.events("step_started")) == 2


def test_without_a_driver_in_the_ini_one_is_chosen_that_can_be_awaited(
    database_url: str, tmp_path: Path
) -> None:
    """The template as `alembic init -t async` leaves it."""
    made = Project(tmp_path, database_url, tables=1)
    made.with_revisions()
    (made.migrations / "env.py").write_text(TEMPLATE.read_text())
    result = made.initializer().initialize()
    assert result.success, result.errors


def test_the_urls_of_an_application_that_awaits(database_url: str, tmp_path: Path) -> None:
    """initdb takes DATABASE_URL as the application has it, and waits on a driver of its own."""
    driver = "sqlite+aiosqlite" if database_url.startswith("sqlite") else "postgresql+asyncpg"
    awaited = make_url(database_url).set(drivername=driver).render_as_string(hide_password=False)
    made = Project(tmp_path, database_url, tables=1)
    made.with_revisions()
    (made.migrations / "env.py").write_text(TEMPLATE.read_text())
    result = made.initializer(database_url=awaited).initialize()
    assert result.success, result.errors
    assert made.applied() == ["r1"]


DIES = """
    import os, pathlib, signal
    mark = pathlib.Path({mark!r})
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY named ON {table} (name)")
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)"""


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
def test_a_kill_in_an_autocommit_block(postgresql_url: str, tmp_path: Path, driver: str, number: int) -> None:
    """By any driver, also in the first revision: what stands is found out, and the rest is done once."""
    made = Project(tmp_path, postgresql_url, tables=2)
    made.with_revisions()
    if driver != "psycopg2":
        (made.migrations / "env.py").write_text(TEMPLATE.read_text())
    (made.folder / "alembic.ini").write_text(
        f"[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = postgresql+{driver}://u:p@host/name\n"
        "[loggers]\nkeys = root\n[handlers]\nkeys =\n[formatters]\nkeys =\n[logger_root]\nhandlers =\n"
    )
    made.given = made.folder / "alembic.ini"
    dies = DIES.format(mark=str(tmp_path / "mark"), table=f"t{number}")
    made.revision(number, table_up(number) + dies, f'    op.drop_table("t{number}")')
    child = os.fork()
    if child == 0:
        made.initializer().initialize()
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.applied() == ["r1", "r2"]
    assert made.sql(f"SELECT count(*) FROM t{number}") == [(1,)]
    assert made.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'named'::regclass") == [(True,)]
    assert made.sql("SELECT version_num FROM alembic_version") == [("r2",)]
