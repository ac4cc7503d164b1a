"""A person in a folder: types commands, reads what they print, and types what is printed."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
import traceback
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import click
import flask.cli
from alembic.config import CommandLine, Config
from click.testing import CliRunner

from initdb.cli.root import make_group
from initdb.errors import CATALOGUE
from initdb.errors.fields import fields_in
from tests.errors.plain_user import as_plain_user
from tests.fixes.printed import SQL, looks, printed
from tests.support import forked
from tests.support.own_modules import own_modules

_OPERATORS = re.compile(r"[|&;<>$`*?]|^\(")
_ANSWERS_2 = ("getent", "ls", "pg_isready", "psql")
"""Programs that answer with 2: a server that cannot be reached, a name without an address."""


class _Alembic(CommandLine):
    """Prints where this process prints now, not where it did when Alembic was imported."""

    def run_cmd(self, config: Config, options: Namespace) -> None:
        config.stdout = sys.stdout
        super().run_cmd(config, options)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def _alembic(words: tuple[str, ...]) -> None:
    """Alembic's own command line, in this process."""
    try:
        _Alembic(prog="alembic").main(words)
    except Exception:
        traceback.print_exc()
        sys.exit(1)


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    command: str
    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


@dataclass
class Person:
    """`database`: what SQL is given to by an administrator: a URL for psql; else the file `app.db`.

    `is_plain`: our commands are called by a user who is not root; what else is typed, root types.
    `met`, `typed`: the references that were printed, and those of which something was typed.
    """

    folder: Path
    environ: dict[str, str]
    is_plain: bool = False
    database: str | None = None
    last: Done = field(default_factory=lambda: Done("", 0, "", ""))
    met: set[str] = field(default_factory=set)
    typed: set[str] = field(default_factory=set)

    def type(self, command: str) -> Done:
        """A command, as a shell in the folder reads it. Ours need no process, unless a shell does more."""
        words = [] if _OPERATORS.search(re.sub(r"'[^']*'|\"[^\"]*\"", "", command)) else shlex.split(command)
        if words[:1] == ["initdb"]:
            return self._called(command, make_group(), words)
        if words[:2] == ["flask", "initdb"] or (words[:2] == ["flask", "--app"] and words[3:4] == ["initdb"]):
            return self._called(command, flask.cli.FlaskGroup(), words)
        if words[:1] == ["alembic"]:
            return self._called(command, _alembic, words)
        if words[:1] == ["flask"] or words[:3] == ["python", "-m", "initdb"]:
            module, *given = words[2:] if words[0] == "python" else words
            ended = forked.run(module, *given, cwd=self.folder, env=self.environ)
            return Done(command, ended.returncode, ended.stdout, ended.stderr)
        return self.shell(command)

    def runs(self, command: str) -> Done:
        """A command that succeeds."""
        done = self.type(command)
        assert done.code == 0, f"{command}: {done.code}\n{done.output}"
        return done

    def fails(
        self, command: str, reference: str, *, left: Iterable[str] = (), code: int | None = None
    ) -> str:
        """The error that a command ends with."""
        return self.meets(self.type(command), reference, left=left, code=code)

    def meets(self, done: Done, reference: str, *, left: Iterable[str] = (), code: int | None = None) -> str:
        """The error that is the end of what was printed. No name is left in it but those of `left`."""
        assert f"error: {reference}\n" in done.stderr, f"{done.command}: {done.code}\n{done.output}"
        expected = CATALOGUE[reference].exit_code if code is None else code
        assert done.code == expected, f"{done.command}: {done.code}\n{done.output}"
        self.last = done
        self.met.add(reference)
        assert set(fields_in(self.error)) <= set(left), self.error
        return self.error

    def explains(self, reference: str) -> None:
        """Types `initdb explain` for a reference that a line of the last output names."""
        assert f"{reference}: " in self.last.output, self.last.output
        row = CATALOGUE[reference]
        page = self.runs(f"initdb explain {reference}")
        assert " ".join(row.fix.split()) in " ".join(page.stdout.split())
        self.last = Done(page.command, 0, "", f"error: {reference}\n\nfix: {row.fix}\n")
        self.met.add(reference)

    @property
    def error(self) -> str:
        """The last error, from its reference to where there is more."""
        return self.last.stderr[self.last.stderr.rindex("error: ") :]

    @property
    def reference(self) -> str:
        return self.error.removeprefix("error: ").partition("\n")[0]

    def printed(self, begins: str) -> str:
        """The command in the last error that begins so: in its fix, if there is one; else in what helps."""
        self.typed.add(self.reference)
        (fix,) = (line for line in self.error.splitlines() if line.startswith("fix: "))
        return printed(fix if begins in fix else self.error, begins)

    def follows(self, *begins: str) -> Done:
        """Types the commands of the last error that begin so, one after the other; each succeeds."""
        commands = [self.printed(one) for one in begins]
        for command in commands:
            done = self.sql(command) if command.startswith(SQL) else self.runs(command)
        return done

    def looks(self) -> list[Done]:
        """Types what the help of the last error says to look at. Whatever it answers, the command is one."""
        self.typed.add(self.reference)
        commands = looks("\n".join(line for line in self.error.splitlines() if line.startswith("help: ")))
        assert commands, self.error
        done = [self.sql(one) if one.startswith(SQL) else self.type(one) for one in commands]
        for one in done:
            unknown = (126, 127) if one.command.startswith(_ANSWERS_2) else (2, 126, 127)
            assert one.code not in unknown, f"{one.command}: {one.code}\n{one.output}"
        return done

    def sql(self, statement: str) -> Done:
        """A statement, as an administrator types it."""
        where = (
            f"psql -X -A -t -v ON_ERROR_STOP=1 {shlex.quote(self.database)}"
            if self.database
            else "sqlite3 app.db"
        )
        done = self.shell(where, statement)
        assert done.code == 0, f"{statement}\n{done.output}"
        return Done(statement, done.code, done.stdout, done.stderr)

    def shell(self, command: str, given: str = "") -> Done:
        """A command as a process of a real shell."""
        options = {"cwd": self.folder, "env": self.environ, "capture_output": True, "text": True}
        done = subprocess.run(["sh", "-c", command], input=given, check=False, **options)
        return Done(command, done.returncode, done.stdout, done.stderr)

    def _called(self, command: str, group: click.Command, words: list[str]) -> Done:
        def call() -> Done:
            done = CliRunner().invoke(group, words[1:], prog_name=words[0], env=self.environ)
            return Done(command, done.exit_code, done.stdout, done.stderr)

        here = contextlib.chdir(self.folder), own_modules(self.folder)
        with here[0], here[1], patch.object(sys, "argv", words), patch.dict(os.environ):
            return as_plain_user(call) if self.is_plain else call()
