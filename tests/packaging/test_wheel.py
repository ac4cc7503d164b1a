"""The wheel, built from the sdist, has the package and nothing that could get in a user's way."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("events", "steps", "statemachine", "migrations")

pytestmark = pytest.mark.repository


def run(*command: str | Path, cwd: Path, path: Path | None = None) -> str:
    """Runs the command in the folder, with the packages in `path` before those of the environment."""
    environment = {**os.environ, "PYTHONPATH": str(path or "")}
    done = subprocess.run(list(command), cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel built from it."""
    folder = tmp_path_factory.mktemp("artifacts")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(artifacts: Path) -> Path:
    """The wheel."""
    (wheel,) = artifacts.glob("*.whl")
    return wheel


def modules_below(folder: Path) -> set[PurePosixPath]:
    """Files of a source folder that belong in the wheel, relative to the folder."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {PurePosixPath(path.relative_to(folder)) for path in files}


def top_names(names: Iterable[str]) -> set[str]:
    """First part of each path."""
    return {PurePosixPath(name).parts[0] for name in names}


def test_only_the_package_lands_in_site_packages(wheel: Path) -> None:
    """A user's own events, steps or migrations are not shadowed."""
    tops = top_names(ZipFile(wheel).namelist())
    assert {top for top in tops if not top.endswith(".dist-info")} == {"initdb"}


def test_every_file_is_there_once(wheel: Path) -> None:
    """Neither the links nor the map leave a file out or pack it twice."""
    names = Counter(ZipFile(wheel).namelist())
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_folder_lies_inside_the_package(wheel: Path, folder: str) -> None:
    """The four real folders are packed whole, Alembic's scripts and templates too."""
    prefix = f"initdb/{folder}/"
    packed = {
        PurePosixPath(name.removeprefix(prefix))
        for name in ZipFile(wheel).namelist()
        if name.startswith(prefix)
    }
    assert packed == modules_below(ROOT / folder)


def test_the_package_is_typed(wheel: Path) -> None:
    """Type checkers of applications read our annotations (PEP 561)."""
    assert "initdb/py.typed" in ZipFile(wheel).namelist()


def test_the_sdist_can_be_tested(artifacts: Path) -> None:
    """A packager finds the real folders, the tests and the licence."""
    (sdist,) = artifacts.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {*FOLDERS, "initdb", "tests", "docs", "LICENSE", "README.md", "pyproject.toml"} <= top_names(names)
    assert not any(name.startswith(f"initdb/{folder}") for name in names for folder in FOLDERS)


def test_the_command_works_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """`python -m initdb --help` runs where there is no source tree."""
    site = tmp_path / "site"
    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel)
    run(sys.executable, *install, cwd=tmp_path)
    found = run(sys.executable, "-c", "import initdb; print(initdb.__file__)", cwd=tmp_path, path=site)
    assert Path(found.strip()).is_relative_to(site)
    assert "initdb" in run(sys.executable, "-m", "initdb", "--help", cwd=tmp_path, path=site)
