"""Settings, URLs and names that are wrong. The database does not matter: nothing is asked of it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from initdb.errors import Rendered, render
from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.support.toy import Toy

MODELS = """
from sqlalchemy import Column, Integer, MetaData, String, Table

metadata = MetaData()
for name in ("t1", "t2", "t3"):
    unique = Column("name", String(40), nullable=False, unique=True)
    Table(name, metadata, Column("id", Integer, primary_key=True), unique)
"""


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


def set_to(person: Person, name: str, value: str | None) -> None:
    """Another line of initdb.toml, or one less."""
    file = person.folder / "initdb.toml"
    kept = [line for line in file.read_text().splitlines() if line.partition(" ")[0] != name]
    file.write_text("\n".join([*kept, *([f"{name} = {value}"] if value else [])]) + "\n")


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        pytest.param("lock_timeout", '"soon"', '"1s"', marks=fixes("bad-setting")),
        pytest.param("lock_time", '"1s"', None, marks=fixes("unknown-setting")),
        pytest.param("database_url", '"postgres//shop"', "", marks=fixes("bad-setting")),
        pytest.param("database_url", '"mysql://app@host/shop"', "", marks=fixes("unsupported-database")),
        pytest.param("database_url", '"postgresql://app@host:port/shop"', "", marks=fixes("bad-url")),
        pytest.param("database_url", '"postgresql+psycopg9://h/shop"', "", marks=fixes("no-such-driver")),
        pytest.param("metadata", '"shop.models:Base"', '"models:metadata"', marks=fixes("bad-metadata")),
        pytest.param("migrations", '"migration"', '"alembic"', marks=fixes("migrations-not-found")),
        pytest.param("seeds", '"seed"', '"seeds"', marks=fixes("seeds-not-found")),
    ],
)
def test_a_line_of_the_settings(
    person: Person, toy: Toy, request: pytest.FixtureRequest, name: str, wrong: str, right: str | None
) -> None:
    """It is corrected where it is set; then what the error says brings the database to ready."""
    (person.folder / "models.py").write_text(MODELS)
    set_to(person, name, wrong)
    (mark,) = request.node.iter_markers("fixes")
    person.fails("initdb run", mark.args[0])
    set_to(person, name, json.dumps(toy.url) if right == "" else right)
    person.follows("initdb run")


@fixes("settings-file-unreadable")
def test_a_file_of_settings(person: Person, toy: Toy) -> None:
    """The printed command names the line; corrected, it says nothing."""
    file = person.folder / "initdb.toml"
    before = file.read_text()
    file.write_text(before.replace('"toy"', '"toy'))
    person.fails("initdb run", "settings-file-unreadable")
    see = person.printed("python -c")
    assert "at line 1" in person.type(see).stderr
    then = person.printed("initdb run")
    file.write_text(before)
    assert person.runs(see).output == ""
    person.runs(then)


@fixes("database-url-missing")
@pytest.mark.parametrize("how", ["the option", "the variable"])
def test_no_database(person: Person, toy: Toy, how: str) -> None:
    """As an option, as it is printed, or as a variable."""
    set_to(person, "database_url", None)
    person.fails("initdb run", "database-url-missing")
    if how == "the option":
        assert "--database-url sqlite:///app.db" in person.follows("initdb run").command
    else:
        person.environ["DATABASE_URL"] = toy.url
        person.follows("initdb run")
    assert toy.sql("SELECT count(*) FROM t1") == [(6,)]


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
