"""`initdb init` proposes the settings of an application, writes them when told, and changes nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect

from initdb.cli.output.contract import FIELDS
from tests.cli.console import Console
from tests.cli.failures import SECRET, harmless, well_told
from tests.cli.terminal import on_terminal
from tests.support.layouts import (
    FACTORY,
    FLASK_MIGRATE,
    LAYOUTS,
    PLAIN_ENV,
    PRODUCT,
    PYPROJECT,
    REVISION,
    SHOP,
    STORE,
    lay_out,
)


def written(folder: Path) -> dict[str, Any]:
    """The settings in the file that there is."""
    if (folder / "initdb.toml").exists():
        return tomllib.loads((folder / "initdb.toml").read_text())
    tool = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]
    found = tool["initdb"]
    assert isinstance(found, dict)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("files", "settings"), LAYOUTS.values(), ids=LAYOUTS)
def test_what_it_writes_brings_the_database_to_ready(
    console: Console, database_url: str, engine: Engine, files: Mapping[str, str], settings: Mapping[str, str]
) -> None:
    """In each layout, on both databases; and the second call finds nothing to do."""
    lay_out(console.folder, files)
    console.environ["DATABASE_URL"] = database_url
    done = console("init", "--yes")
    assert done.exit_code == 0, done.output
    assert written(console.folder) == settings
    assert done.stdout.splitlines()[-1] == "next: initdb plan"
    ready = console.process("run")
    assert ready.returncode == 0, ready.stderr
    assert ready.stdout.splitlines()[-1].startswith("ready: ")
    names = set(inspect(engine).get_table_names())
    assert "product" in names
    assert "users" not in names
    before = contents(console.folder)
    again = console("init", "--yes")
    assert again.exit_code == 0
    assert "nothing is to do: the settings are in" in again.stdout
    assert contents(console.folder) == before


def test_the_rest_of_pyproject_stays_as_it_is(console: Console) -> None:
    """Other tools' tables, comments and the order of lines."""
    lay_out(console.folder, {**SHOP, **FLASK_MIGRATE, "pyproject.toml": PYPROJECT})
    assert console("init", "--yes").exit_code == 0
    assert (console.folder / "pyproject.toml").read_text() == (
        f'{PYPROJECT}\n[tool.initdb]\napp = "shop:create_app"\nmigrations = "migrations"\n'
    )


def test_what_is_set_is_completed_and_never_changed(console: Console) -> None:
    """A team's own names, tables behind them, comments; in the file that has the settings."""
    text = '# ours\n[tool.initdb]\nmigrations = "migrations"  # moved soon\n\n# style\n[tool.ruff]\n'
    lay_out(console.folder, {**SHOP, **FLASK_MIGRATE, "pyproject.toml": text})
    assert console("init", "--yes").exit_code == 0
    assert (console.folder / "pyproject.toml").read_text() == text.replace(
        "soon\n", 'soon\napp = "shop:create_app"\n'
    )
    refused = console("init", "--app", "other:app", "--yes")
    assert refused.exit_code == 2
    assert "app is set already" in refused.stderr


def test_the_diff_can_be_applied_by_patch(console: Console, tmp_path: Path) -> None:
    """Also where the last line has no end."""
    for before in (PYPROJECT, PYPROJECT.rstrip("\n")):
        lay_out(console.folder, {**SHOP, "pyproject.toml": before})
        said = console.object("init")
        subprocess.run(
            ["git", "apply", "-p0", "--unidiff-zero", "-"],
            input=said["diff"],
            text=True,
            cwd=console.folder,
            check=True,
        )
        assert written(console.folder) == {"app": "shop:create_app"}


def test_without_a_terminal_nothing_is_written_without_yes(console: Console) -> None:
    """The proposal is printed, with how to write it, and the exit code says that there is something to do."""
    lay_out(console.folder, {**SHOP, **FLASK_MIGRATE})
    before = contents(console.folder)
    done = console("init")
    assert done.exit_code == 3
    assert '+app = "shop:create_app"\n+migrations = "migrations"\n' in done.stdout
    assert "--- /dev/null\n+++ initdb.toml\n" in done.stdout
    assert "nothing was written; to write it: initdb init --yes" in done.stdout
    assert contents(console.folder) == before


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_on_a_terminal_it_asks(console: Console, answer: str, code: int) -> None:
    """Yes writes, no does not."""
    lay_out(console.folder, SHOP)
    asked = {"initdb.toml? [y/N]": answer}
    ended, shown = on_terminal(["init"], console.folder, console.environ, asked)
    assert ended == code, shown
    assert (console.folder / "initdb.toml").exists() is (answer == "y")
    last = shown.splitlines()[-1]
    assert last.endswith("initdb plan" if answer == "y" else "nothing was written")


def test_json_prints_the_proposal(console: Console) -> None:
    """For programs; with --yes it is written too."""
    lay_out(console.folder, {**SHOP, **FLASK_MIGRATE})
    said = console.object("init")
    assert said.keys() == FIELDS["init"].keys()
    assert said["settings"] == {"app": "shop:create_app", "migrations": "migrations"}
    assert (said["written"], said["exit_code"], said["next"]) == (False, 3, "initdb plan")
    assert said["found"] == [
        "shop/__init__.py, line 9: create_app() creates a Flask application",
        "migrations: an Alembic directory",
    ]
    assert console.object("init", "--yes")["written"] is True
    assert console.object("init")["diff"] is None


def test_the_line_of_a_flask_application_is_proposed_and_not_written(
    console: Console, database_url: str
) -> None:
    """Applied by hand, a boot brings the database to ready; then it is proposed no more."""
    lay_out(console.folder, {**SHOP, **FLASK_MIGRATE})
    console.environ["DATABASE_URL"] = database_url
    said = console.object("init", "--yes")
    assert (console.folder / "shop/__init__.py").read_text() == FACTORY
    assert "+    init_app(app, db)\n     return app\n" in said["boot"]
    subprocess.run(
        ["git", "apply", "-p0", "-"], input=said["boot"], text=True, cwd=console.folder, check=True
    )
    served = subprocess.run(
        [sys.executable, "-c", "import shop; shop.create_app()"],
        cwd=console.folder,
        env=console.environ,
        capture_output=True,
        text=True,
    )
    assert served.returncode == 0, served.stderr
    assert "the database is ready" in served.stderr
    assert console.object("init")["boot"] is None


def test_an_empty_folder(console: Console) -> None:
    """There is nothing to propose; what may be done is said, and works."""
    done = console("init", "--yes")
    well_told(done, "application-not-found", 2)
    assert not list(console.folder.iterdir())
    asked = console("init", "--yes", "--schema-from", "identity", "--database-url", "sqlite:///own.db")
    assert asked.exit_code == 0, asked.output
    assert written(console.folder) == {"database_url": "sqlite:///own.db", "schema_from": "identity"}
    assert console("run").exit_code == 0
    assert "nothing is to do" in console("init").stdout


def test_nothing_is_imported(console: Console) -> None:
    """Code that would do harm when it is imported is only read."""
    trap = "raise SystemExit(open('imported', 'w'))\n"
    lay_out(
        console.folder,
        {path: trap + text for path, text in SHOP.items()} | {"setup.py": trap, "conftest.py": trap},
    )
    done = console("init", "--yes")
    assert done.exit_code == 0, done.output
    assert not (console.folder / "imported").exists()
    assert not list(console.folder.rglob("__pycache__"))


def test_broken_files_are_named_and_the_rest_is_proposed(console: Console) -> None:
    """No Python, no text, no ini."""
    lay_out(console.folder, {**SHOP, "shop/old.py": "print 'python 2'\n", "alembic.ini": "no section\n"})
    (console.folder / "shop" / "bytes.py").write_bytes(b"\0\xff")
    done = console("init", "--yes")
    assert done.exit_code == 0, done.output
    assert "warning: shop/old.py: it is no Python of this version" in done.stderr
    assert "warning: shop/bytes.py: it is no Python of this version" in done.stderr
    assert "warning: alembic.ini: it cannot be read" in done.stderr
    assert written(console.folder) == {"app": "shop:create_app"}


def test_a_pyproject_that_cannot_be_read(console: Console) -> None:
    """The error of the settings; nothing is written beside it."""
    lay_out(console.folder, {**SHOP, "pyproject.toml": "[tool.initdb\n"})
    well_told(console("init", "--yes"), "settings-file-unreadable", 2)
    assert not (console.folder / "initdb.toml").exists()


def test_a_table_on_one_line_takes_no_more(console: Console) -> None:
    """The lines are printed, for a person to add."""
    text = '[tool]\ninitdb = {migrations = "migrations"}\n'
    lay_out(console.folder, {**SHOP, **FLASK_MIGRATE, "pyproject.toml": text})
    done = console("init", "--yes")
    well_told(done, "settings-file-unwritable", 1)
    assert 'app = "shop:create_app"' in done.stderr
    assert (console.folder / "pyproject.toml").read_text() == text


def test_a_choice_is_left_to_a_person(console: Console) -> None:
    """Two factories: each command that is printed settles it."""
    two = {**SHOP, "shop/admin.py": FACTORY.replace("create_app", "make_app")}
    lay_out(console.folder, two)
    done = console("init", "--yes")
    assert done.exit_code == 3
    assert "initdb init --app shop:create_app; or: initdb init --app shop.admin:make_app" in done.stdout
    assert not (console.folder / "initdb.toml").exists()
    given = console("init", "--app", "shop.admin:make_app").stdout
    typed = given.partition("to write it: initdb ")[2].partition("\n")[0]
    assert typed == "init --yes --app shop.admin:make_app"
    assert console(*typed.split()).stdout.endswith("next: initdb plan\n")
    assert written(console.folder) == {"app": "shop.admin:make_app"}


def test_flask_app_decides(console: Console) -> None:
    """In the environment, or in .flaskenv."""
    lay_out(
        console.folder,
        {
            **SHOP,
            "shop/admin.py": FACTORY.replace("create_app", "make_app"),
            ".flaskenv": "FLASK_APP=shop.admin\n",
        },
    )
    assert console.object("init")["settings"] == {"app": "shop.admin:make_app"}
    console.environ["FLASK_APP"] = "shop:create_app"
    assert console.object("init")["settings"] == {"app": "shop:create_app"}


def test_a_factory_that_nobody_calls_with_its_arguments(console: Console) -> None:
    """What to write is said; and with that it goes on."""
    lay_out(console.folder, {**SHOP, "shop/__init__.py": FACTORY.replace("config=None", "config")})
    done = console("init", "--yes")
    assert done.exit_code == 3
    assert (
        "create_app() needs config, and initdb calls it without arguments. Write a module wsgi.py"
        in done.stdout
    )
    lay_out(console.folder, {"wsgi.py": "from shop import create_app\napp = create_app('x')\n"})
    assert console("init", "--yes").exit_code == 0
    assert written(console.folder) == {"app": "wsgi:app"}


def test_models_that_no_module_loads_all_are_not_named(console: Console) -> None:
    """Half of the tables would be taken for all. The revisions are enough."""
    files = {
        **STORE,
        "store/models/__init__.py": "",
        "store/models/basket.py": PRODUCT.replace("Product", "Basket").replace("product", "basket"),
        "alembic/env.py": PLAIN_ENV,
        "alembic/versions/a.py": REVISION,
    }
    lay_out(console.folder, files)
    done = console("init", "--yes")
    assert done.exit_code == 0
    assert written(console.folder) == {"migrations": "alembic"}
    where = "they are in store.models.basket, store.models.product. Import them in one module"
    assert f"to do: No module imports all tables of store.base.Base: {where}" in done.stdout


def test_the_url_of_alembic_ini_is_proposed_if_it_has_no_password(console: Console) -> None:
    """One with a password stays where it is, and is not printed."""
    ini = "[alembic]\nscript_location = alembic\nsqlalchemy.url = {}\n"
    files = {**STORE, "alembic/env.py": PLAIN_ENV, "alembic/versions/a1.py": REVISION}
    lay_out(console.folder, {**files, "alembic.ini": ini.format("sqlite:///store.db")})
    assert console.object("init")["settings"]["database_url"] == "sqlite:///store.db"
    lay_out(console.folder, {"alembic.ini": ini.format(f"postgresql://me:{SECRET}@db/store")})
    done = console("init", "--yes")
    harmless(done)
    assert "database_url" not in written(console.folder)
    assert (
        "to do: The URL in alembic.ini is not copied, since it may hold a password. Set DATABASE_URL."
        in done.stdout
    )
    refused = console("init", "--yes", "--database-url", f"postgresql://me:{SECRET}@db/store")
    assert refused.exit_code == 2
    harmless(refused)


def test_a_dotenv_file_is_named_and_its_values_are_not(console: Console) -> None:
    """`flask` reads it, so that is the next command; for others it is said how to set what is in it."""
    dotenv = f"export DATABASE_URL='postgresql://me:{SECRET}@db/shop'\nSECRET_KEY={SECRET}\n"
    lay_out(console.folder, {**SHOP, ".env": dotenv})
    done = console("init", "--yes")
    harmless(done)
    assert "DATABASE_URL is set in .env" in done.stdout
    said = done.stdout.splitlines()[-1].removeprefix("next: FLASK_APP=shop:create_app ")
    assert said in ("flask initdb plan", f"{sys.executable} -m flask initdb plan")
    for path in SHOP:
        (console.folder / path).unlink()
    (console.folder / "initdb.toml").unlink()
    lay_out(console.folder, STORE)
    plain = console("init", "--yes")
    harmless(plain)
    assert (
        "to do: initdb does not read DATABASE_URL from .env. To set it: set -a; . ./.env; set +a"
        in plain.stdout
    )


def test_an_inner_folder_of_the_project(console: Console) -> None:
    """The settings go where the project is; of an application in an inner folder it is said where to go."""
    lay_out(console.folder, {**SHOP, "pyproject.toml": PYPROJECT, "docs/a.md": ""})
    inner = Console(console.folder / "docs", console.environ)
    assert inner("init", "--yes").exit_code == 0
    assert written(console.folder) == {"app": "shop:create_app"}


def test_an_application_in_an_inner_folder(console: Console) -> None:
    """From the top of the repository it is said where to go; from there on downwards it is found."""
    files = {f"backend/{path}": text for path, text in {**SHOP, **FLASK_MIGRATE}.items()}
    lay_out(console.folder, {**files, ".git/HEAD": "", "frontend/index.js": ""})
    done = console("init", "--yes")
    well_told(done, "application-not-found", 2)
    assert "fix: Call it where the application is: cd backend && initdb init" in done.stderr
    backend = console.folder / "backend"
    for inner in (backend, backend / "migrations", backend / "shop"):
        assert Console(inner, console.environ)("init", "--yes").exit_code == 0
        assert written(backend) == {"app": "shop:create_app", "migrations": "migrations"}
        (backend / "initdb.toml").unlink()


def test_an_instance_is_named_and_its_factory_boots(console: Console) -> None:
    """FLASK_APP names the one that is served; the line belongs where it is created."""
    lay_out(console.folder, {**SHOP, "web.py": "from shop import create_app\n\napp = create_app()\n"})
    console.environ["FLASK_APP"] = "web.py"
    said = console.object("init")
    assert said["settings"] == {"app": "web:app"}
    assert said["boot"].startswith("--- shop/__init__.py\n")


def test_a_file_that_cannot_be_written(console: Console) -> None:
    """It is as it was, and no other file is left."""
    lay_out(console.folder, SHOP)
    (console.folder / "initdb.toml").symlink_to("/proc/initdb.toml")
    done = console("init", "--yes")
    well_told(done, "settings-file-unwritable", 1)
    assert sorted(path.name for path in console.folder.iterdir()) == ["initdb.toml", "shop"]


def test_mode_and_links_of_the_file_are_kept(console: Console) -> None:
    """A team's file may be shared, or lie elsewhere."""
    lay_out(console.folder, {**SHOP, "shared/settings.toml": "attempts = 3\n"})
    target = console.folder / "shared" / "settings.toml"
    target.chmod(0o640)
    (console.folder / "initdb.toml").symlink_to(target)
    assert console("init", "--yes").exit_code == 0
    assert (console.folder / "initdb.toml").is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert target.read_text() == 'attempts = 3\napp = "shop:create_app"\n'


def test_flask_initdb_init(console: Console) -> None:
    """The same from flask, which needs not load the application for it."""
    lay_out(console.folder, SHOP)
    done = subprocess.run(
        [sys.executable, "-m", "flask", "initdb", "init", "--yes", "--json"],
        cwd=console.folder,
        env=console.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["next"].endswith("-m flask initdb plan")
