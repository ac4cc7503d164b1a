"""PostgreSQL's initdb has the same name: its options reach it, and ours reach us."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from initdb.cli.handover import is_for_postgresql
from initdb.cli.root import make_group
from tests.cli.console import Console
from tests.support.postgres_server import PostgresServer

NAMES = make_group().commands.keys()


@pytest.mark.parametrize(
    "line",
    [
        "-D data",
        "-Ddata",
        "--pgdata=data",
        "--pgdata data -A trust",
        "-U postgres data",
        "data -U postgres",
        "-A md5",
        "-E UTF8",
        "--locale C",
        "--locale=C.UTF-8 journal",
        "--auth trust",
        "--encoding UTF8",
        "-k data",
        "-X /wal",
        "--wal-segsize=1",
        "--data-checksums run",
        "--debug -D data",
        "--no-sync -D status",
    ],
)
def test_options_of_postgresql(line: str) -> None:
    """Before any command of ours."""
    assert is_for_postgresql(shlex.split(line), NAMES)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "run",
        "journal",
        "data",
        "--help",
        "--version",
        "-V",
        "run -D data",
        "--json status",
        "journal --set x",
        "--debug run -E",
    ],
)
def test_everything_else_is_ours(line: str) -> None:
    """A path alone too: it is an error that says which initdb this is."""
    assert not is_for_postgresql(shlex.split(line), NAMES)


def fake(folder: Path, text: str) -> Path:
    """A program called initdb in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "initdb"
    program.write_text(text)
    program.chmod(0o755)
    return program


def call(console: Console, path: str, *words: str) -> subprocess.CompletedProcess[str]:
    return console.process(*words, PATH=path)


def test_the_next_initdb_on_path_gets_the_same_words(console: Console, tmp_path: Path) -> None:
    """Ours, in this environment and in another one, is passed over; the exit code is theirs."""
    ours = fake(tmp_path / "ours", f"#!{sys.executable}\nfrom initdb.__main__ import main\nmain()\n")
    theirs = fake(tmp_path / "pg", '#!/bin/sh\necho "cluster: $*"\nexit 7\n')
    path = f"{tmp_path / 'empty'}:{ours.parent}:{theirs.parent}:/usr/bin:/bin"
    done = call(console, path, "-D", "my data", "-U", "postgres")
    assert (done.returncode, done.stdout) == (7, "cluster: -D my data -U postgres\n")


def test_without_another_one_it_explains_itself(console: Console, tmp_path: Path) -> None:
    """Which initdb this is, where PostgreSQL's may be."""
    ours = fake(tmp_path / "ours", f"#!{sys.executable}\nfrom initdb.__main__ import main\nmain()\n")
    done = call(console, str(ours.parent), "--pgdata", "data")
    assert done.returncode == 2
    assert "error: postgresql-initdb-missing" in done.stderr
    assert not (console.folder / "data").exists()


def test_help_says_first_which_one_it_is(console: Console) -> None:
    """And so does --version."""
    first = console("--help").stdout.splitlines()[0]
    assert first.startswith("initdb-journal 0.")
    assert "not PostgreSQL's initdb" in first
    assert "not PostgreSQL's initdb" in console("--version").stdout


def test_the_real_one_finds_its_server(console: Console, tmp_path: Path, server: PostgresServer) -> None:
    """It looks beside the program by whose name it was called, which must not be ours."""
    ours = fake(tmp_path / "ours", f"#!{sys.executable}\nfrom initdb.__main__ import main\nmain()\n")
    done = call(
        console, f"{ours.parent}:{server.bin}:/usr/bin:/bin", "-D", str(tmp_path / "data"), "-A", "trust"
    )
    assert 'program "postgres"' not in done.stderr, done.stderr
    # It runs as no superuser of the system.
    assert done.returncode == 0 or "cannot be run as root" in done.stderr, done.stderr
