"""Finds and reads the settings files: `initdb.toml`, and `[tool.initdb]` in `pyproject.toml`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from initdb.errors import InitError, naming
from initdb.errors.known_names import of_file
from initdb.settings.trusted import refuse_untrusted
from initdb.whose import Seen

Table = Mapping[str, object]

_SHARED = "pyproject.toml"
"""The file that other tools' settings are in, too."""


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file with settings of initdb, the table of them, and whose it is. Nothing in it is checked yet."""

    path: Path
    table: Table
    seen: Seen


def find_files(folder: Path, environ: Mapping[str, str]) -> tuple[SettingsFile, ...]:
    """Find the settings files of the nearest folder that has any.

    A `pyproject.toml` without `[tool.initdb]` does not count.

    Args:
        folder: Where to look first. Its parents follow, up to one with `.git`, or the root.
        environ: The environment.

    Returns:
        At most one `pyproject.toml` and one `initdb.toml`, which wins.

    Raises:
        InitError: settings-file-unreadable, bad-setting; settings-file-refused, if another user can have put
            one of them there.
    """
    for place in (folder, *folder.parents):
        both = _read(place / _SHARED), _read(place / "initdb.toml")
        found = tuple(file for file in both if file)
        for file in found:
            refuse_untrusted(file.path, file.seen, environ)
        if found or (place / ".git").exists():
            return found
    return ()


def named_file(path: Path) -> tuple[SettingsFile, ...]:
    """Read the one settings file that a person has named. Whose it is does not matter.

    Args:
        path: A `pyproject.toml`, or any other file with the settings at the top.

    Raises:
        InitError: settings-file-unreadable, bad-setting.
    """
    found = _read(path)
    if found is None and path.name != _SHARED:
        raise InitError("settings-file-unreadable", f"{path}: there is no such file", names=of_file(path))
    return (found,) if found else ()


def _read(path: Path) -> SettingsFile | None:
    """A TOML file (https://toml.io/en/v1.0.0); None if there is no such file, or nothing for initdb in it."""
    with naming(lambda: of_file(path)):
        try:
            content, seen = _content(path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise InitError("settings-file-unreadable", f"{path}: {error.strerror}") from error
        table = _table(path, content)
    if path.name != _SHARED:
        return SettingsFile(path, table, seen)
    tool = table.get("tool")
    if not isinstance(tool, dict) or "initdb" not in tool:
        return None
    if not isinstance(tool["initdb"], dict):
        raise InitError("bad-setting", f"tool.initdb in {path} is no table; allowed: [tool.initdb]")
    return SettingsFile(path, tool["initdb"], seen)


def _content(path: Path) -> tuple[bytes, Seen]:
    """The bytes, and whose they are. A pipe in its place is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(), Seen.of(os.fstat(descriptor))


def _table(path: Path, content: bytes) -> Table:
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
