"""Finds the Alembic directories of a folder, and how they are named in the setting `migrations`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from initdb.cli.discovery.reading import Contents

_INI = "alembic.ini"
_TOML = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Directory:
    """An Alembic directory.

    Attributes:
        name: As the setting `migrations` has it: the folder, or the file that names the folder.
        env_py: Its env.py, below the folder of the application.
        by_flask: Whether env.py asks Flask for the current application, as that of Flask-Migrate does.
        url: The database URL in its ini file; "" if it has none.
    """

    name: str
    env_py: str
    by_flask: bool = False
    url: str = ""

    @property
    def folder(self) -> str:
        """The folder of env.py."""
        return str(PurePosixPath(self.env_py).parent)

    def __str__(self) -> str:
        """A line that says where it is."""
        said_by = "" if self.name == self.folder else f", which {self.name} names"
        return f"{self.folder}: an Alembic directory{said_by}"


def directories(contents: Contents) -> tuple[tuple[Directory, ...], tuple[str, ...]]:
    """Find the Alembic directories.

    Args:
        contents: What was read in the folder.

    Returns:
        The directories, each once; and what is wrong with files that should name one, as lines.
    """
    wrong: list[str] = []
    found: dict[str, Directory] = {}
    for file, location, url in _named(contents, wrong):
        env_py = next(
            (one for one in _env_py(contents.folder, location, file) if one in contents.python), None
        )
        if env_py is None:
            wrong.append(f"{file}: script_location = {location}, but there is no env.py in it")
            continue
        own = PurePosixPath(env_py).parent
        name = str(own) if PurePosixPath(file).parent == own and str(own) != "." else file
        found.setdefault(env_py, _directory(contents, name, env_py, url))
    for env_py, content in contents.python.items():
        if PurePosixPath(env_py).name == "env.py" and b"alembic" in content and env_py not in found:
            folder = str(PurePosixPath(env_py).parent)
            if folder != ".":
                url = _url_inside(contents, folder)
                found[env_py] = _directory(contents, folder, env_py, url)
    return tuple(found.values()), tuple(wrong)


def _directory(contents: Contents, name: str, env_py: str, url: str) -> Directory:
    return Directory(name, env_py, b"current_app" in contents.python[env_py], url)


def _named(contents: Contents, wrong: list[str]) -> Iterator[tuple[str, str, str]]:
    """The file, the location that it names, and its URL."""
    for path, content in contents.inis.items():
        values = _ini(path, content)
        if values is None:
            wrong.append(f"{path}: it cannot be read")
        elif values.get("script_location"):
            yield path, values["script_location"], values.get("sqlalchemy.url", "")
    beside = _ini(_INI, contents.inis.get(_INI, b"")) or {}
    table = _alembic_table(contents.pyproject)
    if isinstance(table, str):
        wrong.append(table)
    elif table is not None and not beside.get("script_location"):
        location = table.get("script_location")
        if isinstance(location, str):
            yield _TOML, location.replace("%(here)s", "."), beside.get("sqlalchemy.url", "")


def _ini(path: str, content: bytes) -> dict[str, str] | None:
    """The options that count in section [alembic]; None if the file cannot be read.

    `%(here)s` becomes the file's folder as seen from the folder of the application.
    """
    parser = ConfigParser({"here": str(PurePosixPath(path).parent)})
    try:
        parser.read_string(content.decode("utf-8-sig"))
        location = parser.get("alembic", "script_location", fallback="")
    except (UnicodeDecodeError, ConfigError):
        return None
    try:
        return {
            "script_location": location,
            "sqlalchemy.url": parser.get("alembic", "sqlalchemy.url", fallback=""),
        }
    except ConfigError:  # env.py fills in what it names
        return {"script_location": location}


def _alembic_table(pyproject: bytes | None) -> Mapping[str, Any] | str | None:
    try:
        tool = tomllib.loads((pyproject or b"").decode()).get("tool", {})
        table = tool.get("alembic") if isinstance(tool, dict) else None
        return table if isinstance(table, dict) else None
    except (ValueError, RecursionError):
        return f"{_TOML}: it cannot be read"


def _env_py(folder: Path, location: str, file: str) -> Iterator[str]:
    """Where env.py may be, below the folder: a path from the folder, from the file, or in a package."""
    beside = PurePosixPath(file).parent
    if ":" in location and not location.startswith("/"):
        package, *inner = location.split(":")
        inside = PurePosixPath(package.replace(".", "/"), *inner, "env.py")
        yield from (str(inside), str(PurePosixPath("src") / inside), str(beside / inside))
        return
    if location.startswith("/"):
        location = location.removeprefix(f"{folder.as_posix()}/")
    for base in (PurePosixPath(), beside):
        yield _plain(base / location / "env.py")


def _plain(path: PurePosixPath) -> str:
    """A path without `.` and `..`, as far as that is possible."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _url_inside(contents: Contents, folder: str) -> str:
    path = f"{folder}/{_INI}"
    values = _ini(path, contents.inis[path]) if path in contents.inis else None
    return (values or {}).get("sqlalchemy.url", "")
