"""Plain `alembic upgrade` and a run at once, on revisions that may be repeated and that have a block."""

from __future__ import annotations

import os
import signal
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from alembic import command

from initdb.statemachine import orders
from tests.env_py.project import project, state
from tests.support.waiting import wait_until

BODY = """
    op.execute("CREATE TABLE IF NOT EXISTS t{number} (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL)")
{before}
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX {how} IF NOT EXISTS named{number} ON t{number} (name)")
{inside}
    op.execute("INSERT INTO t{number} SELECT 1, 'one' WHERE NOT EXISTS (SELECT 1 FROM t{number})")
{after}
"""
WITHOUT_BLOCK = """
    op.execute("CREATE TABLE IF NOT EXISTS t{number} (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL)")
{before}
{after}
"""
STOP = """
    import os, pathlib, signal
    mark = pathlib.Path({mark!r})
    if mark.exists():
        mark.unlink()
        os.kill(os.getpid(), signal.SIGSTOP)
"""


class Both:
    """An application of three such revisions. Who comes first to a given place stops there.

    `places`: number of a revision → "before", "inside" or "after" its block, or several of these words.
    `block`: without one, plain Alembic does everything in one transaction.
    """

    def __init__(self, folder: Path, url: str, places: dict[int, str], *, block: bool = True) -> None:
        self.made = project(folder, url, revisions=3)
        how = "CONCURRENTLY" if url.startswith("postgresql") else ""
        for number in (1, 2, 3):
            parts = dict.fromkeys(("before", "inside", "after"), "")
            for place in places.get(number, "").split():
                mark = folder / f"{place}{number}"
                mark.touch()
                indent = "    " * (place == "inside")
                parts[place] = textwrap.indent(STOP.format(mark=str(mark)), indent)
            body = (BODY if block else WITHOUT_BLOCK).format(number=number, how=how, **parts)
            self.made.revision(number, body, f'    op.drop_table("t{number}")')

    def plain(self) -> int:
        """`alembic upgrade heads`: 0, or 1 if it fails."""
        try:
            command.upgrade(self.made.config(), "heads")
        except Exception:
            return 1
        return 0

    def ours(self) -> int:
        """A boot."""
        return self.made.initializer().attend(host=True).exit_code

    def rows(self) -> list[str]:
        return [row[0] for row in self.made.sql("SELECT version_num FROM alembic_version ORDER BY 1")]

    def second_row_goes(self) -> None:
        """The next boot names the row that is too much, and the statement that deletes it."""
        assert self.rows() == ["r2", "r3"]
        error = self.made.failure()
        assert "error: version-rows-overlap" in error
        self.made.sql(error.partition("fix: ")[2].partition(";")[0])
        assert self.ours() == 0

    def is_whole(self, plain_url: str = "") -> None:
        """As plain Alembic alone leaves `plain_url`, one version row; the next boot has nothing to do."""
        assert self.rows() == ["r3"]
        if plain_url:
            command.upgrade(self.made.config(plain_url), "heads")
            assert state(self.made.url) == state(plain_url)
        before = self.made.types()
        assert before[-1] == "health_validated"
        assert self.ours() == 0
        assert self.made.types() == before


class Child:
    """A process that does `work` and stops itself; `at_once`: it does not."""

    living: ClassVar[set[int]] = set()

    def __init__(self, work: Callable[[], int], *, at_once: bool = False) -> None:
        self._child = os.fork()
        Child.living.add(self._child)
        if self._child == 0:
            try:
                os._exit(work())
            finally:
                os._exit(99)
        if not at_once:
            _, status = os.waitpid(self._child, os.WUNTRACED)
            assert os.WIFSTOPPED(status), f"it did not stop: {status}"

    def go_on(self) -> None:
        os.kill(self._child, signal.SIGCONT)

    def go_on_to_its_next_stop(self) -> None:
        self.go_on()
        assert os.WIFSTOPPED(os.waitpid(self._child, os.WUNTRACED)[1])

    def kill(self) -> None:
        os.kill(self._child, signal.SIGKILL)
        self._ended()

    def exit_code(self) -> int:
        self.go_on()
        return os.waitstatus_to_exitcode(self._ended())

    def _ended(self) -> int:
        status = os.waitpid(self._child, 0)[1]
        Child.living.remove(self._child)
        return status


@pytest.fixture(autouse=True)
def _none_is_left() -> Iterator[None]:
    """A test that fails leaves no process stopped, with locks on its database."""
    yield
    while Child.living:
        child = Child.living.pop()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize("number", [1, 3])
def test_plain_alembic_passes_a_run_in_its_block(
    tmp_path: Path, database_url: str, plain_url: str, number: int
) -> None:
    """The run leaves what plain Alembic has applied, and writes no second version row."""
    both = Both(tmp_path, database_url, {number: "inside"})
    run = Child(both.ours)
    assert both.plain() == 0
    assert run.exit_code() == 0
    assert both.made.applied() == [f"r{before}" for before in range(1, number)]
    (continued,) = both.made.events("run_continued")
    assert continued.data["reason"] == "plain Alembic changed the version rows meanwhile"
    both.is_whole(plain_url)


def test_plain_alembic_passes_a_run_before_its_first_revision(
    tmp_path: Path, database_url: str, plain_url: str
) -> None:
    """What it applied is recorded, and there is nothing left to apply."""
    both, mark = Both(tmp_path, database_url, {}), tmp_path / "mark"
    env_py = both.made.migrations / "env.py"
    env_py.write_text(textwrap.dedent(STOP).format(mark=str(mark)) + env_py.read_text())
    mark.touch()
    run = Child(both.ours)
    assert both.plain() == 0
    assert run.exit_code() == 0
    assert both.made.events("database_inspected")[-1].data["rows"] == ["r3"]
    both.is_whole(plain_url)


def test_a_block_of_plain_alembic_is_passed_by_a_run(
    tmp_path: Path, database_url: str, plain_url: str
) -> None:
    """What it then writes is its own. A second row is named, with the statement that removes it."""
    both = Both(tmp_path, database_url, {1: "inside"})
    both.made.env("""
        with create_engine(url, poolclass=pool.NullPool).connect() as connection:
            context.configure(connection=connection, transaction_per_migration=True)
            with context.begin_transaction():
                context.run_migrations()
        """)
    plain = Child(both.plain)
    assert both.ours() == 0
    assert both.rows() == ["r3"]
    assert plain.exit_code() == 1
    both.second_row_goes()
    both.is_whole(plain_url)


def test_a_block_of_plain_alembic_in_a_later_revision(
    tmp_path: Path, database_url: str, plain_url: str
) -> None:
    """It finds its row gone, fails, and leaves what the run made."""
    both = Both(tmp_path, database_url, {2: "inside"})
    plain = Child(both.plain)
    assert both.ours() == 0
    assert plain.exit_code() == 1
    both.is_whole(plain_url)


@pytest.mark.parametrize("number", [1, 3])
def test_plain_alembic_goes_on_where_a_run_was_killed_in_a_block(
    tmp_path: Path, database_url: str, plain_url: str, number: int
) -> None:
    """A version row says that all of the revision is applied: nothing is in doubt any more."""
    both = Both(tmp_path, database_url, {number: "inside"})
    Child(both.ours).kill()
    assert both.plain() == 0
    assert both.ours() == 0
    both.is_whole(plain_url)


def test_a_run_goes_on_where_plain_alembic_was_killed_in_a_block(
    tmp_path: Path, database_url: str, plain_url: str
) -> None:
    """The revision runs from its beginning, as plain Alembic would run it."""
    both = Both(tmp_path, database_url, {2: "inside"})
    Child(both.plain).kill()
    assert both.ours() == 0
    both.is_whole(plain_url)


def test_rolled_back_released_and_applied_again(tmp_path: Path, database_url: str, plain_url: str) -> None:
    """Also where plain Alembic takes a part of the way."""
    both = Both(tmp_path, database_url, {})
    assert both.ours() == 0
    assert both.made.initializer().attend(orders.roll_back("r1")).ending == "done"
    assert both.made.initializer().attend(orders.release([])).ending == "done"
    assert both.ours() == 0
    both.is_whole(plain_url)
    command.downgrade(both.made.config(), "r1")
    assert (
        both.made.initializer()
        .attend(orders.resume(both.made.initializer().look(), retry=["r2", "r3"]))
        .ending
        == "ready"
    )
    both.is_whole()
    assert both.made.initializer().attend(orders.roll_back("r2")).ending == "done"
    assert both.plain() == 0
    assert both.ours() == 0
    both.is_whole()


def waits_for_a_lock(both: Both) -> None:
    """Return once a session of this database waits for one."""
    here = "datname = current_database() AND wait_event_type = 'Lock'"
    asked = f"SELECT 1 FROM pg_stat_activity WHERE {here}"
    assert wait_until(lambda: both.made.sql(asked) != [], pause=0.05), "nobody waits"


@pytest.mark.parametrize("block", [False, True])
def test_an_open_transaction_is_waited_for(tmp_path: Path, postgresql_url: str, block: bool) -> None:
    """It has made the version table, or has written a row of it, and nobody else sees that yet."""
    both = Both(tmp_path, postgresql_url, {1: "after"}, block=block)
    plain, run = Child(both.plain), Child(both.ours, at_once=True)
    waits_for_a_lock(both)
    assert plain.exit_code() == 0
    assert run.exit_code() == 0
    assert both.made.applied() == []
    both.is_whole()


def test_a_version_table_that_plain_alembic_has_just_made(tmp_path: Path, postgresql_url: str) -> None:
    """It has no row yet, so the revision is still to be applied."""
    both = Both(tmp_path, postgresql_url, {1: "before inside"})
    plain, run = Child(both.plain), Child(both.ours, at_once=True)
    waits_for_a_lock(both)
    plain.go_on_to_its_next_stop()
    assert run.exit_code() == 0
    assert both.made.applied() == ["r1", "r2", "r3"]
    assert plain.exit_code() == 1
    both.second_row_goes()
    both.is_whole()


def test_an_open_transaction_is_waited_for_after_a_block(tmp_path: Path, postgresql_url: str) -> None:
    """The rows that this run saw are still there, but they are about to change."""
    both = Both(tmp_path, postgresql_url, {1: "inside", 2: "before"})
    run, plain = Child(both.ours), Child(both.plain)
    run.go_on()
    waits_for_a_lock(both)
    assert plain.exit_code() == 0
    assert run.exit_code() == 0
    assert both.made.applied() == []
    both.is_whole()
