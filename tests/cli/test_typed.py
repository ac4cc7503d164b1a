"""Printed commands are typed as the one before: the same program, the same options, the same directory."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from initdb.cli.calling.alembic import alembic_of
from initdb.cli.calling.typed import face_of, flask_program, program
from initdb.errors.faces import Face, as_typed, speaking
from tests.cli.console import Console
from tests.support.toy import Toy

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    ("first", "begun", "path", "typed"),
    [
        ("{bin}/initdb", ["{bin}/python", "{bin}/initdb", "run"], "{bin}", "initdb"),
        ("{bin}/initdb", ["{bin}/python", "{bin}/initdb", "run"], "/usr/bin", "{bin}/initdb"),
        ("/x/initdb/__main__.py", ["python3", "-m", "initdb", "run"], "{bin}", "python3 -m initdb"),
        ("/x/my env/__main__.py", ["my env/python", "-m", "initdb"], "", "'my env/python' -m initdb"),
        ("initdb", ["initdb"], "", "initdb"),
        ("pytest", ["pytest"], "", "initdb"),
    ],
)
def test_the_program(
    first: str, begun: list[str], path: str, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name where PATH leads to it; else as it was called."""
    monkeypatch.setattr(sys, "argv", [first.format(bin=BIN), "run"])
    monkeypatch.setattr(sys, "orig_argv", [word.format(bin=BIN) for word in begun])
    monkeypatch.setenv("PATH", path.format(bin=BIN))
    assert program("initdb") == typed.format(bin=BIN)


def test_alembic_of_an_environment_that_is_not_active(project: Path) -> None:
    """PATH leads to neither program, so both are typed with their folder; what is printed works."""
    (project / "alembic.ini").write_text("[alembic]\nscript_location = alembic\n")
    words = [BIN / "initdb", "run", "--migrations", "alembic.ini", "--database-url", "sqlite:///app.db"]
    bare = {**os.environ, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(words, cwd=project, env=bare, capture_output=True, text=True, check=False)
    (printed,) = re.findall(rf'{re.escape(str(BIN))}/alembic merge heads -m "join"', done.stderr)
    subprocess.run(printed, shell=True, cwd=project, env=bare, check=True)
    assert len(list((project / "alembic" / "versions").glob("*_join.py"))) == 1


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (["flask", "initdb", "run"], "flask"),
        (["flask", "--app", "my shop:create_app", "initdb", "run"], "flask --app 'my shop:create_app'"),
        (["flask", "-A", "initdb", "initdb", "status"], "flask -A initdb"),
        (["flask", "--app=shop", "--debug", "initdb"], "flask --app=shop --debug"),
        (["manage.py", "--app", "shop", "initdb"], "flask"),
        (["flask", "routes"], "flask"),
        (["flask", "--app"], "flask"),
    ],
)
def test_the_options_of_flask(words: list[str], typed: str) -> None:
    """They are typed before the command."""
    assert flask_program(words) == typed


def test_the_settings_that_name_what_to_work_on() -> None:
    """Once more as options, without a password; not those that say how, and not twice."""
    settings: dict[str, object] = {
        "database_url": "postgresql://app:hunter2@db/shop",
        "seeds": ("first seeds", "more"),
        "mode": "check",
        "wait_limit": "5",
    }
    with speaking(face_of(settings, flask=False)):
        shown = as_typed("Do: initdb run; or: initdb run --database-url sqlite:///app.db; initdb explain x")
        verify = as_typed("initdb journal verify")
    options = "--database-url postgresql://app@db/shop --seeds 'first seeds' --seeds more"
    seeds = "--seeds 'first seeds' --seeds more"
    assert shown == (
        f"Do: initdb run {options}; or: initdb run {seeds} --database-url sqlite:///app.db; initdb explain x"
    )
    assert verify == f"initdb journal verify {options}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'Write it: alembic revision --autogenerate -m "what, or why". Then: initdb run',
            'Write it: (cd .. && alembic revision --autogenerate -m "what, or why"). Then: initdb run',
        ),
        ("alembic upgrade a1:b2 --sql > step.sql", "(cd .. && alembic upgrade a1:b2 --sql) > step.sql"),
        (
            'alembic merge heads -m "join" (later)',
            '(cd .. && alembic merge heads -m "join") (later)',
        ),
        (
            "alembic check finds nothing; alembic history, too",
            "(cd .. && alembic check) finds nothing; (cd .. && alembic history), too",
        ),
        ("See alembic_version and alembic upgraded", "See alembic_version and alembic upgraded"),
    ],
)
def test_what_belongs_to_a_command_of_alembic(text: str, shown: str) -> None:
    """Its options and arguments are typed with it, where the folder is changed for it alone."""
    with speaking(Face(alembic=lambda: "(cd .. && alembic {})")):
        assert as_typed(text) == shown


def _alembic(folder: Path, **given: str) -> str:
    before = Path.cwd()
    os.chdir(folder)
    try:
        return alembic_of(given, None, "initdb alembic")
    finally:
        os.chdir(before)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with an Alembic directory of two heads, and no file of settings that says so."""
    Toy(tmp_path, "sqlite:///app.db", 3).with_revisions()
    last = tmp_path / "alembic" / "versions" / "003_r3.py"
    last.write_text(last.read_text().replace("'r2'", "'r1'"))
    shutil.copy(_mako(), tmp_path / "alembic" / "script.py.mako")
    return tmp_path


def _mako() -> Path:
    import alembic

    return Path(alembic.__file__).parent / "templates" / "generic" / "script.py.mako"


@pytest.mark.parametrize(
    ("files", "where", "migrations", "typed"),
    [
        ({"alembic.ini": "alembic"}, ".", "alembic", "alembic heads"),
        ({"pyproject.toml": "alembic"}, ".", "pyproject.toml", "alembic heads"),
        ({"conf/db.ini": "alembic"}, ".", "conf/db.ini", "alembic -c conf/db.ini heads"),
        ({"conf/a b.ini": "%(here)s/../alembic"}, ".", "conf/a b.ini", "alembic -c 'conf/a b.ini' heads"),
        ({"alembic.ini": "alembic"}, "inner", "../alembic", "(cd .. && alembic heads)"),
        ({"db.ini": "alembic"}, "inner", "../db.ini", "(cd .. && alembic -c db.ini heads)"),
        ({}, ".", "alembic", "initdb alembic heads"),
    ],
)
def test_alembic_as_it_is_typed(
    project: Path, files: dict[str, str], where: str, migrations: str, typed: str
) -> None:
    """A shell types it in that folder, and Alembic finds the directory."""
    (project / "inner").mkdir()
    for name, location in files.items():
        (project / name).parent.mkdir(exist_ok=True)
        table = f'[tool.alembic]\nscript_location = "{location}"\n'
        ini = f"[alembic]\nscript_location = {location}\n"
        (project / name).write_text(table if name.endswith(".toml") else ini)
    template = _alembic(project / where, migrations=migrations, database_url="sqlite:///app.db")
    command = template.replace("{}", "heads")
    assert command == typed
    options = f"--database-url sqlite:///app.db --migrations {migrations}"
    done = subprocess.run(
        command.replace("initdb alembic", f"initdb alembic {options}"),
        shell=True,
        cwd=project / where,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert sorted(done.stdout.split()) == ["(head)", "(head)", "r2", "r3"], done.stderr


def test_the_printed_merge_joins_the_heads(console: Console, project: Path) -> None:
    """No alembic.ini names the directory: Alembic is called by `initdb alembic`, and the fix fixes it."""
    console.folder = project
    options = ("--database-url", "sqlite:///app.db", "--migrations", "alembic")
    failed = console("run", *options)
    assert "error: multiple-heads" in failed.stderr
    command = f"alembic {' '.join(options)} merge heads -m"
    assert f'Join the heads: initdb {command} "join"' in failed.stderr
    assert console(*command.split(), "join").exit_code == 0
    assert console("run", *options).exit_code == 0


@pytest.mark.parametrize(
    ("words", "instead"),
    [("upgrade heads", "initdb run"), ("downgrade base", "initdb rollback"), ("stamp r1", "--mark-applied")],
)
def test_alembic_changes_nothing_in_secret(console: Console, project: Path, words: str, instead: str) -> None:
    """What would leave nothing in the journal is refused, and the command that records it is named."""
    console.folder = project
    options = ("--database-url", "sqlite:///app.db", "--migrations", "alembic")
    refused = console("alembic", *options, *words.split())
    assert refused.exit_code == 2 and instead in refused.stderr
    assert not (project / "app.db").exists()


def test_an_env_py_that_configures_logging_without_an_ini_file(console: Console, project: Path) -> None:
    """It calls fileConfig in any case. Alembic's commands work there as a boot does."""
    console.folder, env = project, project / "alembic" / "env.py"
    options = ("--database-url", "sqlite:///app.db", "--migrations", "alembic")
    call = "import logging.config\nlogging.config.fileConfig(config.config_file_name)\nrun()"
    env.write_text(env.read_text().replace("\nrun()", f"\n{call}"))
    assert console("alembic", *options, "current").exit_code == 0


def test_a_directory_whose_env_py_asks_for_the_application(tmp_path: Path) -> None:
    """Flask-Migrate's command is typed, whatever alembic.ini says: Alembic's has no application there."""
    (folder := tmp_path / "shop" / "migrations").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
    (folder / "env.py").write_text("from alembic import context\n")
    given = {"app": "shop:create_app", "migrations": "shop/migrations"}
    assert _alembic(tmp_path, **given) == "(cd shop/migrations && alembic {})"
    (folder / "env.py").write_text("from flask import current_app\n")
    assert _alembic(tmp_path, **given) == "flask --app shop:create_app db {} -d shop/migrations"
