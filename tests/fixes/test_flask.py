"""In the folder of a Flask application: printed commands are those of `flask`, with the options of the one
before."""

from __future__ import annotations

import shutil
from pathlib import Path

import flask_migrate
import pytest

from initdb import DatabaseInitializer, DataSeeder, InitError
from initdb.errors import render
from tests.fixes.claims import fixes
from tests.fixes.conftest import with_server
from tests.fixes.person import Done, Person
from tests.fixes.scenes import ON_POSTGRESQL, ON_SQLITE
from tests.support.flask_app import shop

APP = """
import os

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from initdb import Rule, init_app
from sqlalchemy import text

db = SQLAlchemy()


class Product(db.Model):
    id = db.Column(db.Integer, primary_key=True)


def check(connection):
    {check}


def seed(connection):
    {seed}


def create_app():
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["SHOP_URL"]
    db.init_app(app)
    Migrate(app, db, directory="the migrations")
    return init_app(app, db, seeds=[seed], rules=(Rule("stock", check),))
"""

REVISION = """
from alembic import op
import sqlalchemy as sa

revision, down_revision = {name!r}, {down!r}


def upgrade():
    {up}


def downgrade():
    pass
"""
MAKES = "op.create_table('product', sa.Column('id', sa.Integer, primary_key=True))"


class Project:
    """A Flask-Migrate project whose application is not where `flask` looks for it by itself."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.write()
        theirs = Path(flask_migrate.__file__).parent / "templates" / "flask"
        versions = person.folder / "the migrations" / "versions"
        versions.mkdir(parents=True)
        for file in ("env.py", "script.py.mako"):
            shutil.copy(theirs / file, versions.parent)
        shutil.copy(theirs / "alembic.ini.mako", versions.parent / "alembic.ini")
        self.versions = versions
        self.revision("r1", None, MAKES)

    def write(self, check: str = "return True", seed: str = "pass") -> None:
        (self.person.folder / "web.py").write_text(APP.format(check=check, seed=seed))

    def revision(self, name: str, down: str | None, up: str = "pass") -> None:
        (self.versions / f"{name}.py").write_text(REVISION.format(name=name, down=down, up=up))


@pytest.fixture
def project(person: Person, database_url: str, request: pytest.FixtureRequest) -> Project:
    """Nothing is done yet."""
    if database_url.startswith("postgresql"):
        with_server(person, request.getfixturevalue("server"), database_url)
    person.environ["SHOP_URL"] = database_url
    return Project(person)


RUN = "flask --app web:create_app initdb run"


@fixes("multiple-heads")
@ON_SQLITE
def test_two_heads(person: Person, project: Project) -> None:
    """Flask-Migrate shows and joins them, in its own directory."""
    project.revision("r2", "r1")
    project.revision("r3", "r1")
    person.fails(RUN, "multiple-heads")
    assert "r2 (head)" in person.type(person.printed("flask --app web:create_app db heads")).stdout
    merged = person.type(person.printed("flask --app web:create_app db merge"))
    assert merged.code == 0, merged.output
    person.follows("flask --app web:create_app initdb resume")


@fixes("revision-failed")
@ON_POSTGRESQL
def test_a_wrong_statement(person: Person, project: Project) -> None:
    """Its SQL is printed by Flask-Migrate."""
    project.revision("r2", "r1", "op.execute('CREATE TIBLE t')")
    person.fails(RUN, "revision-failed")
    see = person.printed("flask --app web:create_app db upgrade")
    assert "CREATE TIBLE t" in person.type(see).stdout
    project.revision("r2", "r1", "op.execute('SELECT 1')")
    person.follows("flask --app web:create_app initdb resume")


@fixes("validation-failed")
def test_a_rule_that_commits(person: Person, project: Project) -> None:
    """Its commit is taken out."""
    project.write(check="connection.commit()")
    person.fails(RUN, "validation-failed")
    project.write()
    person.follows("flask --app web:create_app initdb resume")


@ON_SQLITE
@fixes("seed-callable-failed")
def test_a_seed_that_fails(person: Person, project: Project) -> None:
    """It is corrected."""
    project.write(seed="{}['stock']")
    person.fails(RUN, "seed-callable-failed")
    project.write()
    person.follows("flask --app web:create_app initdb resume")


@fixes("migration-held")
def test_a_revision_that_was_rolled_back(person: Person, project: Project) -> None:
    """It is released as printed."""
    project.revision("r2", "r1")
    person.runs(RUN)
    person.runs("flask --app web:create_app initdb rollback --yes")
    person.fails(f"{RUN} --when-held exit", "migration-held")
    person.follows("flask --app web:create_app initdb release", RUN)


@fixes("identity-not-used")
def test_a_call_for_the_built_in_admin(person: Person, database_url: str) -> None:
    """The application seeds its own users."""
    made = shop(database_url)
    with made.app.app_context():
        with pytest.raises(InitError) as caught:
            DataSeeder(made.app, made.db).create_admin_user()
        error = render(caught.value.rendered())
    person.meets(Done("create_admin_user()", 1, "", f"{error}\n"), "identity-not-used")
    assert person.printed("flask initdb run")
    assert DatabaseInitializer(made.app, made.db).initialize().success
