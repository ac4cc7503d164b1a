"""Without settings the identity schema is assumed in a folder that holds nothing, and nowhere else."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import pytest
from sqlalchemy import Engine, inspect

from tests.cli.console import ADMIN_PASSWORD, Console
from tests.cli.failures import SECRET, harmless, well_told
from tests.support.layouts import FLASK_MIGRATE, LAYOUTS, SHOP, STORE, lay_out

COMMANDS = ("run", "resume", "status", "plan", "validate", "repair", "rollback", "release")
FLASK_PROJECT = {**SHOP, **FLASK_MIGRATE}


def tables(engine: Engine) -> list[str]:
    return inspect(engine).get_table_names()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_flask_project_without_settings(console: Console, command: str) -> None:
    """A command that names no application makes no database; it says what it found and what to type."""
    lay_out(console.folder, FLASK_PROJECT)
    done = console(command)
    well_told(done, "schema-not-named", 2)
    assert "shop/__init__.py, line 9: create_app() creates a Flask application" in done.stderr
    assert "migrations: an Alembic directory" in done.stderr
    once = f"initdb {command} --app shop:create_app --migrations migrations"
    assert f"fix: Write the settings: initdb init. Or for this call only: {once}\n" in done.stderr
    assert not list(console.folder.rglob("*.db"))


def test_resume_in_a_flask_project(console: Console, database_url: str, engine: Engine) -> None:
    """The fix of a Flask error, typed as it was printed, with the application's empty database named."""
    lay_out(console.folder, FLASK_PROJECT)
    console.environ["DATABASE_URL"] = database_url
    done = console("resume")
    well_told(done, "schema-not-named", 2)
    assert "DATABASE_URL is set in the environment" in done.stderr
    assert tables(engine) == []
    assert not list(console.folder.rglob("*.db"))
    typed = done.stderr.partition("for this call only: initdb ")[2].partition("\n")[0]
    resumed = console.process(*shlex.split(typed))
    assert resumed.returncode == 0, resumed.stderr
    assert "product" in tables(engine)
    assert "users" not in tables(engine)


@pytest.mark.parametrize(("files", "_settings"), LAYOUTS.values(), ids=LAYOUTS)
def test_what_is_printed_works(
    console: Console, sqlite_url: str, files: Mapping[str, str], _settings: object
) -> None:
    """In each layout the command with options brings the database to ready."""
    lay_out(console.folder, files)
    console.environ["DATABASE_URL"] = sqlite_url
    done = console("run")
    well_told(done, "schema-not-named", 2)
    typed = done.stderr.partition("for this call only: initdb ")[2].partition("\n")[0]
    ready = console.process(*shlex.split(typed))
    assert ready.returncode == 0, ready.stderr
    assert ready.stdout.splitlines()[-1].startswith("ready: ")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"app.py": "", "notes.txt": ""}, "app.py: an application usually has a file of this name"),
        ({"wsgi.py": "import shop\n"}, "wsgi.py: an application usually has a file of this name"),
        ({"web/site.py": "def f(:\nfrom fastapi import FastAPI\n"}, "web/site.py imports fastapi"),
        ({"manage.py": "import django\n"}, "manage.py imports django"),
        ({"alembic.ini": "[alembic]\n"}, "alembic.ini: a configuration of Alembic"),
        ({"migrations/env.py": "from alembic import context\n"}, "migrations: an Alembic directory"),
        (STORE, "store/base.py, line 5: Base is the base of models, with tables in 1 module"),
        ({".flaskenv": "FLASK_APP=shop\n"}, "FLASK_APP is set in .flaskenv"),
        ({".env": f"DATABASE_URL=postgresql://me:{SECRET}@db/shop\n"}, "DATABASE_URL is set in .env"),
        (
            {f"backend/{path}": text for path, text in SHOP.items()},
            "backend: an application lies in this folder",
        ),
    ],
)
def test_each_sign_of_an_application(console: Console, files: Mapping[str, str], said: str) -> None:
    """One is enough, and it is named."""
    lay_out(console.folder, files)
    done = console("run")
    well_told(done, "schema-not-named", 2)
    assert f"    {said}\n" in done.stderr
    assert not list(console.folder.rglob("*.db"))


@pytest.mark.parametrize("name", ["DATABASE_URL", "FLASK_APP", "SQLALCHEMY_DATABASE_URI"])
def test_each_variable_of_an_application(console: Console, sqlite_url: str, name: str) -> None:
    """In an empty folder, as in a container whose application is installed."""
    console.environ[name] = "shop" if name == "FLASK_APP" else sqlite_url
    for command in ("run", "plan"):
        done = console(command)
        well_told(done, "schema-not-named", 2)
        assert f"    {name} is set in the environment\n" in done.stderr
    assert not list(console.folder.parent.rglob("*.db"))


def test_the_identity_schema_where_it_is_asked_for(
    console: Console, database_url: str, engine: Engine
) -> None:
    """The command that the error prints, and the same as a setting."""
    console.environ |= {"DATABASE_URL": database_url, "INITDB_ADMIN_PASSWORD": ADMIN_PASSWORD}
    done = console("run")
    assert "for the built-in identity schema: initdb run --schema-from identity\n" in done.stderr
    assert console("run", "--schema-from", "identity").exit_code == 0
    assert {"tenants", "users", "roles", "permissions"} <= set(tables(engine))
    console.environ["INITDB_SCHEMA_FROM"] = "identity"
    assert "already ready" in console("run").stdout


def test_asked_for_without_a_database(console: Console) -> None:
    """Beside an application the command that is printed names one, since none is assumed."""
    lay_out(console.folder, {"app.py": ""})
    done = console("run")
    typed = done.stderr.partition("identity schema: initdb ")[2].partition("\n")[0]
    assert typed == "run --schema-from identity --database-url sqlite:///initdb.db"
    assert console(*shlex.split(typed)).exit_code == 0
    well_told(console("run", "--schema-from", "identity"), "database-url-missing", 2)


def test_both_are_a_contradiction(console: Console) -> None:
    """The identity schema, and models of one's own."""
    done = console("run", "--schema-from", "identity", "--metadata", "store.models:Base")
    well_told(done, "bad-setting", 2)
    assert 'schema_from is "identity", the built-in schema, but metadata is given' in done.stderr


def test_a_journal_is_read_without_knowing_the_schema(console: Console, database_url: str) -> None:
    """With a database named it needs nothing else; without one it says which application is there."""
    lay_out(console.folder, FLASK_PROJECT)
    for command in (("journal",), ("journal", "verify")):
        done = console(*command)
        assert "error: database-url-missing" in done.stderr
        assert f"initdb {' '.join(command)} --app shop:create_app" in done.stderr
    console.environ["DATABASE_URL"] = database_url
    assert console("journal").stdout == "there is no journal yet\n"
    assert not list(console.folder.rglob("*.db"))


def test_an_inner_folder_of_a_project(console: Console) -> None:
    """The project that a folder belongs to counts; the command that is printed goes there."""
    lay_out(console.folder, {**FLASK_PROJECT, ".git/HEAD": "", "docs/index.md": ""})
    inner = Console(console.folder / "docs", console.environ)
    done = inner("resume")
    well_told(done, "schema-not-named", 2)
    assert "fix: Write the settings: cd .. && initdb init." in done.stderr
    assert not list(console.folder.rglob("*.db"))


def test_tests_and_environments_are_no_application(console: Console) -> None:
    """What others installed, and what only tests use, says nothing about this folder."""
    console.environ["INITDB_ADMIN_PASSWORD"] = ADMIN_PASSWORD
    lay_out(
        console.folder,
        {
            ".venv/pyvenv.cfg": "",
            ".venv/lib/site-packages/flask/app.py": "import flask",
            "env/pyvenv.cfg": "",
            "env/app.py": "import flask",
            "node_modules/x/app.py": "import flask",
            "tests/app.py": "import flask",
            "notes.txt": "flask and sqlalchemy",
            "script.py": "print('hello')\n",
        },
    )
    assert console("run").exit_code == 0


def test_the_secret_of_a_variable_is_not_shown(console: Console) -> None:
    """Names only."""
    console.environ["DATABASE_URL"] = f"postgresql://me:{SECRET}@db/shop"
    done = console("run")
    harmless(done)
    assert done.exit_code == 2
