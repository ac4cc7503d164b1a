"""One run recorded by strace: every system call that changes a SQLite database's files, and every COMMIT.

`python -m tests.crash.recording SCENARIO DATABASE FOLDER` runs a scenario whose folder was prepared.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.crash import acknowledged, taps
from tests.crash.disk import TOLD, Call
from tests.crash.places import SqlitePlace
from tests.crash.scenarios import SCENARIOS

CALLS = "openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,unlinkat"

_LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)(?:<(.*)>)?(?: .*)?$")
_FD = re.compile(r"^\d+<([^>]*)>")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def record(place: SqlitePlace) -> list[Call]:
    """Run the place's scenario once under strace, in a new interpreter; the calls on its files, in order.

    Raises RuntimeError where strace is missing or not permitted: without it this layer proves nothing.
    """
    strace = shutil.which("strace")
    if strace is None:
        raise RuntimeError("layer B needs strace (Debian package strace)")
    log = place.folder / "strace.log"
    run = [sys.executable, "-m", __spec__.name, place.scenario.name, place.url, str(place.folder)]
    command = [
        strace,
        "-f",
        "-qq",
        "-y",
        "-xx",
        "-s",
        "1000000",
        "-o",
        str(log),
        "-e",
        f"trace={CALLS}",
        *run,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"strace ended with {done.returncode}:\n{done.stderr[-2000:]}")
    calls = list(_calls(log.read_text(errors="replace").splitlines(), str(place.files)))
    assert any(call.kind == TOLD for call in calls), "no COMMIT was seen to return"
    log.unlink()
    return calls


def _calls(lines: list[str], folder: str) -> Iterator[Call]:
    for line in _whole(lines):
        found = _LINE.match(line)
        if found and int(found[3]) >= 0:
            yield from _call(found[1], found[2], found[4] or "", f"{folder}/")


def _whole(lines: list[str]) -> Iterator[str]:
    """The lines, those that another thread's call has split put together."""
    open_calls: dict[str, str] = {}
    for line in lines:
        pid = line.split(" ", 1)[0]
        if line.endswith("<unfinished ...>"):
            open_calls[pid] = line.removesuffix("<unfinished ...>").rstrip()
        elif "resumed>" in line:
            yield open_calls.pop(pid, "") + line.split("resumed>", 1)[1]
        else:
            yield line


def _call(name: str, arguments: str, made: str, folder: str) -> Iterator[Call]:
    """The call, where it changes a file in `folder`; a WAL's shared memory is not what a crash leaves.

    A line of what was committed, which lies beside that folder, is a call too: after it that must be durable.
    """
    if name == "openat":
        path = _text(made)
        created = "O_CREAT" in arguments
    elif name in {"unlink", "unlinkat"}:
        path, created = _strings(arguments)[0].decode(), False
    else:
        at = _FD.match(arguments)
        path, created = _text(at[1]) if at else "", False
    if name == "write" and path == str(Path(folder).parent / acknowledged.FILE):
        yield Call(TOLD, "", 0, _strings(arguments)[0])
    if path == folder.rstrip("/") and name in {"fsync", "fdatasync"}:
        yield Call("sync", "")
    if not path.startswith(folder) or path.endswith("-shm"):
        return
    file = path.removeprefix(folder)
    if name == "openat" and created:
        yield Call("create", file)
    elif name in {"unlink", "unlinkat"}:
        yield Call("unlink", file)
    elif name in {"fsync", "fdatasync"}:
        yield Call("sync", file)
    elif name == "ftruncate":
        yield Call("truncate", file, int(arguments.rsplit(",", 1)[1]))
    elif name == "pwrite64":
        yield Call("write", file, int(arguments.rsplit(",", 1)[1]), _strings(arguments)[0])
    elif name == "write":
        raise RuntimeError(f"{file} was written without an offset: this recording does not know where")


def _strings(arguments: str) -> list[bytes]:
    return [bytes.fromhex(found.replace("\\x", "")) for found in _STRING.findall(arguments)]


def _text(escaped: str) -> str:
    return bytes.fromhex(escaped.replace("\\x", "")).decode() if escaped.startswith("\\x") else escaped


def main(name: str, url: str, folder: str) -> int:
    """Run a scenario as an application would; its taps note what was committed, and no more."""
    scenario = SCENARIOS[name]
    taps.install(acknowledged.Recorder(Path(folder) / acknowledged.FILE).note)
    answer = scenario.run(scenario.make(Path(folder), url).initializer())
    print(answer.errors, file=sys.stderr)
    return 0 if answer.outcome == scenario.ends else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
