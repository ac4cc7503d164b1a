"""A forked command is as a spawned one: what it is given, what it prints, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import forked
from tests.support.forked import Forked
from tests.support.waiting import wait_until

STATE = """
import json, locale, os, signal, sys, threading
streams = [sys.stdin, sys.stdout, sys.stderr]
print(json.dumps({
    "arguments": [sys.argv[1:], sys.orig_argv],
    "program": os.path.basename(sys.argv[0]),
    "name": __name__,
    "package": __spec__.name,
    "main": sys.modules["__main__"].__dict__ is globals(),
    "folder": os.getcwd(),
    "environ": dict(os.environ),
    "path": sys.path,
    "streams": [
        [one.name, one.mode, one.encoding, one.errors, one.newlines, one.line_buffering, one.write_through,
         type(one.buffer).__name__, one.fileno(), one.isatty()]
        for one in streams
    ],
    "its own": [one is its for one, its in zip(streams, (sys.__stdin__, sys.__stdout__, sys.__stderr__))],
    "signals": {name.name: str(signal.getsignal(name)) for name in (
        signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE, signal.SIGHUP)},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "leads": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()],
    "files": sorted(os.listdir("/proc/self/fd"), key=int)[:-1],
    "threads": threading.active_count(),
    "umask": os.umask(0o22),
    "locale": locale.setlocale(locale.LC_ALL),
    "written": sys.dont_write_bytecode,
    "asked": sys.stdin.read(),
}))
"""

ENDS = {
    "returns": "print('done')",
    "exits": "import sys; print('done'); sys.exit(3)",
    "exits with a text": "import sys; sys.exit('no')",
    "exits with nothing": "import sys; sys.exit()",
    "exits with more than a byte": "import sys; sys.exit(259)",
    "raises": "1 / 0",
    "terminated": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "interrupted": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "a thread that goes on": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()\nprint('first')",
    "what is registered": "import atexit\natexit.register(print, 'one')\natexit.register(print, 'two')",
    "what cannot be flushed": "import os; print('never'); os.close(1)",
    "ends at once": "import os; print('never'); os._exit(7)",
}


def spawned(module: str, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The same command, by exec."""
    options = {"stdin": subprocess.DEVNULL, "stdout": -1, "stderr": -1, "start_new_session": True, **options}
    return subprocess.run([sys.executable, "-m", module, *words], text=True, **options)


def with_nothing(module: str, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The same command, forked with nothing imported."""
    return forked.run(module, *words, modules=(), **options)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("typed", [None, "some words"])
def test_what_a_process_is(tmp_path: Path, unbuffered: str, typed: str | None) -> None:
    """Down to its streams and signals."""
    (tmp_path / "state.py").write_text(STATE)
    (tmp_path / "input").write_text(typed or "")
    given = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    given |= {"PYTHONPATH": f"{tmp_path}/one:{tmp_path}/two", "ONE": "1", "TWO": "2 = 3"}
    given |= {"PYTHONUNBUFFERED": unbuffered} if unbuffered else {}
    with (tmp_path / "input").open() as file:
        found = [
            json.loads(run("state", "a", "b c", cwd=tmp_path, env=given, stdin=file).stdout)
            for run in (spawned, with_nothing)
            if file.seek(0) == 0
        ]
    assert found[1] == found[0]
    assert found[0]["asked"] == (typed or "")


@pytest.mark.parametrize("how", ENDS)
def test_how_it_ends(tmp_path: Path, how: str) -> None:
    """Its code, or its signal, and what it printed on the way."""
    (tmp_path / "ends.py").write_text(ENDS[how])
    first, second = (run("ends", cwd=tmp_path, env=dict(os.environ)) for run in (spawned, with_nothing))
    assert (second.returncode, second.stdout) == (first.returncode, first.stdout)
    assert second.stderr.splitlines()[-1:] == first.stderr.splitlines()[-1:]


def test_it_is_asked_and_waited_for_like_any_other(tmp_path: Path) -> None:
    """As a child of another process, which subprocess cannot wait for."""
    (tmp_path / "waits.py").write_text("import time\nprint('begun', flush=True)\ntime.sleep(60)")
    with Forked("waits", cwd=tmp_path, env=dict(os.environ), stdout=subprocess.PIPE, modules=()) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM
        process.kill()
    assert process.poll() == -signal.SIGTERM
    assert wait_until(lambda: not Path(f"/proc/{process.pid}").exists())


def test_what_the_interpreter_is_told_is_heeded(tmp_path: Path) -> None:
    """The one that forks was told the same."""
    (tmp_path / "hashes.py").write_text("import os, sys; print(hash('a'), sys.flags.utf8_mode, os.environ)")
    given = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONUTF8": "1"}
    first, second = (run("hashes", cwd=tmp_path, env=given) for run in (spawned, with_nothing))
    assert second.stdout == first.stdout
    given["PYTHONSAFEPATH"] = "1"  # the working directory is not on the path: as python -P
    first, second = (run("site", cwd=tmp_path, env=given) for run in (spawned, with_nothing))
    assert second.stdout == first.stdout and str(tmp_path) not in second.stdout.partition("USER")[0]
    del given["PYTHONHASHSEED"]
    assert with_nothing("hashes", cwd=tmp_path, env=given).stdout != first.stdout


def test_what_a_module_took_when_it_was_imported_is_printed_too(tmp_path: Path) -> None:
    """Alembic's Config prints to the stdout of its import."""
    (tmp_path / "says.py").write_text(
        "from alembic.config import Config\nConfig().print_stdout('%s', 'said')"
    )
    assert forked.run("says", cwd=tmp_path, env=dict(os.environ)).stdout == "said\n"
