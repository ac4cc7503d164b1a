"""Every form in which a setting can say where the revisions are, as a team types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from initdb.settings import load_settings
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.render.results import InitializationResult
from tests.support import forked
from tests.support.toy import Toy

CONFIGS = """
from pathlib import Path

from alembic.config import Config


def returned():
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "inner" / "migrations"))
    config.set_main_option("sqlalchemy.url", {url!r}.replace("%", "%%"))
    return config


def returned_of(name="shop"):
    return returned()


def given(run):
    run(returned())


def nothing():
    return None
"""

FORMS = (
    "shop/inner/migrations",
    "shop/inner",
    "shop.inner.migrations",
    "shop.inner:migrations",
    "shop:inner/migrations",
    "shop:inner:migrations",
    "shop.configs:returned",
    "shop.configs:returned_of",
    "shop.configs:given",
)


def shop(folder: Path, url: str) -> Toy:
    """A package in `folder` with two revisions in it, and functions that give a Config."""
    inner = folder / "shop" / "inner"
    inner.mkdir(parents=True)
    for package in (folder / "shop", inner):
        (package / "__init__.py").touch()
    (folder / "shop" / "configs.py").write_text(CONFIGS.format(url=url))
    made = Toy(inner, url, tables=2).with_revisions()
    made.migrations.rename(inner / "migrations")
    (inner / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    return Toy(folder, url)


def run(folder: Path, url: str, form: str) -> subprocess.CompletedProcess[str]:
    """The command `initdb`, for which the working directory is not on Python's path."""
    (folder / "initdb.toml").write_text(f'database_url = "{url}"\nmigrations = "{form}"\n')
    return forked.run("initdb", "run", cwd=folder, env={**os.environ, "PYTHONSAFEPATH": "1"})


@pytest.mark.parametrize("form", FORMS)
def test_a_form(form: str, tmp_path: Path, database_url: str) -> None:
    """All of them name the same directory."""
    toy = shop(tmp_path, database_url)
    done = run(tmp_path, database_url, form)
    assert done.returncode == 0, done.stdout + done.stderr
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r2",)]


def test_a_package_is_not_imported_for_its_folder(tmp_path: Path, sqlite_url: str) -> None:
    """What it does when it is imported is not for a boot to do."""
    shop(tmp_path, sqlite_url)
    (tmp_path / "shop" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    done = run(tmp_path, sqlite_url, "shop:inner/migrations")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("shop.configs:nothing", "the callable returned NoneType, not a Config of Alembic"),
        ("shop.configs:returnd", "did you mean returned?"),
        ("shop:elsewhere/migrations", "shop/elsewhere/migrations does not exist"),
    ],
)
def test_a_form_that_names_nothing(form: str, said: str, tmp_path: Path, sqlite_url: str) -> None:
    """The error says what is there instead. Nothing is made."""
    shop(tmp_path, sqlite_url)
    done = run(tmp_path, sqlite_url, form)
    assert done.returncode == 2
    assert "error: migrations-not-found" in done.stderr and said in done.stderr, done.stderr


SPLIT = """
from alembic import context
from sqlalchemy import create_engine, pool

if context.config.get_alembic_option("tenant") != "right":
    raise ValueError("no such tenant")
engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.mark.parametrize("where", ["ini", "toml", "function", "variable"])
def test_a_corrected_config_is_tried_again(
    where: str, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What env.py gets from its Config is code: once it has changed, a boot tries again by itself."""
    shop(tmp_path, database_url)
    inner = tmp_path / "shop" / "inner"
    (inner / "migrations" / "env.py").write_text(SPLIT)
    forms = {"ini": "shop/inner/alembic.ini", "toml": "pyproject.toml"}

    def write(tenant: str) -> None:
        monkeypatch.setenv("TENANT", tenant if where == "variable" else "wrong")
        (inner / "alembic.ini").write_text(
            f"[alembic]\nscript_location = %(here)s/migrations\ntenant = {tenant}\n"
        )
        (tmp_path / "pyproject.toml").write_text(
            f'[tool.alembic]\nscript_location = "%(here)s/shop/inner/migrations"\ntenant = "{tenant}"\n'
        )
        said = 'os.environ["TENANT"]' if where == "variable" else repr(tenant)
        configs = CONFIGS.format(url=database_url).replace(
            "    return config\n",
            f'    import os\n    config.set_main_option("tenant", {said})\n    return config\n',
        )
        (tmp_path / "shop" / "configs.py").write_text(configs)

    form = forms.get(where, "shop.configs:returned")
    write("wrong")
    failed = run(tmp_path, database_url, form)
    assert failed.returncode == 1 and "error: env-py-failed" in failed.stderr, failed.stderr
    again = run(tmp_path, database_url, form)
    assert again.returncode == 1 and "not tried again" in again.stdout + again.stderr, again.stdout
    write("right")
    done = run(tmp_path, database_url, form)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("form", FORMS)
def test_a_corrected_env_py_is_tried_again(
    form: str, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever form names its directory. A boot of the wrong one is not repeated."""
    shop(tmp_path, sqlite_url)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    for name in [one for one in sys.modules if one.startswith("shop.")]:
        monkeypatch.delitem(sys.modules, name)
    env = tmp_path / "shop" / "inner" / "migrations" / "env.py"
    right = env.read_text()

    def boot() -> InitializationResult:
        settings = load_settings(folder=tmp_path, environ={}, options={"database_url": sqlite_url})
        return Initializer(migrations=form, settings=settings).initialize()

    env.write_text("raise LookupError('no tenant')\n")
    failed = boot()
    assert "env-py-failed" in failed.errors[0]
    assert boot().steps_completed == []
    env.write_text(right)
    assert boot().success
