"""A program that imports modules once and forks a child for each command, which has no imports to wait for.

`python nursery.py FD MODULE…` imports the modules and reads commands from the socket FD (see `forked.py`). A
child becomes what `python -m MODULE …` would be: session, folder, environment, path, streams, signals, end.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import termios
from collections.abc import Mapping, Sequence
from typing import Any

MESSAGE = 2**18
"""The most bytes that a command has."""

_PATH = sys.path[not sys.flags.safe_path :]
"""Without the folder of this file."""
_AT_IMPORT = sys.stdout
"""What modules have kept that looked at sys.stdout when they were imported, as Alembic's Config does."""


def prepare(names: Sequence[str]) -> None:
    """Import them; of a package whose name ends in `.*` every module that can be."""
    for name in names:
        package = importlib.import_module(name.removesuffix(".*"))
        if name.endswith(".*"):
            for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
                with contextlib.suppress(ImportError):
                    if not module.name.endswith(".__main__"):
                        importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def serve(line: socket.socket) -> Mapping[str, Any]:
    """Fork a child for each command that comes, and tell how it ended. Returns in the child alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([line.fileno(), ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            _tell(waiting)
        if line.fileno() in ready:
            command, files = _receive(line)
            if not command:
                os._exit(0)
            pid = os.fork()
            if not pid:
                _become(command, files)
                return command
            waiting[pid] = files.pop()
            for file in files:
                os.close(file)
            line.send(str(pid).encode())


def _receive(line: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """A command with four files: its streams, and where its end is told."""
    size = array.array("i").itemsize
    message, control, _, _ = line.recvmsg(MESSAGE, socket.CMSG_LEN(4 * size))
    files = array.array("i")
    for _, _, data in control:
        files.frombytes(data[: len(data) - len(data) % size])
    return json.loads(message or b"{}"), files.tolist()


def _tell(waiting: dict[int, int]) -> None:
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            file = waiting.pop(found[0])
            with contextlib.suppress(BrokenPipeError):
                os.write(file, str(os.waitstatus_to_exitcode(found[1])).encode())
            os.close(file)


def _become(command: Mapping[str, Any], files: Sequence[int]) -> None:
    """What a process is by its parent and by the interpreter's own start."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    os.closerange(3, 1024)
    if command["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environ"])
    more = command["environ"].get("PYTHONPATH", "")
    here = [] if sys.flags.safe_path else [os.getcwd()]  # noqa: PTH109
    sys.path[:] = [*here, *(part for part in more.split(os.pathsep) if part), *_PATH]
    sys.path_importer_cache.clear()
    sys.stdin, sys.stdout, sys.stderr = (_stream(number) for number in range(3))
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def _stream(number: int) -> io.TextIOWrapper:
    """As the interpreter makes it (create_stdio of Python/pylifecycle.c)."""
    before: Any = (sys.stdin, sys.stdout, sys.stderr)[number]
    mode, unbuffered = "rw"[number > 0], bool(os.environ.get("PYTHONUNBUFFERED"))
    at_once = unbuffered and number > 0
    file: Any = open(number, f"{mode}b", 0 if at_once else -1, closefd=False)  # noqa: SIM115
    (file if at_once else file.raw).name = before.name
    lines = not unbuffered and (file.isatty() or number == 2)
    stream = io.TextIOWrapper(file, before.encoding, before.errors, "\n", lines, write_through=unbuffered)
    stream.mode = mode  # type: ignore[misc]
    return stream


def run(module: str, words: Sequence[str]) -> None:
    """As `python -m` does, up to the interpreter's own end, but for the destruction of all modules."""
    codes: list[int] = []
    atexit.register(_leave, codes)  # it is called when everything else has been
    sys.argv = [module, *words]
    sys.orig_argv = [sys.executable, "-m", module, *words]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        left = error.code if isinstance(error, SystemExit) else 1
        codes.append(left if isinstance(left, int) else int(left is not None))
        raise
    codes.append(0)


def _leave(codes: Sequence[int]) -> None:
    """Where a stream cannot be flushed the interpreter says so itself."""
    if codes:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            _AT_IMPORT.flush()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(codes[0] & 0xFF)


if __name__ == "__main__":
    prepare(sys.argv[2:])
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        called = serve(asked)
        asked.detach()
    run(called["module"], called["words"])
