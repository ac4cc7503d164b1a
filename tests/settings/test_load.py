"""Where settings come from, and which source wins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from initdb.settings import Settings, load_settings
from tests.settings.conftest import Load


def test_nothing_given_is_the_defaults(load: Load) -> None:
    """An empty folder and an empty environment give the defaults, and no file was read."""
    assert Settings() == load()
    assert load().folder is None


def test_each_source_is_stronger_than_those_before(load: Load, project: Path) -> None:
    """pyproject.toml, initdb.toml, environment, options: the later wins, what it does not name stays."""
    (project / "pyproject.toml").write_text(
        '[tool.initdb]\nlock_timeout = 1\nattempts = 1\nbatch_size = 1\nwait_limit = 1\nmode = "wait"\n',
        encoding="utf-8",
    )
    settings = load(
        "lock_timeout = 2\nattempts = 2\nbatch_size = 2\n",
        {"INITDB_LOCK_TIMEOUT": "3", "INITDB_ATTEMPTS": "3"},
        {"lock_timeout": "4s"},
    )
    found = (
        settings.lock_timeout,
        settings.attempts,
        settings.batch_size,
        settings.wait_limit,
        settings.mode,
    )
    assert found == (4.0, 3, 2, 1.0, "wait")
    assert (str(project / "pyproject.toml"), str(project / "initdb.toml")) == settings.sources
    assert project == settings.folder


def test_files_are_found_in_a_parent_and_its_paths_start_there(
    load: Load, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a subfolder the file of the project is read, and relative paths mean the same as beside it."""
    (project / "src" / "shop").mkdir(parents=True)
    monkeypatch.chdir(project / "src" / "shop")
    settings = load('database_url = "sqlite:///app.db"\nseeds = "seeds"\nadmin_password_file = "admin"')
    assert f"sqlite:///{project}/app.db" == settings.database_url
    assert (str(project / "seeds"),) == settings.seeds
    assert project / "admin" == settings.admin_password_file


def test_paths_of_environment_and_options_start_from_the_working_directory(
    load: Load, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where a file was found in a parent."""
    (project / "deep").mkdir()
    monkeypatch.chdir(project / "deep")
    settings = load(
        'migrations = "migrations"', {"INITDB_SEEDS": "seeds"}, {"admin_password_file": Path("admin")}
    )
    assert str(project / "migrations") == settings.migrations
    assert (str(project / "deep/seeds"),) == settings.seeds
    assert project / "deep/admin" == settings.admin_password_file


def test_only_the_nearest_folder_with_settings_is_read(project: Path) -> None:
    """A pyproject.toml without our table does not end the search; initdb.toml does, even an empty one."""
    part = project / "part"
    part.mkdir()
    (project / "initdb.toml").write_text("attempts = 2", encoding="utf-8")
    (part / "pyproject.toml").write_text('[project]\nname = "part"\n[tool.other]\n', encoding="utf-8")
    assert load_settings(folder=part, environ={}).attempts == 2
    (part / "initdb.toml").touch()
    assert Settings().attempts == load_settings(folder=part, environ={}).attempts


def test_the_search_ends_at_a_repository(project: Path) -> None:
    """A file above the folder that holds .git belongs to somebody else."""
    (project.parent / "initdb.toml").write_text("attempts = 2", encoding="utf-8")
    assert load_settings(environ={}).sources == ()
    assert load_settings(environ={}, folder=project / "..").attempts == 2


def test_database_url_variable_of_the_application(load: Load) -> None:
    """DATABASE_URL is the database; where our own variable or an option names one, it is not looked at."""
    assert load(environ={"DATABASE_URL": "sqlite:///a.db"}).database_url == "sqlite:///a.db"
    both = {"DATABASE_URL": "not one", "INITDB_DATABASE_URL": "sqlite:///b.db"}
    assert load(environ=both).database_url == "sqlite:///b.db"
    called = load(environ={"DATABASE_URL": "jdbc:x"}, options={"database_url": "sqlite:///c.db"})
    assert called.database_url == "sqlite:///c.db"


def test_what_counts_as_not_given(load: Load) -> None:
    """Empty variables, options that are None, and lists of options that are empty leave what was there."""
    settings = load('mode = "wait"\nseeds = "seeds"', {"INITDB_MODE": " "}, {"mode": None, "seeds": ()})
    assert settings.mode == "wait"
    assert settings.seeds


def test_the_admin_password_variable_is_known_and_not_kept(load: Load) -> None:
    """INITDB_ADMIN_PASSWORD is read by the seeding of users; the settings neither refuse nor hold it."""
    settings = load(environ={"INITDB_ADMIN_PASSWORD": "correct horse"})
    assert Settings() == settings
    assert "horse" not in repr(settings)


def test_this_process_is_the_default(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments the environment and the working directory are those of the process."""
    monkeypatch.setenv("INITDB_BATCH_SIZE", "7")
    (project / "initdb.toml").write_text("attempts = 2", encoding="utf-8")
    settings = load_settings()
    assert (settings.batch_size, settings.attempts) == (7, 2)


def test_no_secret_in_the_repr(load: Load) -> None:
    """The URLs are not shown with the settings."""
    settings = load(
        'work_url = "postgresql://u:hunter2@db/x"', {"DATABASE_URL": "postgresql://u:hunter2@db/y"}
    )
    assert "hunter2" not in f"{settings!r} {settings}"
    assert settings.database_url
    assert "hunter2" in settings.database_url


def test_loading_settings_needs_no_database_library() -> None:
    """initdb --help and a boot on a ready database import no library that they do not use."""
    code = "import sys, initdb.settings as s; s.load_settings(environ={}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert not {"sqlalchemy", "alembic", "click", "rich", "flask", "transitions"} & set(done.stdout.split())
