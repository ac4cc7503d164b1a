"""`initdb resume --take-over` ends a process that hangs, and leaves every other process alone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.events.baton import try_baton
from initdb.events.clock import Clock
from initdb.events.knowledge import RunRecord
from initdb.statemachine.loop.holder import at_work
from initdb.statemachine.loop.take_over import take_over
from tests.cli.console import Console
from tests.cli.terminal import on_terminal
from tests.support.toy import Toy
from tests.support.waiting import wait_until


@contextlib.contextmanager
def hanging(console: Console, toy: Toy) -> Iterator[subprocess.Popen[str]]:
    """A run that is stopped (SIGSTOP) in the middle of its fourth revision and keeps the baton.

    Woken up, it waits in the revision for the file `gate`.
    """
    flag, gate = console.folder / "begun", console.folder / "gate"
    hang = f"    while 'HANG' in os.environ and not os.path.exists({str(gate)!r}): time.sleep(0.01)"
    toy.revision(4, f"    import os, time\n    open({str(flag)!r}, 'w').close()\n{hang}")
    process = console.start("run", HANG="1")
    assert wait_until(flag.exists)
    process.send_signal(signal.SIGSTOP)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


def test_a_hanging_holder_is_ended_and_the_work_goes_on(console: Console, toy: Toy) -> None:
    """The next run does not wait: it ends the sessions or the process, resumes, and is ready."""
    with hanging(console, toy) as process:
        seen = toy.initializer().look()
        assert at_work(toy.engine(), seen.journal)
        done = console("resume", "--take-over", "--yes")
        assert done.exit_code == 0, done.output
        assert f"took over from toy on {os.uname().nodename} (process {process.pid}): ended " in done.stdout
        assert "ready: 1 revision applied" in done.stdout
        assert not at_work(toy.engine(), seen.journal)
        process.send_signal(signal.SIGCONT)
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r4",)]
    assert console("journal", "verify").exit_code == 0
    assert "continued the run of toy" in console("journal").stdout


def test_the_one_that_was_taken_over_appends_nothing_more(console: Console, toy: Toy) -> None:
    """Woken up again it finds that the baton is gone, stands back, and sees what the other one did."""
    with hanging(console, toy) as process:
        assert console("resume", "--take-over", "--yes").exit_code == 0
        before = toy.types()
        process.send_signal(signal.SIGCONT)
        (console.folder / "gate").touch()
        # On SQLite it is the process that was ended; on PostgreSQL its sessions, and it looks again.
        assert process.wait(60) == (-signal.SIGKILL if toy.url.startswith("sqlite") else 0)
    assert toy.types() == before


def test_it_asks_first(console: Console, sqlite_toy: Toy) -> None:
    """Without a terminal and without --yes it refuses; on a terminal a person says yes or no."""
    with hanging(console, sqlite_toy) as process:
        refused = console("resume", "--take-over")
        assert refused.exit_code == 1
        assert "error: take-over-refused" in refused.stderr
        assert "--yes" in refused.stderr
        words = ["resume", "--take-over"]
        code, shown = on_terminal(words, console.folder, console.environ, {"End it and go on?": "n"})
        assert code == 1
        assert "you said no" in shown
        assert process.poll() is None
        code, shown = on_terminal(words, console.folder, console.environ, {"End it and go on?": "y"})
        assert code == 0, shown
        assert f"At work is toy on {os.uname().nodename} (process {process.pid})" in shown


def test_nobody_at_work_is_said(console: Console, toy: Toy) -> None:
    """Then it is a resume as any other."""
    console("run")
    done = console("resume", "--take-over")
    assert done.exit_code == 0
    assert "nobody is at work" in done.stdout


@pytest.fixture
def run() -> RunRecord:
    """This process, as a run names it."""
    by = {"host": os.uname().nodename, "pid": os.getpid(), "app": "toy"}
    return RunRecord("run", 1, "2026-11-23T08:06:41.218903Z", by)


def test_a_process_elsewhere_is_not_ended(sqlite_toy: Toy, run: RunRecord) -> None:
    """On another host, of a number that is somebody else's by now, or of nobody: refused, and why."""
    sqlite_toy.initializer().initialize()
    journal = sqlite_toy.initializer().look().journal
    engine = sqlite_toy.engine()
    baton = try_baton(engine, journal)
    assert baton is not None
    with subprocess.Popen(["sleep", "60"]) as other:
        cases: list[tuple[RunRecord | None, str]] = [
            (None, "does not say who"),
            (replace(run, by={**run.by, "host": "elsewhere"}), "runs on elsewhere"),
            (replace(run, by={**run.by, "pid": other.pid}), "is not the one"),
            (replace(run, by={**run.by, "pid": 1}), "does not say who"),
            (replace(run, by={**run.by, "pid": "1; rm"}), "does not say who"),
            (run, "is not the one"),
        ]
        try:
            for record, words in cases:
                with pytest.raises(InitError) as caught:
                    take_over(engine, journal, record, Clock())
                assert caught.value.reference == "take-over-refused"
                assert words in str(caught.value)
            assert other.poll() is None
        finally:
            other.kill()
            baton.release()


def test_a_role_that_may_not_end_the_session_is_told_so(server: object, toy: Toy, run: RunRecord) -> None:
    """With the SQLSTATE, and the GRANT in the advice."""
    from tests.support.postgres_server import PostgresServer

    assert isinstance(server, PostgresServer)
    if toy.url.startswith("sqlite"):
        return
    toy.initializer().initialize()
    journal = toy.initializer().look().journal
    engine = toy.engine()
    baton = try_baton(engine, journal)
    name = Path(toy.url.split("?")[0]).name
    server.admin_execute("DROP ROLE IF EXISTS small")
    server.admin_execute("CREATE ROLE small LOGIN")
    small = Toy(toy.folder, server.url(name, user="small"))
    try:
        with pytest.raises(InitError) as caught:
            take_over(small.engine(), journal, run, Clock())
        assert caught.value.reference == "take-over-refused"
        assert "The role lacks a privilege (42501)" in str(caught.value)
        assert "pg_signal_backend" in str(caught.value)
    finally:
        assert baton is not None
        baton.release()
        server.admin_execute("DROP ROLE small")
