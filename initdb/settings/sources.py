"""Turns what files, environment variables and options say into one form, `Given`, without checking it."""

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
    """One value that was given, and where.

    Attributes:
        setting: The setting; None if there is none of this name.
        written: The name as it was written: `mode`, `INITDB_MODE` or `--mode`.
        place: Where it was written, such as " in /srv/shop/initdb.toml"; empty if `written` says it.
        value: The value.
        base: The folder where relative paths in the value start.
        known: The names that are known in this place.
    """

    setting: Setting | None
    written: str
    place: str
    value: object
    base: Path
    known: tuple[str, ...]


def from_file(file: SettingsFile) -> Iterator[Given]:
    """The entries of a settings file."""
    for name, value in file.table.items():
        yield Given(BY_NAME.get(name), name, f" in {file.path}", value, file.path.parent, _NAMES)


def from_application(config: Mapping[str, object], folder: Path) -> Iterator[Given]:
    """The keys of an application's configuration that begin with the prefix. None counts as not set."""
    for name in sorted(config):
        if name.startswith(PREFIX) and name not in OTHER_VARIABLES and config[name] is not None:
            setting = BY_NAME.get(name.removeprefix(PREFIX).lower())
            yield Given(setting, name, " in app.config", config[name], folder, _VARIABLES)


def from_environment(environ: Mapping[str, str], folder: Path, decided: Collection[str]) -> Iterator[Given]:
    """The variables that begin with the prefix, and the others that settings read. An empty one is not set.

    DATABASE_URL may mean something else to another program. So it is read only if nothing stronger is given:
    neither the variable with the prefix nor an option.

    Args:
        environ: The environment.
        folder: Where relative paths start.
        decided: The names of the settings that are given as options.
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
    """The options. None, and the empty tuple of an option that may be repeated, count as not set."""
    for name, value in options.items():
        if value is not None and not (isinstance(value, tuple) and not value):
            written = "--" + name.replace("_", "-")
            yield Given(BY_NAME.get(name), written, "", value, folder, _OPTIONS)
