"""Calls commands as a person in a folder would, and makes the project that lies there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from initdb.cli.root import make_group
from tests.support.toy import Toy

ADMIN_PASSWORD = "correct-horse-battery-77"


class Console:
    """A person in `folder`, with an environment of their own."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder, self.environ = folder, dict(environ)

    def __call__(self, *words: str, typed: str | None = None) -> Result:
        """The command in this process; without a terminal."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            return CliRunner().invoke(
                make_group(), list(words), input=typed, prog_name="initdb", env=self.environ
            )
        finally:
            os.chdir(before)

    def object(self, *words: str) -> dict[str, Any]:
        """The one JSON object that the command prints with --json."""
        (line,) = self(*words, "--json").stdout.splitlines()
        found = json.loads(line)
        assert isinstance(found, dict)
        return found

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """The command as a process of its own, without a controlling terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", "initdb", *words],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A shell's background job ignores SIGINT, and so would all that it starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no lock is taken
        )

    def process(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """The same, waited for."""
        with self.start(*words, **environ) as process:
            stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)


def toy_project(folder: Path, url: str, *, tables: int = 3, rows: int = 5) -> Toy:
    """An application of revisions and seeds in `folder`, with an initdb.toml that says where all is."""
    toy = Toy(folder, url, tables).with_revisions()
    if rows:
        toy.with_seeds(rows)
    lines = ['application = "toy"', 'migrations = "alembic"', f"database_url = {json.dumps(url)}"]
    if rows:
        lines.append('seeds = "seeds"')
    (folder / "initdb.toml").write_text("\n".join(lines) + "\n")
    return toy
