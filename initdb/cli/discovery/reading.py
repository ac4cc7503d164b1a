"""Reads the files of a folder that say which application it holds. Follows no links, and stops at limits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MOST_FILES = 2000
MOST_ENTRIES = 50_000
LARGEST_FILE = 1_000_000
DEEPEST = 6

_PASSED_OVER = frozenset(
    {"__pycache__", "build", "dist", "docs", "examples", "node_modules", "site-packages", "test", "tests"}
)
"""Folders whose Python files are no part of an application."""

_DOTENV = (".env", ".flaskenv")
_ROOT_MARKS = (".git", "pyproject.toml", "setup.cfg", "setup.py")


@dataclass(frozen=True, slots=True)
class Contents:
    """What was read in a folder.

    Attributes:
        folder: The absolute path of the folder.
        python: The Python files: path below the folder, with slashes → content.
        inis: The files alembic.ini in the same form.
        pyproject: The content of pyproject.toml; None if there is none.
        dotenv: The files .env and .flaskenv: name → content.
        environ: The environment of the process.
        unreadable: Paths of files that could not be read.
        is_cut: Whether a limit was met, so that there may be more.
    """

    folder: Path
    python: Mapping[str, bytes]
    inis: Mapping[str, bytes]
    pyproject: bytes | None
    dotenv: Mapping[str, bytes]
    environ: Mapping[str, str]
    unreadable: tuple[str, ...] = ()
    is_cut: bool = False


def project_folder(here: Path) -> Path:
    """The folder of the project that a folder is in: the nearest one with .git, pyproject.toml or setup.py.

    Args:
        here: Where to look first. It is the answer if neither it nor a parent has one. The parents are
            looked at up to the home folder, which is not the folder of a project.
    """
    home = _home()
    for place in (here, *here.parents):
        if place == home and place != here:
            break
        if any(is_there(place / mark) for mark in _ROOT_MARKS):
            return place
    return here


def is_there(path: Path) -> bool:
    """Whether a path exists. What this user may not look at does not."""
    try:
        return path.exists()
    except OSError:
        return False


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # of a user that the machine does not know, as in some containers
        return None


def read_contents(folder: Path, environ: Mapping[str, str]) -> Contents:
    """Read a folder, with the folders in it.

    Left out are hidden folders, virtual environments, tests, documentation, examples, revisions, and what a
    build or a package manager makes.

    Args:
        folder: The folder.
        environ: The environment of the process.
    """
    python: dict[str, bytes] = {}
    inis: dict[str, bytes] = {}
    unreadable: list[str] = []
    seen = 0
    for path in _files(folder):
        seen += 1
        wanted = python if path.suffix == ".py" else inis if path.name == "alembic.ini" else None
        if seen > MOST_ENTRIES or len(python) >= MOST_FILES:
            break
        if wanted is not None:
            content = _content(path)
            if content is None:
                unreadable.append(_below(path, folder))
            else:
                wanted[_below(path, folder)] = content
    else:
        seen = 0
    dotenv = {name: _content(folder / name) for name in _DOTENV}
    return Contents(
        folder,
        python,
        inis,
        _content(folder / "pyproject.toml"),
        {name: content for name, content in dotenv.items() if content is not None},
        environ,
        tuple(unreadable),
        is_cut=seen > 0,
    )


def _files(folder: Path) -> Iterator[Path]:
    """The files, those that lie nearer first. A folder that may not be looked into is passed over."""
    level = [folder]
    for _ in range(DEEPEST):
        inner: list[Path] = []
        for place in level:
            files, folders = _listed(place)
            yield from files
            names = {file.name for file in files}
            inner += [
                one
                for one in folders
                if _is_looked_into(one) and not ("env.py" in names and one.name == "versions")
            ]
        level = inner


def _listed(place: Path) -> tuple[list[Path], list[Path]]:
    try:
        with os.scandir(place) as found:
            entries = sorted(found, key=lambda entry: entry.name)
            files = [place / entry.name for entry in entries if _is_file(entry)]
            folders = [place / entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
            return files, folders
    except OSError:
        return [], []


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # such as a link to itself
        return False


def _is_looked_into(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in _PASSED_OVER or folder.name.endswith(".egg-info")
    return not hidden and not is_there(folder / "pyvenv.cfg")


def _content(path: Path) -> bytes | None:
    try:
        if not path.is_file():  # a pipe, for example, would wait for a writer
            return None
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError:
        return None
    return content if len(content) <= LARGEST_FILE else None


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
