"""Brings what files, environment variables and options say to one form, ``Given``, still unchecked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from initdb.settings.files import SettingsFile
from initdb.settings.setting import PREFIX, Setting
from initdb.settings.table import BY_NAME, OTHER_VARIABLES, SETTINGS

_NAMES = tuple(BY_NAME)
_VARIABLES = (*(setting.variable for setting in SETTINGS), *OTHER_VARIABLES)
_OPTIONS = tuple(setting.option for setting in SETTINGS)


@dataclass(frozen=True, slots=True)
class Given:
    """One value that somebody gave, and where."""

    setting: Setting | None
    """None where no setting is called so."""
    written: str
    """The name as it stands in its place: ``mode``, ``INITDB_MODE``, ``--mode``."""
    place: str
    """Where that is, after a space: `` in /srv/shop/initdb.toml``; empty where ``written`` says it."""
    value: object
    base: Path
    """The folder that relative paths in the value start from."""
    known: tuple[str, ...]
    """The names that it could have had."""


def from_file(file: SettingsFile) -> Iterator[Given]:
    """Every entry of a settings file."""
    for name, value in file.table.items():
        yield Given(BY_NAME.get(name), name, f" in {file.path}", value, file.path.parent, _NAMES)


def from_application(config: Mapping[str, object], folder: Path) -> Iterator[Given]:
    """Every key of an application's configuration that begins with the prefix; None is not set."""
    for name in sorted(config):
        if name.startswith(PREFIX) and name not in OTHER_VARIABLES and config[name] is not None:
            setting = BY_NAME.get(name.removeprefix(PREFIX).lower())
            yield Given(setting, name, " in app.config", config[name], folder, _VARIABLES)


def from_environment(environ: Mapping[str, str], folder: Path, decided: Collection[str]) -> Iterator[Given]:
    """Every variable that begins with the prefix or stands for a setting; an empty one is not set.

    A variable that is not ours alone (DATABASE_URL) may mean something else to others: it is not looked at if
    the one with the prefix is set, or an option decides (``decided``: names of settings).
    """
    present = {name: value for name, value in environ.items() if value.strip()}
    for setting in SETTINGS:
        others = () if setting.name in decided else setting.other_variables
        name = next((name for name in (setting.variable, *others) if name in present), None)
        if name is not None:
            yield Given(setting, name, "", present[name], folder, _VARIABLES)
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in _VARIABLES:
            yield Given(None, name, "", environ[name], folder, _VARIABLES)


def from_options(options: Mapping[str, object], folder: Path) -> Iterator[Given]:
    """Every option; None and the empty tuple (of one that may be repeated) are not set."""
    for name, value in options.items():
        if value is not None and not (isinstance(value, tuple) and not value):
            written = "--" + name.replace("_", "-")
            yield Given(BY_NAME.get(name), written, "", value, folder, _OPTIONS)
