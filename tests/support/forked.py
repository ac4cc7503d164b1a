"""`python -m MODULE …` as a process that has no imports to wait for: one that has imported all forks it.

From then on it is like one that is spawned. Only what shows when a module is imported, or differs between two
interpreters, as the seed of their hashes does, needs one that is spawned.
"""

from __future__ import annotations

import functools
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import nursery

COMMANDS = (
    *("initdb.*", "alembic.command", "psycopg2", "sqlalchemy.dialects.sqlite"),
    *("flask.cli", "flask_migrate", "flask_sqlalchemy"),
)
"""What the commands of initdb, of Alembic and of Flask import."""

_OF_THE_INTERPRETER = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "MALLOC")
_TAKEN_OVER = frozenset({"PYTHONPATH", "PYTHONUNBUFFERED"})


@functools.cache
def _line(modules: tuple[str, ...], environ: tuple[tuple[str, str], ...]) -> socket.socket:
    """To the process that forks; it ends with this one."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    subprocess.Popen(
        [sys.executable, nursery.__file__, str(there.fileno()), *modules],
        env={"PATH": os.defpath, **dict(environ)},
        stdin=subprocess.DEVNULL,
        pass_fds=[there.fileno()],
    )
    there.close()
    return here


class Forked(subprocess.Popen[str]):
    """A subprocess.Popen, in a session of its own, whose process is a child of another one."""

    def __init__(
        self,
        module: str,
        *words: str,
        env: Mapping[str, str],
        terminal: bool = False,
        modules: tuple[str, ...] = COMMANDS,
        **options: Any,
    ) -> None:
        """`terminal`: stdin is its controlling one. `modules`: imported before; `.*` is all of a package.

        `options`: cwd, and the streams, which are at first those of this process.
        """
        self._asked = {"module": module, "words": words, "environ": dict(env), "terminal": terminal}
        own = {name for name in env if name.startswith(_OF_THE_INTERPRETER)} - _TAKEN_OVER
        self._line, self._end = _line(modules, tuple((name, env[name]) for name in sorted(own))), -1
        super().__init__([sys.executable, "-m", module, *words], text=True, env=env, **options)

    def _execute_child(self, args: Any, *given: Any) -> None:
        """In the place of fork and exec."""
        names = subprocess.Popen._execute_child.__code__.co_varnames[2:]  # type: ignore[attr-defined]
        options = dict(zip(names, given, strict=False))
        ours = ("p2cread", "c2pwrite", "errwrite")
        streams = [options[name] if options[name] >= 0 else number for number, name in enumerate(ours)]
        asked = {**self._asked, "folder": os.fspath(options["cwd"] or Path.cwd())}
        self._end, told = os.pipe()
        socket.send_fds(self._line, [json.dumps(asked).encode()], [*streams, told])
        os.close(told)
        self.pid = int(self._line.recv(16))
        self._child_created = True
        pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(options[name] for name in pipes))  # type: ignore[attr-defined]

    def _internal_poll(self, _deadstate: object = None) -> int | None:
        """In the place of waitpid, at once."""
        return self._ended(0)

    def _wait(self, timeout: float | None) -> int:
        """In the place of waitpid."""
        code = self._ended(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self.args, timeout)
        return code

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._end], [], [], timeout)[0]:
            self.returncode = int(os.read(self._end, 16))
            os.close(self._end)
        return self.returncode


def run(module: str, *words: str, timeout: float = 60, **options: Any) -> subprocess.CompletedProcess[str]:
    """One that is waited for, with all that it printed."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Forked(module, *words, **{**streams, **options}) as process:
        stdout, stderr = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
