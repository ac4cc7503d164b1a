"""Reads the options of Alembic that say where its files are, from alembic.ini and pyproject.toml."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initdb.errors import InitError
from initdb.errors.withheld import kind_of

SECTION = "alembic"
_SEPARATORS = {"os": os.pathsep, "space": " ", "newline": "\n", ":": ":", ";": ";"}
_LEGACY = re.compile(r", *|(?: +)")


@dataclass(frozen=True, slots=True)
class Options:
    """What an alembic.ini (and the pyproject.toml beside it) says, interpolated but not made absolute."""

    script_location: str | None = None
    version_locations: tuple[str, ...] = ()
    recursive: bool = False
    sourceless: bool = False

    def or_else(self, other: Options) -> Options:
        """These options, completed by others. Alembic too reads the ini file first."""
        return Options(
            self.script_location or other.script_location,
            self.version_locations or other.version_locations,
            self.recursive or other.recursive,
            self.sourceless or other.sourceless,
        )


def read_ini(path: Path) -> Options:
    """The options in section [alembic]. `%(here)s` is the absolute folder of the file.

    Source: alembic.config.Config (file_config, get_version_locations_list).

    Raises:
        InitError: `migrations-not-found`, if the file cannot be read or interpolated.
    """
    parser = ConfigParser({"here": path.absolute().parent.as_posix()})
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"), source=str(path))
        values = {
            name: parser.get(SECTION, name)
            for name in (
                "script_location",
                "version_locations",
                "path_separator",
                "version_path_separator",
                "recursive_version_locations",
                "sourceless",
            )
            if parser.has_option(SECTION, name)
        }
    except (OSError, UnicodeDecodeError, ConfigError) as error:
        raise _unreadable(path, error) from error
    return Options(
        values.get("script_location") or None,
        _split(path, values),
        values.get("recursive_version_locations") == "true",
        values.get("sourceless") == "true",
    )


def read_toml(path: Path) -> Options | None:
    """The options in table [tool.alembic] of a pyproject.toml; None if it has no such table.

    Raises:
        InitError: `migrations-not-found`, if the file cannot be read or a value has the wrong type.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("alembic")
        if table is None:
            return None
        here = {"here": path.absolute().parent.as_posix()}
        location = table.get("script_location")
        return Options(
            None if location is None else location % here,
            tuple(folder % here for folder in table.get("version_locations", ())),
            table.get("recursive_version_locations", False) is True,
            table.get("sourceless", False) is True,
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unreadable(path, error) from error


def _split(path: Path, values: Mapping[str, str]) -> tuple[str, ...]:
    text = values.get("version_locations", "")
    if not text:
        return ()
    name = "path_separator" if "path_separator" in values else "version_path_separator"
    if name not in values:
        return tuple(part for part in _LEGACY.split(text) if part)
    separator = _SEPARATORS.get(values[name])
    if separator is None:
        raise InitError(
            "migrations-not-found",
            f"{path}: {name} = {values[name]}",
            f"{name} is one of: {', '.join(_SEPARATORS)}",
        )
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def _unreadable(path: Path, error: Any) -> InitError:
    """A parser's message quotes the file, which may hold the password of the database."""
    line = getattr(error, "lineno", None)
    lines = [number for number, *_ in getattr(error, "errors", None) or ()]
    at = f", line {line or lines[0]}" if line or lines else ""
    return InitError("migrations-not-found", f"{path}{at} could not be read: {kind_of(error)}")
