"""0.1.0 and this code, each as processes that boot the shop or read its journal."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import initdb
from tests.compat.shop import Shop
from tests.support.waiting import wait_until

HERE = Path(__file__).parent
WHEEL = HERE / "initdb_journal-0.1.0-py3-none-any.whl"
"""Built from commit 5b9fa7b."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; `signal` is 0 where none killed it."""

    words: tuple[str, ...]
    exit_code: int
    signal: int
    stdout: str
    stderr: str

    @property
    def answer(self) -> dict[str, Any]:
        """What it printed with --json."""
        found = json.loads(self.stdout)
        assert isinstance(found, dict)
        return found

    @property
    def reference(self) -> str | None:
        """Of the error that it printed with --json; None where it printed none."""
        error = self.answer.get("error")
        return error["reference"] if error else None

    def done(self) -> Ended:
        """Itself; fails where the command did not succeed."""
        assert self.exit_code == 0, (
            f"{self.words}: {self.exit_code} {self.signal}\n{self.stdout}{self.stderr}"
        )
        return self


class Version:
    """A version of initdb whose package is in the folder `site`; its commands are started as its children."""

    def __init__(self, name: str, site: Path, folder: Path) -> None:
        """`folder` holds what the commands print."""
        self.name, self._folder, self._numbers = name, folder, itertools.count()
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "runner.py")],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(site)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        found = self._read()
        assert Path(found).resolve() == (site / "initdb").resolve(), f"{name} was imported from {found}"

    def __repr__(self) -> str:
        return self.name

    def __call__(self, shop: Shop, *words: str, **environ: str) -> Ended:
        """The command, waited for."""
        return self.start(shop, *words, **environ).end()

    def json(self, shop: Shop, *words: str, **environ: str) -> Ended:
        """The same, to be read by programs."""
        return self(shop, *words, "--json", **environ)

    def start(self, shop: Shop, *words: str, door: Path | None = None, **environ: str) -> Started:
        """The command in the shop's folder; it waits for the file `door`, where there is one."""
        printed = self._folder / f"{next(self._numbers)}"
        asked = {
            "command": words,
            "folder": str(shop.folder),
            "environ": {**shop.environ, **environ},
            "stdout": f"{printed}.out",
            "stderr": f"{printed}.err",
            "door": str(door or ""),
        }
        return Started(self, words, self._ask(asked), printed)

    def ended(self, pid: int) -> tuple[int, int]:
        """Exit code and signal of one of its children, once that has ended."""
        code, signum = self._ask({"wait": pid})
        return code, signum

    def close(self) -> None:
        """End the process that starts the commands."""
        with self._process as process:
            process.terminate()

    def _ask(self, asked: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@dataclass(frozen=True, slots=True)
class Started:
    """A command at work, or waiting at its door."""

    version: Version
    words: tuple[str, ...]
    pid: int
    printed: Path

    def end(self) -> Ended:
        """Wait for its end."""
        code, signum = self.version.ended(self.pid)
        out, err = (self.printed.with_suffix(suffix).read_text() for suffix in (".out", ".err"))
        return Ended(self.words, code, signum, out, err)


def together(shop: Shop, *versions: Version) -> list[Ended]:
    """`initdb run --json` by a process of each at the same instant."""
    door = shop.folder.parent / f"door-{len(list(shop.folder.parent.iterdir()))}"
    started = [version.start(shop, "run", "--json", door=door) for version in versions]
    assert wait_until(lambda: len(list(door.parent.glob(f"{door.name}.*"))) == len(started))
    door.touch()
    return [one.end() for one in started]


def install(folder: Path) -> Path:
    """The wheel of 0.1.0, installed into `folder`."""
    words = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index")
    subprocess.run([sys.executable, *words, "--target", str(folder), str(WHEEL)], check=True)
    return folder


def ours() -> Path:
    """The folder of the package that is tested."""
    return Path(initdb.__file__).parents[1]
