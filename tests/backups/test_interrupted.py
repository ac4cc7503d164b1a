"""Processes that are killed, stopped or not alone while a backup is made: real processes, real signals."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from initdb.statemachine.loop.writer import Writer
from initdb.steps import backup
from initdb.steps.backups.sqlite_copy import Tick
from tests.backups.kept import Kept, names_in
from tests.support.boot import Boot
from tests.support.crash import killed_after
from tests.support.waiting import wait_until


def kill(*_: object, **__: object) -> None:
    """As `kill -9`."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed(kept: Kept, patch: Callable[[], None]) -> None:
    """Boot in a child in which `patch` has set where it kills itself."""
    child = os.fork()
    if not child:
        try:
            patch()
            os._exit(kept.toy.initializer().attend(host=True).exit_code)
        finally:
            os._exit(99)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def _in_the_middle() -> None:
    copy, run = backup.copy, backup.command.run

    def half(words: Sequence[str], environ: Mapping[str, str], tick: Callable[[], None]) -> None:
        run(words, environ, tick)
        kill()

    def copied(source: sqlite3.Connection, target: Path, tick: Tick) -> None:
        copy(source, target, kill)

    backup.copy = copied  # type: ignore[assignment]
    backup.command.run = half


def _before_it_has_its_name() -> None:
    backup.publish = kill


def _before_it_is_noted() -> None:
    entries = Writer._append

    def append(self: Writer, connection: object, entry: object) -> None:
        if getattr(entry, "type", "") == "backup_made":
            kill()
        entries(self, connection, entry)  # type: ignore[arg-type]

    Writer._append = append  # type: ignore[method-assign]


@pytest.mark.parametrize("point", [_in_the_middle, _before_it_has_its_name, _before_it_is_noted])
def test_killed_before_it_is_noted(kept: Kept, point: Callable[[], None]) -> None:
    """Nothing was changed. The next boot makes it anew, and no half is left."""
    before = kept.names()
    killed(kept, point)
    assert kept.names() == before and not kept.events()
    kept.run()
    (event,) = kept.events()
    assert names_in(Path(event.data["file"])) == before != kept.names()
    assert not [path for path in kept.files() if ".part" in path.name]


@pytest.mark.parametrize("event", ["backup_made", "migration_applied"])
def test_killed_after_it_was_noted(kept: Kept, event: str) -> None:
    """The next boot goes on with the backup that is there: it is the one from before the first change."""
    kept.toy.revision(5, "    op.execute(\"UPDATE t2 SET name = name || '?'\")")
    before = kept.names()
    killed_after(kept.toy, event)
    kept.run()
    (noted,), (backup_file,) = kept.events(), kept.files()
    assert noted.data["file"] == str(backup_file)
    assert names_in(backup_file) == before
    assert kept.names() == [f"{name}!?" for name in before]


LONG = (
    "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000) "
    "SELECT max(n) FROM c"
)
"""A statement that takes minutes, so that the signal cancels it."""


def test_a_probe_that_stops_each_attempt_makes_one_backup(kept: Kept) -> None:
    """SIGTERM in a revision, twice: the third boot goes on with the backup of the first."""
    before, flag = kept.names(), kept.toy.folder / "no more"
    kept.toy.revision(
        4,
        f"    import os, signal\n    if not os.path.exists({str(flag)!r}):\n"
        f"        os.kill(os.getpid(), signal.SIGTERM)\n        op.execute({LONG!r})\n"
        "    op.execute(\"UPDATE t2 SET name = name || '!'\")",
    )
    for _ in range(2):
        child = os.fork()
        if not child:
            try:
                os._exit(kept.toy.initializer().attend(host=True).exit_code)
            finally:
                os._exit(99)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 143
    flag.touch()
    kept.run()
    (event,) = kept.events()
    assert names_in(Path(event.data["file"])) == before


def test_a_stop_ends_the_command_too(kept_server: Kept) -> None:
    """It does not go on without its run. The half is gone, and nothing was changed."""
    started = kept_server.toy.folder / "started"
    program = kept_server.toy.folder / "program.py"
    program.write_text(
        "import os, pathlib, sys, time\npathlib.Path(sys.argv[1]).write_text('half')\n"
        f"pathlib.Path({str(started)!r}).write_text(str(os.getpid()))\ntime.sleep(60)\n"
    )
    kept_server.toy.options["backup_command"] = f"{sys.executable} {program} {{file}}"
    before = kept_server.names()
    child = os.fork()
    if not child:
        try:
            os._exit(kept_server.toy.initializer().attend(host=True).exit_code)
        finally:
            os._exit(99)
    wait_until(lambda: started.exists() and bool(started.read_text()))
    os.kill(child, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 143
    wait_until(lambda: not Path(f"/proc/{started.read_text()}").exists())
    assert kept_server.files() == [] and kept_server.names() == before
    assert kept_server.toy.types()[-1] == "run_stopped"


def test_of_many_boots_one_makes_it(kept: Kept) -> None:
    """The others wait for it, and go on."""
    boots = [Boot(kept.toy) for _ in range(5)]
    assert [boot.end().ending for boot in boots] == ["ready"] * 5
    assert len(kept.files()) == len(kept.events()) == 1


def test_a_database_that_is_in_use(kept_file: Kept) -> None:
    """One connection reads all the time, another one writes: the backup is of one moment, and they go on."""
    file = kept_file.toy.url.removeprefix("sqlite:///")
    kept_file.toy.sql("CREATE TABLE log (id INTEGER PRIMARY KEY, half INTEGER)")
    over, written = threading.Event(), 0

    def write() -> None:
        nonlocal written
        with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
            while not over.is_set():
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO log (half) VALUES (1), (2)")
                connection.execute("COMMIT")
                written += 1

    with closing(sqlite3.connect(file)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t1").fetchone()
        writer = threading.Thread(target=write)
        writer.start()
        try:
            wait_until(lambda: written > 0)
            kept_file.run()
        finally:
            over.set()
            writer.join()
    (backup_file,) = kept_file.files()
    with closing(sqlite3.connect(backup_file)) as connection:
        first, second = (
            connection.execute("SELECT count(*) FROM log WHERE half = ?", (half,)).fetchone()[0]
            for half in (1, 2)
        )
    assert 0 < first == second < written
