"""Real processes exit with the documented codes."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

import pytest

from initdb.events.baton import try_baton
from initdb.events.journal import Journal
from tests.cli.console import Console, toy_project
from tests.support.toy import Toy
from tests.support.waiting import wait_until

COUNT = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
SLOW = f"    open({{flag!r}}, 'w').close()\n    op.execute({COUNT!r})"


def begun(console: Console, flag: Path, *words: str) -> subprocess.Popen[str]:
    """A run that has reached its slow revision."""
    process = console.start(*words)
    assert wait_until(flag.exists) or process.poll() is None
    return process


@pytest.fixture
def flag(tmp_path: Path) -> Path:
    """The file that a slow revision makes when it begins."""
    return tmp_path / "begun"


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_in_order(
    console: Console, toy: Toy, flag: Path, signum: signal.Signals, code: int
) -> None:
    """130 and 143; the step is rolled back, the stop is in the journal, and the next run goes on."""
    toy.revision(4, "    op.execute('CREATE TABLE half (id INTEGER)')\n" + SLOW.format(flag=str(flag)))
    process = begun(console, flag, "run")
    process.send_signal(signum)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    assert "error: stopped" in stderr
    assert signum.name in stderr
    assert "Traceback" not in stderr
    assert toy.types()[-1] == "run_stopped"
    toy.revision(4, "    op.execute('CREATE TABLE half (id INTEGER)')")
    assert console("run").exit_code == 0


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_answered_at_once(
    console: Console, toy: Toy, flag: Path, tmp_path: Path, signum: signal.Signals
) -> None:
    """Code that notices it late is still at work when the answer is there; Ctrl-C tells of the second one."""
    gate = tmp_path / "gate"
    waits = f"    import pathlib, time\n    while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)"
    toy.revision(4, f"    open({str(flag)!r}, 'w').close()\n{waits}")
    process = begun(console, flag, "run")
    process.send_signal(signum)
    assert process.stderr is not None
    said = process.stderr.readline()
    assert said.startswith(f"initdb stops ({signum.name}): the step at work is rolled back.")
    assert ("Press Ctrl-C again" in said) == (signum == signal.SIGINT)
    assert process.poll() is None
    gate.touch()
    process.communicate(timeout=60)
    assert toy.types()[-1] == "run_stopped"


def test_a_kill_is_told_by_the_next_run(console: Console, toy: Toy, flag: Path) -> None:
    """SIGKILL leaves no word; the journal tells the story of both runs."""
    toy.revision(4, SLOW.format(flag=str(flag)))
    process = begun(console, flag, "run")
    process.kill()
    process.communicate(timeout=60)
    toy.revision(4, "    pass")
    assert console("run").exit_code == 0
    story = console("journal").stdout
    assert story.count("run 01") == 2
    assert "continued the run of toy on" in story
    assert "interrupted in state behind after migration_applied" in story


def test_another_process_at_work_and_no_wait(console: Console, toy: Toy) -> None:
    """4, and who it is; nothing was done."""
    console("run")
    toy.revision(4, "    pass")
    seen = toy.initializer().look()
    baton = try_baton(toy.engine(), Journal(seen.journal.schema, "toy"))
    assert baton is not None
    try:
        for command in ("run", "resume", "repair"):
            done = console.process(command, "--no-wait")
            assert done.returncode == 4, done.stdout
            assert "error: another-process-at-work" in done.stderr
        assert console.object("run", "--no-wait")["outcome"] == "busy"
        assert "at work      " in console("status").stdout
        assert console.object("status")["at_work"] is True
    finally:
        baton.release()
    assert console.object("status")["at_work"] is False


def test_pending_held_and_ahead(console: Console, toy: Toy) -> None:
    """3 where the settings say exit, 0 where they say serve; status exits alike."""
    assert console("status").exit_code == 3
    console("run")
    assert console("status").exit_code == 0
    assert console("rollback").exit_code == 0
    assert console("run").exit_code == 0
    held = console("run", "--when-held", "exit")
    assert held.exit_code == 3
    assert "error: migration-held" in held.stderr
    assert "r3" in held.stderr
    assert console("status", "--when-held", "exit").exit_code == 3
    assert console("release").exit_code == 0
    assert console("run").exit_code == 0
    (toy.migrations / "versions" / "003_r3.py").unlink()
    ahead = console("run", "--when-ahead", "exit")
    assert ahead.exit_code == 3
    assert "error: database-ahead" in ahead.stderr
    assert console("run").exit_code == 0
    assert console("status", "--when-ahead", "exit").exit_code == 3


def test_usage(console: Console) -> None:
    """2 for what was typed wrongly, with the nearest name."""
    for words in (
        ("rnu",),
        ("run", "--databse-url", "x"),
        ("journal", "--last", "none"),
        ("explain", "nothing"),
    ):
        assert console(*words).exit_code == 2
    assert "did you mean run?" in console("rnu").stderr
    assert "not PostgreSQL's initdb" in console("data").stderr
    assert "initdb -D data" in console("data").stderr


def test_verify_could_not_check(console: Console, database_url: str) -> None:
    """5 where there is no journal or no database; usage stays 2."""
    none = console("journal", "verify", "--database-url", database_url)
    assert none.exit_code == 5
    assert none.stderr.startswith("error: journal-missing\n")
    nobody = "postgresql://app@127.0.0.1:1/shop"
    assert console("journal", "verify", "--database-url", nobody).exit_code == 5
    assert console("journal", "verify", "--database-url", "nonsense").exit_code == 2


def test_the_waiting_one_says_for_whom(console: Console, toy: Toy, flag: Path) -> None:
    """A second run waits, names the first, and sees ready; elsewhere than on a terminal a line a change.

    Meanwhile nothing calls the first one interrupted.
    """
    gate = flag.with_name("gate")
    wait = f"    while not os.path.exists({str(gate)!r}): time.sleep(0.01)"
    toy.revision(4, f"    import os, time\n    open({str(flag)!r}, 'w').close()\n{wait}")
    first = begun(console, flag, "run")
    status, checked = console("status").stdout, console("run", "--mode", "check").stderr
    assert "verdict      work (another process is at work on it)" in status
    assert f"toy on {socket.gethostname()} (process {first.pid}) is at work on migrate; last: " in checked
    assert "interrupted" not in status + checked
    second = console.start("run")
    assert second.stdout is not None
    lines = [second.stdout.readline() for _ in range(2)]
    gate.touch()
    rest, _ = second.communicate(timeout=60)
    first.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert lines[1].startswith("waiting: toy on ")
    assert f"(process {first.pid})" in lines[1]
    assert rest.splitlines()[-1].startswith("ready: another process did the work (")


def test_an_internal_error_is_told_calmly(
    console: Console, sqlite_toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback but with --debug, and then without texts."""

    def broken(*_: object) -> None:
        raise RuntimeError("what nobody thought of postgresql://u:hunter2@h/d")

    monkeypatch.setattr("initdb.statemachine.render.status.status_of", broken)
    done = console("status")
    assert done.exit_code == 1
    assert "error: internal-error" in done.stderr
    assert "--debug" in done.stderr
    assert "Traceback" not in done.stderr
    debugged = console("status", "--debug")
    assert "Traceback" in debugged.stderr
    assert "hunter2" not in done.output + debugged.output


def test_a_reader_that_goes_away_harms_nothing(console: Console, sqlite_url: str) -> None:
    """`initdb run | head -1`: the pipe breaks, the run goes on to ready, and says so by its code."""
    toy = toy_project(console.folder, sqlite_url)
    process = console.start("run")
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
    assert toy.types()[-1] == "health_validated"
