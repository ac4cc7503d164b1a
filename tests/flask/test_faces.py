"""Errors name commands as one types them in the place at hand: `initdb …`, `flask initdb …`, `flask db …`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import cast

import click
import flask_migrate
import pytest
from alembic import command as alembic_command
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from initdb import DatabaseInitializer, InitError, init_app
from initdb.cli.root import make_group
from initdb.errors import render
from initdb.errors.faces import Face, as_typed, speaking
from tests.support.flask_app import Shop, shop, spoilt

FLASK = Face("flask initdb {}", lambda: "flask db {}")
_APP = Flask("shop")
flask_migrate.Migrate(_APP, SQLAlchemy())
_DB = cast("click.Group", _APP.cli.commands["db"])
ALEMBIC = sorted(name for name in _DB.commands if name != "init" and hasattr(alembic_command, name))
"""What Flask-Migrate and Alembic both have."""

APP = """
import os

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

from initdb import init_app

db = SQLAlchemy()


class Product(db.Model):
    id = db.Column(db.Integer, primary_key=True)


def create_app():
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    db.init_app(app)
    Migrate(app, db)
    return init_app(app, db, seeds=[seed])


def seed(connection):
    if not os.path.exists("mended"):
        raise ValueError("no stock")
"""


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("then: initdb run", "then: flask initdb run"),
        ("initdb journal verify", "flask initdb journal verify"),
        ("see alembic heads, then alembic merge heads", "see flask db heads, then flask db merge heads"),
        ("python -m initdb run", "python -m initdb run"),
        ("flask initdb resume", "flask initdb resume"),
        ("/usr/bin/initdb run", "/usr/bin/initdb run"),
        ("initdb is a tool", "initdb is a tool"),
        ("initdb checks it, runs it and shows it", "initdb checks it, runs it and shows it"),
        ("initdb runs what alembic upgrades", "initdb runs what alembic upgrades"),
        ("initdb upgrade", "initdb upgrade"),
        ("initdb.toml: name = alembic", "initdb.toml: name = alembic"),
    ],
)
def test_the_commands_in_a_text(text: str, typed: str) -> None:
    """Only what is a command of the two is written otherwise."""
    with speaking(FLASK):
        assert as_typed(text) == typed
    assert as_typed(text) == text


@pytest.mark.parametrize("command", [*make_group().commands, *ALEMBIC])
def test_every_command_is_known(command: str) -> None:
    """Those that there are, and those of Flask-Migrate that errors may name."""
    name, typed = ("alembic", "flask db") if command in ALEMBIC else ("initdb", "flask initdb")
    with speaking(FLASK):
        assert as_typed(f"then: {name} {command}") == f"then: {typed} {command}"


def test_a_stored_error_is_shown_in_any_face() -> None:
    """What is stored has the plain names."""
    error = InitError("revision-failed").rendered()
    assert "flask" not in str(error.as_stored())
    with speaking(FLASK):
        assert "more: flask initdb explain revision-failed" in render(error)
    assert "more: initdb explain revision-failed" in render(error)


def test_a_boot_of_flask(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without Flask-Migrate only our own command has another name."""
    made = shop(sqlite_url)
    with pytest.raises(SystemExit):
        init_app(made.app, made.db, seeds=[spoilt])
    error = capsys.readouterr().err
    assert "flask initdb resume" in error and "more: flask initdb explain" in error
    result = DatabaseInitializer(made.app, made.db).initialize()
    assert "flask initdb resume" in result.errors[0]


def call(folder: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in the folder of the application."""
    environ = {**os.environ, "DATABASE_URL": url, "FLASK_APP": "shop:create_app"}
    return subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_what_an_error_says_to_type_fixes_it(tmp_path: Path, database_url: str) -> None:
    """As `flask initdb run` prints it, in the folder of the application."""
    (tmp_path / "shop.py").write_text(APP)
    flask = (sys.executable, "-m", "flask")
    failed = call(tmp_path, database_url, *flask, "initdb", "run")
    assert failed.returncode == 1, failed.stdout + failed.stderr
    (command,) = re.findall(r"^fix: .*(flask initdb resume)", failed.stderr, re.MULTILINE)
    explained = call(tmp_path, database_url, *flask, "initdb", "explain", "seed-callable-failed")
    assert "flask initdb resume" in explained.stdout and explained.returncode == 0
    (tmp_path / "mended").touch()
    done = call(tmp_path, database_url, *flask, *command.split()[1:])
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_initdb_on_a_flask_application(tmp_path: Path, sqlite_url: str) -> None:
    """The same application, by the other command: its own name."""
    (tmp_path / "shop.py").write_text(APP)
    words = (sys.executable, "-m", "initdb", "run", "--app", "shop:create_app")
    failed = call(tmp_path, sqlite_url, *words)
    assert "flask initdb" not in failed.stderr and "initdb resume" in failed.stderr, failed.stderr


def test_a_warning_of_a_boot_names_the_command_of_flask(
    sqlite_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log of a server, and in the result of a call."""

    def made() -> Shop:
        return shop(sqlite_url, migrations=tmp_path / "migrations", models=False)

    first = made().with_revisions("r1")
    init_app(first.app, first.db)
    (file,) = (tmp_path / "migrations" / "versions").glob("*.py")
    file.write_text(file.read_text() + "# a comment\n")
    for _ in range(2):
        again = made()
        caplog.clear()
        with caplog.at_level("WARNING", logger="initdb"):
            init_app(again.app, again.db)
        shown = [record.getMessage() for record in caplog.records]
        assert any("(revision r1) was edited since it was applied at" in line for line in shown)
        assert shown[-1].endswith(": flask initdb resume --accept-edited")
        assert DatabaseInitializer(again.app, again.db).initialize().warnings == shown
