"""Every way to say where the migrations are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from initdb.errors import InitError
from initdb.steps.revisions.locate import MigrationPlace, find_directories
from tests.revisions.directories import environment


def not_found(migrations: str | Path) -> str:
    """What the error says that `migrations` brings."""
    with pytest.raises(InitError) as raised:
        find_directories(migrations)
    assert raised.value.reference == "migrations-not-found"
    return "\n".join(raised.value.context)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an Alembic directory in `db`, and a working directory that is another one."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    environment(tmp_path / "project" / "db")
    return tmp_path / "project"


def ini(file: Path, text: str) -> Path:
    """An alembic.ini with these options."""
    file.write_text(f"[alembic]\n{text}\n")
    return file


def test_a_folder_alone(project: Path) -> None:
    """It needs no ini: versions lie in it."""
    db = project / "db"
    assert find_directories(db) == MigrationPlace(db, None, (db / "versions",))


def test_a_relative_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is taken from the working directory, and the answer is absolute."""
    monkeypatch.chdir(project)
    assert find_directories("db").script_location == project / "db"


def test_a_folder_with_its_ini_in_it(project: Path) -> None:
    """Flask-Migrate's way: the ini has no script_location."""
    file = ini(project / "db" / "alembic.ini", "# nothing")
    assert find_directories(project / "db") == MigrationPlace(
        project / "db", file, (project / "db" / "versions",)
    )
    assert find_directories(file) == find_directories(project / "db")


def test_a_folder_with_its_ini_beside_it(project: Path) -> None:
    """Alembic's own way, from another working directory."""
    file = ini(project / "alembic.ini", "script_location = db")
    expected = MigrationPlace(project / "db", file, (project / "db" / "versions",))
    assert find_directories(project / "db") == expected
    assert find_directories(file) == expected
    assert find_directories(project) == expected


def test_an_ini_beside_it_that_means_another_folder_is_not_taken(project: Path) -> None:
    """Two Alembic directories in one project do not mix."""
    ini(project / "alembic.ini", "script_location = other")
    assert find_directories(project / "db").ini is None


def test_the_working_directory_comes_before_the_folder_of_the_ini(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Alembic does; a folder there without env.py does not count."""
    file = ini(project / "alembic.ini", "script_location = db")
    elsewhere = Path.cwd()
    (elsewhere / "db").mkdir()
    assert find_directories(file).script_location == project / "db"
    (elsewhere / "db" / "env.py").write_text("")
    assert find_directories(file).script_location == elsewhere / "db"
    assert ScriptDirectory.from_config(Config(file)).dir == "db"


def test_here_is_the_folder_of_the_ini(project: Path) -> None:
    """`%(here)s` is filled in, as are the file's own names; other options are not even looked at."""
    text = "sub = db\nscript_location = %(here)s/%(sub)s\nsqlalchemy.url = %(nowhere)s"
    assert find_directories(ini(project / "alembic.ini", text)).script_location == project / "db"


@pytest.mark.parametrize(
    ("separator", "written"),
    [
        ("", "%(here)s/one, %(here)s/two"),
        ("", "%(here)s/one %(here)s/two"),
        ("path_separator = os", f"%(here)s/one{os.pathsep}%(here)s/two"),
        ("path_separator = :", "%(here)s/one:%(here)s/two"),
        ("path_separator = ;", "%(here)s/one;%(here)s/two"),
        ("path_separator = space", "%(here)s/one %(here)s/two"),
        ("path_separator = newline", "\n  %(here)s/one\n  %(here)s/two"),
        ("version_path_separator = os", f"%(here)s/one{os.pathsep} %(here)s/two"),
        ("version_path_separator = space\npath_separator = ;", "%(here)s/one; %(here)s/two"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_version_locations_are_parted_as_alembic_does(project: Path, separator: str, written: str) -> None:
    """By each of its separators, old and new."""
    text = f"script_location = %(here)s/db\n{separator}\nversion_locations = {written}"
    file = ini(project / "alembic.ini", text)
    assert find_directories(file).version_locations == (project / "one", project / "two")
    assert ScriptDirectory.from_config(Config(file))._version_locations == [project / "one", project / "two"]


def test_an_unknown_separator_is_refused(project: Path) -> None:
    """With those that there are."""
    text = "script_location = %(here)s/db\nversion_locations = a\npath_separator = comma"
    assert "path_separator is one of: os, space, newline, :, ;" in not_found(
        ini(project / "alembic.ini", text)
    )


def test_relative_version_locations_fall_back_to_the_folder_of_the_ini(project: Path) -> None:
    """As script_location does."""
    (project / "more").mkdir()
    text = "script_location = db\nversion_locations = more db/versions"
    place = find_directories(ini(project / "alembic.ini", text))
    assert place.version_locations == (project / "more", project / "db" / "versions")


def test_recursive_and_sourceless_are_read(project: Path) -> None:
    """Only the word true counts, as in Alembic."""
    text = "script_location = db\nrecursive_version_locations = true\nsourceless = true"
    place = find_directories(ini(project / "alembic.ini", text))
    assert (place.recursive, place.sourceless) == (True, True)
    place = find_directories(ini(project / "alembic.ini", text.replace("true", "yes")))
    assert (place.recursive, place.sourceless) == (False, False)


def test_pyproject_says_what_the_ini_does_not(project: Path) -> None:
    """Alembic's pyproject template: directories in the toml, the URL in the ini."""
    file = ini(project / "alembic.ini", "sqlalchemy.url = sqlite://")
    toml = project / "pyproject.toml"
    toml.write_text(
        '[tool.alembic]\nscript_location = "%(here)s/db"\nrecursive_version_locations = true\n'
        'version_locations = ["%(here)s/one", "%(here)s/two"]\n'
    )
    locations = (project / "one", project / "two")
    expected = MigrationPlace(project / "db", file, locations, toml, recursive=True)
    for given in (project, file, toml, project / "db"):
        assert find_directories(given) == expected
    assert ScriptDirectory.from_config(Config(file, toml))._version_locations == list(locations)
    file.unlink()
    assert find_directories(project).ini is None


def test_a_pyproject_of_other_tools_is_not_taken(project: Path) -> None:
    """Only [tool.alembic] makes it a configuration."""
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert find_directories(project / "db").toml is None
    assert "neither env.py nor alembic.ini" in not_found(project)
    assert f"{project / 'db'} has an env.py" in not_found(project)


def test_a_package_is_found_without_importing_it(project: Path) -> None:
    """Neither it nor its parents run, in any way of writing it."""
    inner = environment(project / "shop_package" / "inner" / "migrations")
    ini(project / "shop_package" / "alembic.ini", "script_location = shop_package.inner:migrations")
    for folder in (project / "shop_package", project / "shop_package" / "inner"):
        (folder / "__init__.py").write_text("raise AssertionError('imported')\n")
    program = (
        "import sys; from initdb.steps.revisions.locate import find_directories\n"
        "print(*(find_directories(text).script_location for text in sys.argv[1:]), sep='\\n')\n"
        "assert not {'alembic', 'sqlalchemy', 'shop_package'} & set(sys.modules)\n"
    )
    ways = ["shop_package", "shop_package.inner.migrations", "shop_package:inner/migrations"]
    ways += ["shop_package.inner:migrations", "shop_package:inner:migrations"]
    environ = {**os.environ, "PYTHONPATH": str(project)}
    command = [sys.executable, "-c", program, *ways]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert ran.stderr == ""
    assert ran.stdout.split() == [str(inner)] * len(ways)


@pytest.mark.parametrize(
    ("migrations", "says"),
    [
        ("nowhere/at/all", "there is no such folder or file"),
        ("no_such_package_here", "there is no package no_such_package_here"),
        ("no_such_package_here:migrations", "there is no package no_such_package_here"),
        ("email:migrations", "does not exist"),
        ("email.gone", "does not exist"),
        ("json", "has neither env.py nor alembic.ini"),
        ("this:migrations", "there is no package this"),
        ("__main__", "there is no package __main__"),
        ("", "has neither env.py nor alembic.ini"),
        ("a\0b", "there is no such folder or file"),
        ("x" * 300, "File name too long"),
    ],
)
def test_what_is_not_there_is_said(project: Path, migrations: str, says: str) -> None:
    """For a path, a package, and something that is there but holds no migrations."""
    assert says in not_found(migrations)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"[alembic]\nscript_location = nowhere\n", "script_location = nowhere"),
        (b"[alembic]\nscript_location = %(unheard_of)s\n", "InterpolationMissingOptionError"),
        (b"[alembic]\n", "has no script_location"),
        (b"[other]\n", "has no script_location"),
        (b"script_location = db\n", "line 1 could not be read: MissingSectionHeaderError"),
        (
            b"[alembic]\nscript_location = db\nscript_location = db\n",
            "line 3 could not be read: DuplicateOptionError",
        ),
        (b"[alembic]\nscript_location = \xff\n", "UnicodeDecodeError"),
    ],
)
def test_an_ini_that_says_nothing_usable(project: Path, text: bytes, says: str) -> None:
    """The file and what is wrong with it."""
    (project / "alembic.ini").write_bytes(text)
    assert says in not_found(project / "alembic.ini")
    assert str(project / "alembic.ini") in not_found(project / "alembic.ini")


@pytest.mark.parametrize(
    "text",
    [
        "[tool.alembic",
        "[tool]\nalembic = 3",
        "[tool.alembic]\nscript_location = 3",
        "[[tool.alembic]]\na = 1",
    ],
)
def test_a_broken_pyproject(project: Path, text: str) -> None:
    """A syntax error, or a value of the wrong type."""
    (project / "pyproject.toml").write_text(text)
    assert "pyproject.toml could not be read" in not_found(project / "pyproject.toml")
