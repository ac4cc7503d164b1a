"""The stay of a process is one run: neighbours, lost connections, signals, and calls from inside the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from initdb.events.entry import Entry
from initdb.statemachine.initializer import Initializer
from tests.support.settled import assert_settled
from tests.support.toy import ENV, Toy, migrated
from tests.support.waiting import wait_until


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """An application with three revisions that make a table each, and one seed file, before its
    first boot."""
    return migrated(tmp_path, database_url)


@pytest.fixture
def postgresql_toy(tmp_path: Path, postgresql_url: str) -> Toy:
    """The same application on PostgreSQL."""
    return migrated(tmp_path, postgresql_url)


@contextmanager
def neighbour(toy: Toy) -> Iterator[None]:
    """A process that creates a table of its own every 20 ms."""
    done, engine = threading.Event(), toy.engine()

    def make() -> None:
        number = 0
        while not done.wait(0.02):
            number += 1
            with engine.begin() as connection:
                connection.exec_driver_sql(f"CREATE TABLE neighbours_{number} (id INTEGER)")

    thread = threading.Thread(target=make)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_neighbour_that_makes_tables_all_the_time(postgresql_toy: Toy) -> None:
    """Its tables are not ours. The boot ends ready in one run, and the next boot validates once more."""
    toy = postgresql_toy
    with neighbour(toy):
        for _ in range(2):
            result = toy.initializer(attempts=1).initialize()
            assert result.success, result.errors
    types = toy.types()
    assert types.count("run_started") == 2 and types.count("health_validated") == 2
    assert not {"run_resumed", "run_continued", "step_failed"} & set(types)
    assert toy.initializer().initialize().success
    assert_settled(toy)


def test_a_catalogue_that_moves_once(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """It moves during the validation, which is done again. The event has the catalogue that was checked."""
    from initdb.steps import validate

    real, looks = validate.inspect_health, 0

    def looked(*words: object) -> object:
        nonlocal looks
        looks += 1
        found = real(*words)  # type: ignore[arg-type]
        if looks == 1:
            toy.sql("CREATE TABLE neighbours (id INTEGER)")
        return found

    monkeypatch.setattr(validate, "inspect_health", looked)
    result = toy.initializer().initialize()
    assert result.success, result.errors
    assert looks == 2
    types = toy.types()
    assert types.count("health_validated") == 1 and "run_continued" not in types
    assert toy.initializer().verdict().kind == "ready"


def _sleeping(toy: Toy, seconds: int = 60) -> Toy:
    """The second revision takes longer than a probe waits."""
    begun = str(toy.folder / "begun")
    long = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
        " SELECT max(i) FROM n",
        "postgresql": f"SELECT pg_sleep({seconds})",
    }[toy.url.split(":", 1)[0].split("+", 1)[0]]
    toy.revision(2, f"    open({begun!r}, 'w').close()\n    op.execute({long!r})")
    return toy


def _stopped(toy: Toy, *, host: bool = True) -> int:
    """The exit code of a boot that a probe ends with SIGTERM during the second revision."""
    begun = toy.folder / "begun"
    begun.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        os._exit(toy.initializer(attempts=5).attend(host=host).exit_code)
    wait_until(lambda: begun.exists() or _has_ended(child))
    if not begun.exists():
        return _ended[child]
    time.sleep(0.05)
    os.kill(child, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


_ended: dict[int, int] = {}


def _has_ended(child: int) -> bool:
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        _ended[child] = os.waitstatus_to_exitcode(status)
    return bool(pid)


def test_a_probe_that_ends_each_attempt(toy: Toy) -> None:
    """After five attempts, the sixth says why it does not begin the revision."""
    _sleeping(toy)
    codes = [_stopped(toy) for _ in range(10)]
    assert codes == [143] * 5 + [1] * 5
    (failed,) = (one for one in toy.initializer().entries() if one.type == "step_failed")
    error = failed.data["error"]
    assert error["reference"] == "crash-loop"
    result = toy.initializer().initialize()
    assert "probe" in result.errors[0] and "deadline" in result.errors[0]
    assert toy.types().count("run_stopped") == 5
    toy.with_revisions()
    assert toy.initializer().resume().success
    assert_settled(toy)


def test_killed_and_stopped_in_turn(toy: Toy) -> None:
    """Both ways to end count toward the same loop."""
    _sleeping(toy)
    # Without a handler of the application's, SIGTERM kills.
    codes = [_stopped(toy, host=bool(number % 2)) for number in range(6)]
    assert codes == [-15, 143, -15, 143, -15, 1]


def _boots_inside(toy: Toy, body: str) -> Toy:
    """An env.py imports a module that initializes the database when it is imported, by `body`."""
    (toy.folder / "inner.py").write_text(
        "import json, pathlib, subprocess, sys, threading\n"
        f"sys.path[:0] = {[entry for entry in sys.path if entry]!r}\n"
        "from pathlib import Path\n"
        "from tests.support.toy import Toy\n"
        f"toy = Toy(Path({str(toy.folder)!r}), {toy.url!r}, options={toy.options!r})\n"
        f"told = Path({str(toy.folder / 'told')!r})\n"
        "def boot():\n"
        "    result = toy.initializer(wait_limit='5s').initialize()\n"
        "    told.write_text(f'{result.outcome} {result.success} {result.exit_code}')\n"
        "    if not result.success:\n"
        "        raise SystemExit(result.errors[0])\n"
        f"{body}\n"
    )
    (toy.migrations / "env.py").write_text(
        f"import runpy\nrunpy.run_path({str(toy.folder / 'inner.py')!r}, run_name='inner')\n"
        + ENV.format(options="")
    )
    return toy


INSIDE = {
    "itself": "boot()",
    "a thread": "thread = threading.Thread(target=boot)\nthread.start()\nthread.join()",
    "a child": "done = subprocess.run([sys.executable, __file__, 'child'], capture_output=True, text=True)\n"
    "assert done.returncode == 0, done.stderr",
}


@pytest.mark.parametrize("how", INSIDE)
def test_a_module_that_initializes_at_its_bottom(toy: Toy, how: str) -> None:
    """The call comes from inside the run that waits for it. It returns at once, and stops nothing."""
    body = INSIDE[how]
    if how == "a child":
        body = "if __name__ == '__main__':\n    boot()\nelse:\n" + "".join(
            f"    {line}\n" for line in body.splitlines()
        )
    _boots_inside(toy, body)
    began = time.monotonic()
    result = toy.initializer().initialize()
    assert result.success, result.errors
    assert time.monotonic() - began < 30
    assert (toy.folder / "told").read_text() == "running True 0"
    assert toy.types().count("run_started") == 1
    assert "_INITDB_RUNS" not in os.environ
    assert_settled(toy)


def test_a_child_that_outlives_its_run(toy: Toy) -> None:
    """The run that it inherited has ended, so it boots like any other process."""
    toy.initializer().initialize()
    last = toy.initializer().look().knowledge.last_run
    assert last is not None
    from initdb.statemachine.loop.stay import place

    os.environ["_INITDB_RUNS"] = f"{place(toy.initializer().site)}:{last.run}"
    try:
        assert toy.initializer().initialize().outcome == "ready"
    finally:
        del os.environ["_INITDB_RUNS"]


def test_a_run_whose_process_was_killed_is_not_at_work(toy: Toy) -> None:
    """Its child lives on and boots. No process works, so the child does."""
    from initdb.statemachine.loop.stay import place
    from tests.support.crash import killed_after

    killed_after(toy, "database_inspected")
    last = toy.initializer().look().knowledge.last_run
    assert last is not None and last.ended is None
    os.environ["_INITDB_RUNS"] = f"{place(toy.initializer().site)}:{last.run}"
    try:
        assert toy.initializer().initialize().outcome == "ready"
    finally:
        del os.environ["_INITDB_RUNS"]


def _host(toy: Toy, handler: str, body: str) -> subprocess.Popen[str]:
    """An application that handles its own signals, and makes a library call."""
    script = toy.folder / "host.py"
    script.write_text(
        "import atexit, signal, sys\n"
        f"sys.path[:0] = {[entry for entry in sys.path if entry]!r}\n"
        "from pathlib import Path\n"
        "from tests.support.toy import Toy\n"
        f"toy = Toy(Path({str(toy.folder)!r}), {toy.url!r}, options={toy.options!r})\n"
        "atexit.register(print, 'atexit', flush=True)\n"
        f"{handler}\n"
        "try:\n"
        + "".join(f"    {line}\n" for line in body.splitlines())
        + "finally:\n    print('finally', flush=True)\n"
    )
    return subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)


def _interrupted(toy: Toy, host: subprocess.Popen[str], *signals: signal.Signals) -> tuple[int, str]:
    assert wait_until((toy.folder / "begun").exists)
    for number, signum in enumerate(signals):
        time.sleep(0.1 + number)
        host.send_signal(signum)
    said = host.communicate(timeout=30)[0]
    return host.returncode, said


INITIALIZE = "print(toy.initializer().initialize().outcome, flush=True)"


def test_a_library_call_leaves_ctrl_c_to_the_application(toy: Toy) -> None:
    """The statement is cancelled, the run records the stop, and KeyboardInterrupt is raised."""
    _sleeping(toy)
    body = f"try:\n    {INITIALIZE}\nexcept KeyboardInterrupt:\n    print('caught', flush=True)"
    # A shell's background job ignores SIGINT, and its children inherit that.
    handler = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    code, said = _interrupted(toy, _host(toy, handler, body), signal.SIGINT)
    assert (code, said.split()) == (0, ["caught", "finally", "atexit"])
    assert toy.types()[-1] == "run_stopped"


def test_a_library_call_leaves_sigterm_to_the_application(toy: Toy) -> None:
    """Its handler is called as always, and can end the process with `finally` and `atexit`."""
    _sleeping(toy)
    handler = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"
    code, said = _interrupted(toy, _host(toy, handler, INITIALIZE), signal.SIGTERM)
    assert (code, said.split()) == (7, ["finally", "atexit"])
    assert toy.types()[-1] == "run_stopped"


def test_a_handler_that_only_takes_note(toy: Toy) -> None:
    """The run is stopped in order, and the result says so."""
    _sleeping(toy)
    handler = "signal.signal(signal.SIGTERM, lambda *_: print('noted', flush=True))"
    code, said = _interrupted(toy, _host(toy, handler, INITIALIZE), signal.SIGTERM)
    assert (code, sorted(said.split())) == (0, ["atexit", "finally", "noted", "stopped"])


def test_the_second_ctrl_c_reaches_the_application(toy: Toy) -> None:
    """If a step reacts to nothing, the application can still end the process in its own way."""
    begun = str(toy.folder / "begun")
    toy.revision(
        2,
        f"    import time\n    open({begun!r}, 'w').close()\n    end = time.monotonic() + 60\n"
        "    while time.monotonic() < end:\n        try:\n            time.sleep(0.1)\n"
        "        except KeyboardInterrupt:\n            pass",
    )
    handler = (
        "asked = []\n"
        "def leave(*_):\n"
        "    asked.append(1)\n"
        "    if len(asked) == 2:\n"
        "        import os\n"
        "        print('second', flush=True)\n"
        "        os._exit(9)\n"
        "    raise KeyboardInterrupt\n"
        "signal.signal(signal.SIGINT, leave)"
    )
    code, said = _interrupted(toy, _host(toy, handler, INITIALIZE), signal.SIGINT, signal.SIGINT)
    assert (code, said.split()) == (9, ["second"])


def test_a_seed_that_exits_is_a_failure_of_the_seed(toy: Toy) -> None:
    """It does not end the application."""
    (toy.folder / "seeds" / "20_leaves.py").write_text(
        "import sys\n\n\ndef seed(connection):\n    sys.exit(3)\n"
    )
    result = toy.initializer().initialize()
    assert not result.success and result.outcome == "failed"
    assert toy.types()[-1] == "step_failed"


@pytest.mark.parametrize("call", ["initialize", "boot", "resume", "repair"])
def test_a_library_call_raises_nothing(tmp_path: object, call: str) -> None:
    """It raises nothing even if the database cannot be reached."""
    from sqlalchemy import create_engine

    from initdb.settings import load_settings

    settings = load_settings(environ={}, options={"wait_limit": "50ms", "schema_from": "identity"})
    engine = create_engine(
        "postgresql+psycopg2://nobody@127.0.0.1:1/none", connect_args={"connect_timeout": 1}
    )
    result = getattr(Initializer(engine, settings=settings), call)()
    assert not result.success and result.errors and "connection-refused" in result.errors[0]


def _mistaken(*_: object) -> Entry:
    raise ZeroDivisionError("a mistake of ours")


def test_a_mistake_of_ours_is_a_failure_too(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result has an error with a fix, and there is no exception."""
    monkeypatch.setattr("initdb.statemachine.loop.attend.judge", _mistaken)
    result = toy.initializer().initialize()
    assert not result.success and "internal-error" in result.errors[0]
