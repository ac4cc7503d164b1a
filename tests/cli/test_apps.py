"""The application that --app names, and the three ways to call one command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from initdb.booting import loading, quiet
from tests.cli.console import Console
from tests.support import forked

APP = '''"""A Flask application as a user would write it."""
import os
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from initdb.flask import init_app

db = SQLAlchemy()

class Note(db.Model):
    __tablename__ = "notes"
    id = db.Column(db.Integer, primary_key=True)
    text = db.Column(db.String(40), nullable=False)

def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    db.init_app(app)
    init_app(app, db)
    return app
'''


@pytest.fixture
def flask(console: Console, database_url: str) -> Console:
    """A folder with a Flask application whose create_app ends with init_app."""
    (console.folder / "note_app.py").write_text(APP)
    console.environ["DATABASE_URL"] = database_url
    return console


def test_the_command_does_the_work_and_not_the_boot_that_it_loads(flask: Console) -> None:
    """One run, by the command, with its lines, under the application's name."""
    done = flask.process("run", "--app", "note_app:create_app")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("note_app on ")
    assert "created 1 table: notes" in done.stdout
    events = [json.loads(line) for line in flask.process("journal", "--json").stdout.splitlines()]
    assert [event["type"] for event in events].count("run_started") == 1
    assert {event["by"]["app"] for event in events} == {"note_app"}


def test_looking_at_an_application_boots_nothing(flask: Console) -> None:
    """status, plan and validate load it, and its database stays as it was."""
    for command in ("status", "plan", "validate"):
        done = flask.process(command, "--app", "note_app:create_app")
        assert done.returncode in (0, 1, 3), done.stderr
        assert "internal-error" not in done.stderr
    assert flask.process("journal").stdout == "there is no journal yet\n"


def test_the_database_that_the_command_names_is_the_one_that_is_made_ready(
    flask: Console, database_url: str
) -> None:
    """--database-url reaches the application as DATABASE_URL; one that ignores it is refused."""
    flask.environ["DATABASE_URL"] = "sqlite:///elsewhere.db"
    words = ("--app", "note_app:create_app", "--database-url", database_url)
    assert flask.process("run", *words).returncode == 0
    assert not list(flask.folder.rglob("elsewhere.db"))
    source = flask.folder / "note_app.py"
    source.write_text(APP.replace('os.environ["DATABASE_URL"]', '"sqlite:///elsewhere.db"'))
    refused = flask.process("run", *words)
    assert refused.returncode == 2
    assert "the application connects to sqlite:///" in refused.stderr


def test_one_command_three_faces(flask: Console) -> None:
    """`initdb`, `python -m initdb` and `flask initdb` say the same."""
    flask.environ["INITDB_APP"] = "note_app:create_app"
    assert flask.process("run").returncode == 0
    script = str(Path(sys.executable).parent / "initdb")
    here = {"cwd": flask.folder, "env": flask.environ}
    said = [
        subprocess.run([script, "status", "--json"], **here, capture_output=True, text=True),
        flask.process("status", "--json"),
        forked.run("flask", "--app", "note_app", "initdb", "status", "--json", **here),
    ]
    assert [one.returncode for one in said] == [0, 0, 0], said[2].stderr
    assert said[0].stdout == said[1].stdout == said[2].stdout
    again = forked.run("flask", "--app", "note_app", "initdb", "run", **here)
    assert again.stdout.splitlines()[-1].startswith("already ready (")


def test_flask_without_an_application(console: Console) -> None:
    """Explanations need none; the rest is flask's own error, with 2."""
    here = {"cwd": console.folder, "env": console.environ}
    explained = forked.run("flask", "initdb", "explain", "revision-failed", **here)
    assert explained.returncode == 0
    run = forked.run("flask", "initdb", "run", **here)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def create_app():\n    raise ValueError('not today')\n", "ValueError ("),
        ("def create_app(name):\n    return name\n", "TypeError"),
        ("def create_app():\n    return object()\n", "no Flask-SQLAlchemy"),
        ("create_app = 7\n", "no Flask-SQLAlchemy"),
        ("import nowhere\n", "nowhere"),
        ("", "has no create_app"),
    ],
)
def test_an_application_that_cannot_be_made(console: Console, source: str, words: str) -> None:
    """2, and what it was."""
    (console.folder / "broken_app.py").write_text(source)
    done = console.process("run", "--app", "broken_app:create_app")
    assert done.returncode == 2
    assert "error: bad-app" in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_models_whose_module_makes_the_application_boot_nothing(flask: Console) -> None:
    """`app = create_app()` at the top of the module that --metadata names."""
    with (flask.folder / "note_app.py").open("a") as file:
        file.write("\napp = create_app()\n")
    done = flask.process("plan", "--metadata", "note_app:db")
    assert done.returncode == 0, done.stderr
    assert flask.process("journal").stdout == "there is no journal yet\n"


def test_loading_is_for_a_block_only() -> None:
    """Nested, and after an exception too."""
    assert not quiet.get()
    with pytest.raises(ValueError, match="x"), loading():
        with loading():
            assert quiet.get()
        assert quiet.get()
        raise ValueError("x")
    assert not quiet.get()


def test_an_application_whose_driver_is_missing(flask: Console, tmp_path: Path) -> None:
    """A plain postgresql:// where only psycopg2 is installed: the error names both ways out."""
    (flask.folder / "sitecustomize.py").write_text("import sys\nsys.modules['psycopg'] = None\n")
    flask.environ |= {"DATABASE_URL": "postgresql://u:pw@127.0.0.1:1/x", "PYTHONPATH": str(flask.folder)}
    words = [sys.executable, "-m", "initdb", "run", "--app", "note_app:create_app"]
    done = subprocess.run(
        words, cwd=flask.folder, env=flask.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "error: bad-app" in done.stderr and "psycopg" in done.stderr, done.stderr
    assert "postgresql+psycopg2://" in done.stderr
    assert "pip install 'psycopg[binary]'" in done.stderr
    assert "pw" not in done.stderr
