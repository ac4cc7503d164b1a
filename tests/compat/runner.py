"""Imports one version of initdb, and forks a child for each command that it reads from stdin.

Runs under 0.1.0 too, so it uses nothing of initdb but its entry point.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LIMIT = 60.0
"""Seconds until a command that has not ended is taken to hang."""


def main() -> None:
    """Answers each line, an object with "command" or "wait", by a line with a number or a list."""
    _import_everything()
    print(json.dumps(str(Path(importlib.import_module("initdb").__file__ or "").parent)), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_start(asked) if "command" in asked else _ended(asked["wait"])), flush=True)


def _import_everything() -> None:
    """Import what the commands need, so that their processes start at once."""
    package = importlib.import_module("initdb")
    for module in pkgutil.walk_packages(package.__path__, "initdb."):
        with contextlib.suppress(ImportError):
            importlib.import_module(module.name)
    for name in ("alembic.command", "psycopg2", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(name)


def _start(asked: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        code = _command(asked)
    except BaseException:
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _command(asked: Mapping[str, Any]) -> int:
    """The command as in a process of its own. `door`: it begins once that file is there."""
    os.setsid()
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    for number, name in enumerate((os.devnull, asked["stdout"], asked["stderr"])):
        file = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(file, number)
    sys.path.insert(0, asked["folder"])
    if host := asked["environ"].get("SHOP_HOST"):
        socket.gethostname = lambda: host
    if door := asked["door"]:
        Path(f"{door}.{os.getpid()}").touch()
        while not Path(door).exists():
            time.sleep(0.001)
    sys.argv = ["initdb", *asked["command"]]
    try:
        importlib.import_module("initdb.__main__").main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _ended(pid: int) -> list[int]:
    """Exit code and signal of a child. One that hangs is killed with its process group."""
    end = time.monotonic() + LIMIT
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return [os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else -1, os.WTERMSIG(status)]
        if time.monotonic() > end:
            os.killpg(pid, 9)
        time.sleep(0.002)


if __name__ == "__main__":
    main()
