"""Finds and reads the settings files: `initdb.toml`, and `[tool.initdb]` in `pyproject.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from initdb.errors import InitError, naming
from initdb.errors.known_names import of_file

Table = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file with settings of initdb, and the table of them. Nothing in it is checked yet."""

    path: Path
    table: Table


def find_files(folder: Path) -> tuple[SettingsFile, ...]:
    """Find the settings files of the nearest folder that has any.

    A `pyproject.toml` without `[tool.initdb]` does not count.

    Args:
        folder: Where to look first. Its parents follow, up to one with `.git`, or the root.

    Returns:
        At most one `pyproject.toml` and one `initdb.toml`, which wins.

    Raises:
        InitError: settings-file-unreadable, bad-setting.
    """
    for place in (folder, *folder.parents):
        both = _shared(place / "pyproject.toml"), _own(place / "initdb.toml")
        found = tuple(file for file in both if file)
        if found or (place / ".git").exists():
            return found
    return ()


def _own(path: Path) -> SettingsFile | None:
    table = _read(path)
    return None if table is None else SettingsFile(path, table)


def _shared(path: Path) -> SettingsFile | None:
    tool = (_read(path) or {}).get("tool")
    if not isinstance(tool, dict) or "initdb" not in tool:
        return None
    if not isinstance(tool["initdb"], dict):
        raise InitError("bad-setting", f"tool.initdb in {path} is no table; allowed: [tool.initdb]")
    return SettingsFile(path, tool["initdb"])


def _read(path: Path) -> Table | None:
    """The content of a TOML file (https://toml.io/en/v1.0.0); None if there is no such file."""
    with naming(lambda: of_file(path)):
        return _content(path)


def _content(path: Path) -> Table | None:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise InitError("settings-file-unreadable", f"{path}: {error.strerror}") from error
    try:
        return _parsed(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InitError("settings-file-unreadable", f"{path}, line {line}: not UTF-8") from None
    except (ValueError, RecursionError) as error:  # tomllib raises both, besides its own error
        known = type(error).__name__ == "TOMLDecodeError"
        what = error if known else "a number with too many digits, or too many nested brackets"
        raise InitError("settings-file-unreadable", f"{path}: {what}") from None


@lru_cache(maxsize=8)
def _parsed(content: bytes) -> Table:
    """The table of a TOML file. It is kept, since a process may create its application many times."""
    import tomllib  # milliseconds that a boot without files need not pay

    return tomllib.loads(content.decode())
