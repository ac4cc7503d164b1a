"""Completion: commands, options and values, in bash and by zsh's and fish's protocol; no noise, no harm."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.cli import FlaskGroup
from sqlalchemy import make_url

from initdb.cli.completing import answers
from initdb.cli.completing.scripts import SCRIPTS, script
from initdb.cli.root import COMMANDS
from initdb.errors import CATALOGUE
from tests.cli.console import Console
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy

FISH = {"_INITDB_COMPLETE": "fish_complete"}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine changes nothing."""
    monkeypatch.setattr(answers, "PATIENCE", 60.0)


def completed(console: Console, line: str) -> dict[str, str]:
    """What fish is told for a line: value → what it means; nothing else is printed."""
    word = "" if line.endswith(" ") else shlex.split(line)[-1]
    asked = Console(console.folder, {**console.environ, **FISH, "COMP_WORDS": line, "COMP_CWORD": word})
    done = asked()
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    found = [answer.partition(",")[2].partition("\t") for answer in done.stdout.split("\n") if answer]
    return {value: meaning for value, _, meaning in found}


def runs_of(console: Console) -> list[str]:
    """The runs in the journal, oldest first."""
    entries = map(json.loads, console("journal", "--json").stdout.splitlines())
    return list(dict.fromkeys(entry["run"] for entry in entries))


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """A folder and all below it, with sizes and times. A folder's time tells of files that came and went."""
    found = {str(file): file.stat() for file in [folder, *folder.rglob("*")]}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


def test_what_is_known_without_a_database(console: Console) -> None:
    """Commands, options, errors, the words of settings, types and states."""
    assert list(completed(console, "initdb ")) == [command.name for command in COMMANDS]
    assert list(completed(console, "initdb jou")) == ["journal"]
    assert completed(console, "initdb nonsense --n") == {}
    assert "--take-over" in completed(console, "initdb resume --")
    assert completed(console, "initdb explain ").keys() == CATALOGUE.keys()
    assert completed(console, "initdb explain seed-r") == {
        "seed-rejected": CATALOGUE["seed-rejected"].message
    }
    assert list(completed(console, "initdb run --mode ")) == ["work", "wait", "check", "off"]
    assert list(completed(console, "initdb run --on-failure e")) == ["exit"]
    assert list(completed(console, "initdb journal --state un")) == [
        "unknown",
        "unmanaged",
        "unseeded",
        "unproven",
    ]
    assert "migration_applied" in completed(console, "initdb journal --type mig")
    assert list(completed(console, "initdb completion ")) == ["bash", "zsh", "fish"]
    asked = {**FISH, "COMP_WORDS": "initdb run --seeds se", "COMP_CWORD": "se"}
    assert Console(console.folder, {**console.environ, **asked})().stdout == "file,se\n"
    assert not any(console.folder.iterdir())


def test_what_is_stored(console: Console, toy: Toy) -> None:
    """Revisions of the files; runs and held revisions of the journal."""
    assert list(completed(console, "initdb rollback --to ")) == ["r3", "r2", "r1", "base"]
    assert completed(console, "initdb resume --retry r2") == {"r2": "make t2"}
    assert list(completed(console, "initdb resume --mark-applied r1 --mark-applied ")) == ["r3", "r2"]
    assert completed(console, "initdb journal --run ") == {}
    console("run")
    console("rollback", "--yes")
    ids = runs_of(console)
    found = completed(console, "initdb journal --run ")
    assert list(found) == ids[::-1] and len(ids) == 2
    assert "the journal of toy was created" in found[ids[0]]
    assert completed(console, f"initdb journal --run {ids[0][:-4]}").keys() == {ids[0]}
    assert list(completed(console, "initdb release ")) == ["r3"]
    assert list(completed(console, "initdb release r3 ")) == []


def test_an_option_before_names_the_database(console: Console, sqlite_toy: Toy, tmp_path: Path) -> None:
    """As it will for the command."""
    console("run")
    (console.folder / "initdb.toml").unlink()
    line = f"initdb journal --database-url {sqlite_toy.url} --application toy --run "
    assert len(completed(console, line)) == 1


def test_nothing_is_made_or_changed(console: Console, sqlite_toy: Toy, server: PostgresServer) -> None:
    """No file, also none beside a database in write-ahead mode, and no database on a server."""
    before = files(console.folder.parent)
    assert completed(console, "initdb journal --run ") == {}
    assert files(console.folder.parent) == before
    console("run")
    file = Path(make_url(sqlite_toy.url).database or "")
    for prepare in ("PRAGMA journal_mode = WAL", "PRAGMA journal_mode = DELETE"):
        with sqlite3.connect(file) as database:
            database.execute(prepare)
        database.close()
        before = files(console.folder.parent)
        assert len(completed(console, "initdb journal --run ")) == 1
        assert files(console.folder.parent) == before
    name = "not_made_by_completion"
    url = server.url(name)
    assert completed(console, f"initdb journal --database-url {url} --run ") == {}
    databases = server.admin_execute("SELECT datname FROM pg_database")
    assert name not in str(databases)


def test_while_another_process_writes(console: Console, sqlite_toy: Toy) -> None:
    """The newest entries are in the write-ahead log. One that is left over is not touched."""
    console("run")
    file = Path(make_url(sqlite_toy.url).database or "")
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE x (id INTEGER)")
        before = files(console.folder.parent)
        assert len(completed(console, "initdb journal --run ")) == 1
        assert files(console.folder.parent).keys() == before.keys()
        left_over = file.with_name("copy.db")
        for end in ("", "-wal"):
            Path(f"{left_over}{end}").write_bytes(Path(f"{file}{end}").read_bytes())
    before = files(console.folder.parent)
    assert completed(console, f"initdb journal --database-url sqlite:///{left_over} --run ") == {}
    assert files(console.folder.parent) == before


def test_an_application_is_not_imported(console: Console) -> None:
    """Its code may do anything."""
    (console.folder / "shop.py").write_text("open('imported', 'w').close()\n")
    (console.folder / "initdb.toml").write_text('app = "shop:app"\nmigrations = "shop:config"\n')
    for line in ("initdb journal --run ", "initdb rollback --to ", "initdb release "):
        assert completed(console, line).keys() <= {"base"}
    assert not (console.folder / "imported").exists()


@pytest.mark.parametrize("content", ["nonsense = 1", "not toml", 'database_url = "nonsense"'])
def test_what_is_wrong_is_not_told(console: Console, content: str) -> None:
    """There are no values, and no word."""
    (console.folder / "initdb.toml").write_text(content)
    for line in ("initdb journal --run ", "initdb rollback --to ", "initdb release "):
        assert completed(console, line).keys() <= {"base"}


def test_a_server_that_does_not_answer(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """It accepts the connection and is silent: the shell is not held up."""
    monkeypatch.setattr(answers, "PATIENCE", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql+psycopg2://app@127.0.0.1:{silent.getsockname()[1]}/shop?connect_timeout=50"
        begun = time.monotonic()
        assert completed(console, f"initdb journal --database-url {url} --run ") == {}
        assert time.monotonic() - begun < 30


def test_what_a_shell_would_run_is_not_offered(console: Console, sqlite_toy: Toy) -> None:
    """Completed text is part of a command line."""
    revision = sqlite_toy.migrations / "versions" / "004_r4.py"
    revision.write_text("revision = '$(touch harm)'\ndown_revision = 'r3'\n")
    assert list(completed(console, "initdb rollback --to ")) == ["r3", "r2", "r1", "base"]


def program(folder: Path, name: str, text: str) -> None:
    """A program in a folder."""
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)


def in_bash(console: Console, path: str, *lines: str, shell: str = "") -> list[str]:
    """What bash completes for each line, by the functions that it calls at TAB."""
    said = console("completion", "bash").stdout
    asks = "\n".join(
        f"COMP_WORDS=({line}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); COMPREPLY=();"
        ' _initdb_completion initdb; echo "${COMPREPLY[*]}"'
        for line in lines
    )
    environ = {**console.environ, "PATH": path, "PGDATA": "cluster"}
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{said}\n{asks}"],
        cwd=console.folder,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_bash(console: Console, sqlite_toy: Toy, tmp_path: Path) -> None:
    """The real one, with the command as an installer makes it."""
    console("run")
    (ours := tmp_path / "bin").mkdir()
    program(ours, "initdb", f"#!{sys.executable}\nfrom initdb.__main__ import main\n\nmain()\n")
    path = os.pathsep.join((str(ours), os.environ["PATH"]))
    (run,) = runs_of(console)
    assert in_bash(console, path, "initdb journal v", "initdb run --mode ''", "initdb rollback --to ''") == [
        "verify",
        "work wait check off",
        "r3 r2 r1 base",
    ]
    assert in_bash(console, path, f"initdb journal --run {run[:4]}") == [run]


def test_postgresqls_initdb_is_not_called(console: Console, tmp_path: Path) -> None:
    """It comes first on PATH, and would create a cluster in PGDATA."""
    (theirs := tmp_path / "bin").mkdir()
    program(theirs, "initdb", "#!/bin/sh\ntouch called; mkdir $PGDATA\n")
    path = os.pathsep.join((str(theirs), os.environ["PATH"]))
    assert in_bash(console, path, "initdb ''") == [""]
    assert not any(console.folder.iterdir())


def test_the_scripts(console: Console) -> None:
    """One for each shell; bash can read its own, and each names what click listens to."""
    for shell in SCRIPTS:
        said = console("completion", shell).stdout
        assert said == script(shell, "initdb")
        assert f"_INITDB_COMPLETE={shell}_complete" in said and "initdb.__main__" in said
        assert console.object("completion", shell)["script"] == said
    assert console("completion", "powershell").exit_code == 2


def test_flask(console: Console, sqlite_toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script is for flask, which asks the same functions."""
    monkeypatch.chdir(console.folder)
    done = CliRunner().invoke(FlaskGroup(), ["initdb", "completion", "bash"], env=console.environ)
    assert done.stdout == script("bash", "flask") and "initdb.__main__" not in done.stdout
    line = "flask initdb rollback --to "
    asked = {"_FLASK_COMPLETE": "fish_complete", "COMP_WORDS": line, "COMP_CWORD": ""}
    done = CliRunner().invoke(FlaskGroup(), prog_name="flask", env={**console.environ, **asked})
    assert [value.split("\t")[0] for value in done.stdout.splitlines()] == [
        "plain,r3",
        "plain,r2",
        "plain,r1",
        "plain,base",
    ]
