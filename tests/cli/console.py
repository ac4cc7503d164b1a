"""Calls commands as a person in a folder would, and creates a project in that folder."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from initdb.cli.root import make_group
from tests.support import forked
from tests.support.forked import Forked
from tests.support.own_modules import own_modules
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
            with own_modules(self.folder):
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

    def start(self, *words: str, **environ: str) -> Forked:
        """The command as a process of its own, without a controlling terminal."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return Forked("initdb", *words, cwd=self.folder, env={**self.environ, **environ}, **pipes)

    def process(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """The same, waited for."""
        return forked.run("initdb", *words, cwd=self.folder, env={**self.environ, **environ})


def toy_project(folder: Path, url: str, *, tables: int = 3, rows: int = 5) -> Toy:
    """An application of revisions and seeds in `folder`, with an initdb.toml that says where all is."""
    toy = Toy(folder, url, tables, {"schema_from": None}).with_revisions()
    if rows:
        toy.with_seeds(rows)
    lines = ['application = "toy"', 'migrations = "alembic"', f"database_url = {json.dumps(url)}"]
    if rows:
        lines.append('seeds = "seeds"')
    (folder / "initdb.toml").write_text("\n".join(lines) + "\n")
    return toy
