"""A process that is killed in an autocommit block: what ran, what is in doubt, and what was not sent."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import alembic
import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError

from initdb.errors.masking import masked
from initdb.statemachine import orders
from tests.env_py.project import Project, project, state

TEMPLATE = Path(alembic.__file__).parent / "templates" / "async" / "env.py"
DRIVERS = (
    *("sqlite", "postgresql+psycopg2", "postgresql+psycopg"),
    *("sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg, async"),
)
BODY = """
    import os, pathlib, signal

    def comes_to(place):
        mark = pathlib.Path({folder!r}) / place
        if mark.exists():
            mark.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    op.execute("CREATE TABLE steps (n INTEGER)")
    op.execute("INSERT INTO steps VALUES (0)")
    with op.get_context().autocommit_block():
        comes_to("begin")
        op.execute("UPDATE steps SET n = n + 1")
        comes_to("one")
        op.execute("UPDATE steps SET n = n + 10")
        comes_to("two")
        op.execute("CREATE TABLE IF NOT EXISTS more (id INTEGER)")
        comes_to("three")
    comes_to("after")
    op.execute("UPDATE steps SET n = n + 100")
"""


def shown(statement: str) -> str:
    """A statement as an error shows it."""
    return masked(statement, "sqlite")


ONE, TWO = "UPDATE steps SET n = n + 1", "UPDATE steps SET n = n + 10"


@pytest.fixture(params=DRIVERS)
def driven(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """A project of an earlier revision, or of none, that works with this driver."""
    driver, _, awaited = request.param.partition(", ")
    url: str = request.getfixturevalue(f"{driver.partition('+')[0]}_url")
    if not awaited and driver in {"sqlite", "postgresql+psycopg2", "postgresql+psycopg"}:
        return project(tmp_path, url.replace("+psycopg2", driver.removeprefix("postgresql")), revisions=1)
    made = project(tmp_path, url, revisions=1)
    (made.migrations / "env.py").write_text(TEMPLATE.read_text())
    made.given = made.folder / "alembic.ini"
    made.given.write_text(
        f"[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = {driver}://user:password@host/name\n"
        "[loggers]\nkeys = root\n[handlers]\nkeys =\n[formatters]\nkeys =\n[logger_root]\nhandlers =\n"
    )
    return made


def with_block(made: Project, number: int = 2) -> str:
    """It gets the revision, as its second one or as its only one."""
    made.revision(
        number, BODY.format(folder=str(made.folder)), '    op.drop_table("steps"), op.drop_table("more")'
    )
    return f"r{number}"


def killed_at(made: Project, place: str) -> None:
    """A run that is killed there."""
    (made.folder / place).touch()
    child = os.fork()
    if child == 0:
        try:
            made.initializer().initialize()
        finally:
            os._exit(99)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status


def is_whole(made: Project) -> None:
    """Each statement ran once, and the next boot writes nothing."""
    assert made.sql("SELECT n FROM steps") == [(111,)]
    assert made.sql("SELECT * FROM more") == []
    before = made.types()
    assert made.initializer().initialize().success
    assert made.types() == before


@pytest.mark.parametrize("place", ["begin", "three", "after"])
def test_what_is_not_in_doubt(driven: Project, place: str) -> None:
    """Before the first statement, after one that may be repeated, after the block: the next boot goes on."""
    name = with_block(driven)
    killed_at(driven, place)
    result = driven.initializer().initialize()
    assert result.success, result.errors
    assert driven.applied() == ["r1", name]
    is_whole(driven)


@pytest.mark.parametrize("place", ["one", "two"])
@pytest.mark.parametrize("number", [1, 2])
def test_what_is_in_doubt(driven: Project, place: str, number: int) -> None:
    """It alone is; in the first revision, too. Undone by hand and released, the whole revision runs again."""
    name = with_block(driven, number)
    killed_at(driven, place)
    error = driven.failure()
    assert "error: revision-in-doubt" in error
    lines = [line.strip() for line in error.splitlines()]
    assert f"in doubt, whether it ran: {shown(ONE if place == 'one' else TWO)}" in lines
    assert (f"ran: {shown(ONE)}" in lines) == (place == "two")
    assert "not sent: what follows it" in lines
    assert [line.startswith(f"revision {name},") for line in lines].count(True) == 1
    assert "Correct the revision" not in error
    assert re.search(rf"initdb resume .*--retry {name}\b", error)
    assert driven.failure() == error
    driven.sql("DROP TABLE steps")
    resumed = driven.initializer().attend(orders.resume(driven.initializer().look(), retry=[name]))
    assert resumed.ending == "ready", resumed.error
    is_whole(driven)


def test_a_person_may_say_that_all_of_it_is_done(driven: Project) -> None:
    """Once the rest is done by hand. The event says that a person did."""
    name = with_block(driven)
    killed_at(driven, "two")
    assert not driven.initializer().initialize().success
    driven.sql("CREATE TABLE more (id INTEGER)", "UPDATE steps SET n = n + 100")
    outcome = driven.initializer().attend(orders.resume(driven.initializer().look(), mark=[name]))
    assert outcome.ending == "ready", outcome.error
    assert driven.sql("SELECT version_num FROM alembic_version") == [(name,)]
    assert driven.events("migration_applied")[-1].data["marked"] is True
    is_whole(driven)


def test_killed_again_and_again(driven: Project) -> None:
    """Each time it is known how far it came, also through what an earlier run did."""
    name = with_block(driven)
    killed_at(driven, "begin")
    killed_at(driven, "three")
    killed_at(driven, "three")
    killed_at(driven, "after")
    result = driven.initializer().initialize()
    assert result.success, result.errors
    assert driven.applied() == ["r1", name]
    is_whole(driven)


def test_two_blocks(tmp_path: Path, database_url: str) -> None:
    """Killed while it passes the first block again, it has not forgotten that both were begun."""
    made = project(tmp_path, database_url, revisions=1)
    again = BODY.replace("comes_to(", "comes_to('2' + ").partition("    op.execute")[2]
    second = ("    op.execute" + again).replace("steps", "others").replace("more", "much")
    made.revision(2, BODY.format(folder=str(tmp_path)) + second)
    killed_at(made, "2three")
    killed_at(made, "after")
    killed_at(made, "2after")
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.sql("SELECT steps.n, others.n FROM steps, others") == [(111, 111)]


def test_rolled_back_released_and_applied_again_beside_alembic(
    tmp_path: Path, database_url: str, plain_url: str
) -> None:
    """What was recorded of the first time says nothing of the second."""
    made = project(tmp_path, database_url, revisions=1)
    with_block(made)
    killed_at(made, "three")
    assert made.initializer().initialize().success
    assert made.initializer().attend(orders.roll_back(None)).ending == "done"
    assert made.initializer().attend(orders.release([])).ending == "done"
    killed_at(made, "two")
    assert "error: revision-in-doubt" in made.failure()
    made.sql("DROP TABLE steps")
    command.upgrade(made.config(), "heads")
    assert made.initializer().initialize().success
    is_whole(made)
    command.upgrade(made.config(plain_url), "heads")
    assert state(made.url) == state(plain_url)


INVALID = """
    op.execute("CREATE TABLE steps (n INTEGER)")
    op.execute("INSERT INTO steps VALUES (1), (1)")
    with op.get_context().autocommit_block():
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY one_each ON steps (n)")
"""


def test_an_index_that_is_left_invalid_is_named(tmp_path: Path, postgresql_url: str) -> None:
    """With the statement that drops it; then the build is tried again as printed."""
    made = project(tmp_path, postgresql_url, revisions=1)
    made.revision(2, INVALID)
    error = made.failure()
    assert "one_each of steps is INVALID" in error
    (statement,) = re.findall(r"DROP INDEX CONCURRENTLY [^;]*", error)
    assert statement == "DROP INDEX CONCURRENTLY one_each"
    made.sql("DELETE FROM steps")
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
    resumed = made.initializer().attend(orders.resume(made.initializer().look()))
    assert resumed.ending == "ready", resumed.error


def test_a_batch_that_may_be_repeated(tmp_path: Path, database_url: str) -> None:
    """The error says that it may, if that does no harm, and what to type."""
    made = project(tmp_path, database_url, revisions=1)
    batch = """
    import os, pathlib, signal
    with op.get_context().autocommit_block():
        op.execute("CREATE TABLE IF NOT EXISTS done (id INTEGER PRIMARY KEY)")
        while ids := op.get_bind().exec_driver_sql(
            "SELECT id FROM t1 WHERE id NOT IN (SELECT id FROM done) LIMIT 1"
        ).fetchall():
            op.get_bind().exec_driver_sql(f"INSERT INTO done VALUES ({{ids[0][0]}})")
            if (mark := pathlib.Path({mark!r})).exists():
                mark.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
    """
    assert made.initializer().initialize().success
    made.sql("INSERT INTO t1 VALUES (2, 'second'), (3, 'third')")
    made.revision(2, batch.format(mark=str(tmp_path / "mark")))
    killed_at(made, "mark")
    error = made.failure()
    assert "ran: CREATE TABLE IF NOT EXISTS done" in error
    assert "in doubt" in error
    assert "may run again as a whole" in error
    resumed = made.initializer().attend(orders.resume(made.initializer().look(), retry=["r2"]))
    assert resumed.ending == "ready", resumed.error
    assert made.sql("SELECT id FROM done") == made.sql("SELECT id FROM t1")


def test_a_doubt_names_an_invalid_index_once(tmp_path: Path, postgresql_url: str) -> None:
    """The revision that ended in doubt runs again to find out, and fails with what it found."""
    made = project(tmp_path, postgresql_url, revisions=1)
    with_block(made)
    killed_at(made, "one")
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE pairs AS SELECT 1 AS n FROM generate_series(1, 2)")
        with pytest.raises(IntegrityError):
            connection.exec_driver_sql("CREATE UNIQUE INDEX CONCURRENTLY pair ON pairs (n)")
    engine.dispose()
    error = made.failure()
    assert "error: revision-in-doubt" in error
    assert error.count("pair of pairs is INVALID") == 1
