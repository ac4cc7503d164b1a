"""Finds and reads the settings files: ``initdb.toml`` and ``[tool.initdb]`` in ``pyproject.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from initdb.errors import InitError

Table = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file that holds settings of ours, and its table of them, unchecked."""

    path: Path
    table: Table


def find_files(folder: Path) -> tuple[SettingsFile, ...]:
    """The settings files of the nearest folder that has any, the one that wins last.

    Looks in ``folder`` and then in its parents, up to one that holds ``.git``, or the root. A
    ``pyproject.toml`` without ``[tool.initdb]`` does not count.

    Raises InitError settings-file-unreadable, bad-setting.
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
    """The content of a TOML file (https://toml.io/en/v1.0.0), or None where there is no such file."""
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
    except (ValueError, RecursionError) as error:  # tomllib lets both out beside its own
        known = type(error).__name__ == "TOMLDecodeError"
        what = error if known else "a number of too many digits, or too many brackets in each other"
        raise InitError("settings-file-unreadable", f"{path}: {what}") from None


@lru_cache(maxsize=8)
def _parsed(content: bytes) -> Table:
    """The table of a TOML file, which a process that makes its application often reads often."""
    import tomllib  # milliseconds that a boot without files need not pay

    return tomllib.loads(content.decode())
