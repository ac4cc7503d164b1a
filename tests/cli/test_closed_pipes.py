"""`initdb … | head -1`: a reader that goes away gets no traceback, and no command fails because of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from initdb.cli.document import commands
from tests.cli.console import ADMIN_PASSWORD, Console, toy_project
from tests.support.forked import Forked

WORDS = {"rollback": ["--yes"], "completion": ["bash"], "alembic": ["heads"]}
DONE = {
    "run",
    "resume",
    "status",
    "journal",
    "journal verify",
    "plan",
    "validate",
    "repair",
    "explain",
    "diagram",
}
"""The commands that end with 0 here. The others have nothing to do, or want to know more."""


def left_alone(console: Console, *words: str, both: bool) -> tuple[int, str]:
    """The exit code and stderr of a command whose stdout nobody reads; `both`: nor stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    environ = {**console.environ, "INITDB_ADMIN_PASSWORD": ADMIN_PASSWORD}
    errors = writer if both else subprocess.PIPE
    process = Forked(
        "initdb",
        *words,
        cwd=console.folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=errors,
    )
    os.close(writer)
    _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr or ""


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_a_reader_that_is_gone(console: Console, sqlite_url: str, name: str) -> None:
    """Of stdout, or of stderr too. The code is that of the command, as it is with a reader."""
    toy_project(console.folder, sqlite_url)
    console("run")
    words = [*name.split(), *WORDS.get(name, [])]
    for both in (False, True):
        code, stderr = left_alone(console, *words, both=both)
        assert code in ((0,) if name in DONE else (0, 1, 2)), stderr
        assert not any(word in stderr for word in ("Traceback", "internal-error", "Exception ignored"))


def test_code_of_the_application_that_prints(console: Console, sqlite_url: str) -> None:
    """What a reader that is gone does not get is no failure of a revision or a seed."""
    toy = toy_project(console.folder, sqlite_url)
    toy.revision(4, "    import sys\n    print('x' * 100_000)\n    sys.stderr.write('y' * 100_000)")
    assert left_alone(console, "run", both=True)[0] == 0
    assert toy.types()[-1] == "health_validated"


def test_a_pipe_in_a_shell(tmp_path: Path) -> None:
    """Not even a word of the interpreter that ends."""
    for words in ("explain", "--help", "run --help", "nonsense", "diagram --json"):
        line = f"{sys.executable} -m initdb {words} 2>err | true; cat err"
        done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True)
        assert "Traceback" not in done.stdout and "Exception ignored" not in done.stdout, done.stdout
