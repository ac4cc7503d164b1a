"""Commands, applications and libraries that are not there. No database is asked."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from initdb.errors import Rendered, render
from tests.fixes.claims import fixes
from tests.fixes.person import Person

APP = """
import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Product(db.Model):
    id = db.Column(db.Integer, primary_key=True)


def create_app():
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    db.init_app(app)
    return app
"""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Always a file."""
    return sqlite_url


@fixes("unknown-reference")
def test_no_such_error(person: Person) -> None:
    """The list of all has the one that was meant."""
    person.fails("initdb explain disc-full", "unknown-reference")
    assert "Did you mean: disk-full" in person.error
    assert "disk-full" in person.follows("initdb explain").stdout


@fixes("postgresql-initdb-missing")
def test_the_initdb_of_postgresql(person: Person) -> None:
    """The advice names the command that was meant, if it was this one."""
    person.environ["PATH"] = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    person.meets(person.shell("initdb -D data"), "postgresql-initdb-missing")
    assert "/initdb" in person.runs(person.printed("which -a initdb")).stdout
    person.follows("python -m initdb run")


@fixes("bad-usage")
def test_what_no_command_has(person: Person) -> None:
    """The commands are listed as it says."""
    done = person.type("initdb run --wiat-limit 3 --json")
    error = Rendered.from_data(json.loads(done.stdout)["error"])
    person.meets(replace(done, stderr=render(error)), "bad-usage")
    assert "--wait-limit" in person.follows("initdb run --help").stdout


@fixes("bad-app")
@pytest.mark.parametrize("face", ["initdb run --app shop:make_app", "flask --app shop:make_app initdb run"])
def test_no_such_application(person: Person, face: str, sqlite_url: str) -> None:
    """The command that is printed has the same options: with the right name it is the one to type."""
    (person.folder / "shop.py").write_text(APP)
    person.environ["DATABASE_URL"] = sqlite_url
    person.fails(face, "bad-app")
    command = person.printed(face)
    assert command == face
    person.runs(command.replace("make_app", "create_app"))


@fixes("library-too-old")
def test_an_old_library(person: Person, tmp_path: Path) -> None:
    """The printed pip command asks for what is installed here; without the old one in front it is ready."""
    (tmp_path / "old" / "sqlalchemy").mkdir(parents=True)
    (tmp_path / "old" / "sqlalchemy" / "__init__.py").touch()
    about = tmp_path / "old" / "SQLAlchemy-1.4.54.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: SQLAlchemy\nVersion: 1.4.54\n")
    person.environ["PYTHONPATH"] = str(tmp_path / "old")
    person.meets(person.shell("initdb run"), "library-too-old")
    pip, then = person.printed("pip install"), person.printed("initdb run")
    del person.environ["PYTHONPATH"]
    assert "already satisfied: sqlalchemy" in person.runs(f"{pip} --dry-run --no-deps --no-index").output
    person.runs(then)
