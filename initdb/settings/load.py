"""Loads the settings of a process from files, environment and options, and reports all mistakes at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from initdb.errors import InitError
from initdb.errors.exception import raised_to
from initdb.errors.safe import safe_text
from initdb.nearest import did_you_mean
from initdb.settings.files import find_files, named_file
from initdb.settings.model import Origin, Settings
from initdb.settings.setting import Setting
from initdb.settings.sources import Given, from_application, from_environment, from_file, from_options
from initdb.settings.trusted import CONFIG


@raised_to()
def load_settings(
    *,
    folder: Path | None = None,
    config: Mapping[str, object] | None = None,
    config_folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
) -> Settings:
    """Load the settings of this process.

    Each of these sources wins over those before it: the defaults, `pyproject.toml`, `initdb.toml`, the
    configuration of the application, the environment, the options of a command. If the variable INITDB_CONFIG
    names a file, that is read in place of those which a search finds.

    Args:
        folder: Where the search for files starts (default: the working directory).
        config: The configuration of the application. Keys that begin with "INITDB_" are settings.
        config_folder: Where relative paths in `config` start (default: the working directory).
        environ: The environment (default: that of this process).
        options: Name of a setting → its value, None if it was not given.

    Raises:
        InitError: unknown-setting or bad-setting, which list every mistake; settings-file-unreadable;
            settings-file-refused, if another user can have put there a file that was found.

    Example:
        >>> load_settings(environ={"INITDB_LOCK_TIMEOUT": "500ms"}).lock_timeout
        0.5
    """
    here = _working_directory()
    environ = os.environ if environ is None else environ
    named = environ.get(CONFIG, "").strip()
    files = (
        named_file(here / named)
        if named
        else find_files(_resolved(here / folder) if folder else here, environ)
    )
    called_with = tuple(from_options(options or {}, here))
    decided = {entry.setting.name for entry in called_with if entry.setting}
    given = [
        *(entry for file in files for entry in from_file(file)),
        *from_application(config or {}, config_folder or here),
        *from_environment(environ, here, decided),
        *called_with,
    ]
    _refuse_unknown(given)
    values, read = _parsed(given), tuple(str(file.path) for file in files)
    settings = replace(Settings(), **values, sources=read, origins=tuple(_origins(given)))
    if settings.schema_from == "base" and settings.base is None:
        raise InitError("bad-setting", 'schema_from is "base", but base is not given')
    own = [name for name in ("metadata", "migrations", "seeds", "base") if getattr(settings, name)]
    if settings.schema_from == "identity" and own:
        said = f'schema_from is "identity", the built-in schema, but {own[0]} is given'
        raise InitError("bad-setting", said)
    return settings


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise InitError("settings-file-unreadable", "the working directory is gone") from error


def _resolved(folder: Path) -> Path:
    try:
        return folder.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # such as a loop of links, or a NUL
        why = getattr(error, "strerror", None) or "it is no path"
        raise InitError("settings-file-unreadable", f"{folder}: {why}") from error


def _refuse_unknown(given: Iterable[Given]) -> None:
    unknown = [entry for entry in given if entry.setting is None]
    if unknown:
        lines = [f"{entry.written}{entry.place} is not a setting{_nearest(entry)}" for entry in unknown]
        raise InitError("unknown-setting", *lines)


def _nearest(given: Given) -> str:
    if given.written in {"tool", "initdb"} and isinstance(given.value, dict):
        return "; in initdb.toml the settings are at the top, outside any table"
    return did_you_mean(given.written, given.known)


def _parsed(given: Iterable[Given]) -> dict[str, Any]:
    """Name → value. The last value of a name wins; a bad one before it is still an error."""
    values: dict[str, Any] = {}
    bad: list[str] = []
    for entry in given:
        if entry.setting is None:
            continue
        try:
            values[entry.setting.name] = entry.setting.kind.parse(entry.value, entry.base)
        except ValueError:
            found = _shown(entry.setting, entry.value)
            bad.append(f"{entry.written}{entry.place} is {found}; allowed: {entry.setting.kind.allowed}")
    if bad:
        raise InitError("bad-setting", *bad)
    return values


def _origins(given: Iterable[Given]) -> Iterator[Origin]:
    for entry in given:
        if entry.setting is not None:
            value = entry.setting.kind.parse(entry.value, entry.base)
            yield Origin(entry.setting.name, entry.written, entry.place, value)


def _shown(setting: Setting, value: object) -> str:
    """A refused value as an error shows it: no secret, and nothing from inside a list or a table."""
    match value:
        case list() | tuple():
            shown = "a list with something else in it" if setting.many else "a list"
        case dict():
            shown = "a table"
        case _ if setting.secret:
            shown = "wrong (it is not shown, since it may hold a password)"
        case bool():
            shown = str(value).lower()
        case int() if value.bit_length() > 64:
            shown = "a number too large"
        case str() | int() | float():
            shown = safe_text(repr(value), 80)
        case _:
            shown = f"of type {type(value).__name__}"
    return shown
