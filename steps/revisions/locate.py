"""Finds an Alembic directory from a folder, an alembic.ini, a pyproject.toml or a package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from initdb.errors import InitError
from initdb.loading.packages import is_package_name, package_folder
from initdb.steps.revisions.options import Options, read_ini, read_toml

INI = "alembic.ini"
TOML = "pyproject.toml"
ENV = "env.py"


@dataclass(frozen=True, slots=True)
class MigrationPlace:
    """An Alembic directory. Every path is absolute.

    Give the paths to Alembic as they are here: `script_location` as main option, `version_locations` as the
    attribute of ScriptDirectory. Alembic itself would resolve relative paths only against the working
    directory.

    Attributes:
        script_location: The folder with env.py.
        ini: The alembic.ini, if there is one.
        version_locations: The folders of revision files, in Alembic's order.
        toml: The pyproject.toml, if it configures Alembic.
        recursive: Whether inner folders count.
        sourceless: Whether compiled files count.
        made_by: The hash of the function that makes the Config, and of what it says; "" without one.
    """

    script_location: Path
    ini: Path | None
    version_locations: tuple[Path, ...]
    toml: Path | None = None
    recursive: bool = False
    sourceless: bool = False
    made_by: str = ""


def find_directories(migrations: str | Path) -> MigrationPlace:
    """Find the Alembic directory that a setting names.

    Args:
        migrations: A folder with env.py, a folder with an alembic.ini, an alembic.ini, a pyproject.toml with
            [tool.alembic], "package:path" or "package.name". For a folder with env.py, the alembic.ini in it
            or beside it is used, if it means this folder. A path that exists is a path. Nothing is imported.

    Raises:
        InitError: `migrations-not-found`.
    """
    try:
        return _find(migrations)
    except OSError as error:
        raise InitError("migrations-not-found", f"{migrations}: {error.strerror or error}") from error


def _find(migrations: str | Path) -> MigrationPlace:
    path = Path(migrations).absolute()
    if path.is_dir():
        return _from_folder(path)
    if path.is_file():
        return _from_file(path)
    text = str(migrations)
    if isinstance(migrations, str) and is_package_name(text):
        return _from_folder(package_folder(text))
    raise InitError(
        "migrations-not-found", f"{migrations}: there is no such folder or file", f"Looked at {path}"
    )


def _from_folder(folder: Path) -> MigrationPlace:
    if (folder / ENV).is_file():
        ini = _ini_of(folder)
        toml = _toml_of(folder)
        return _place(folder, ini, toml, _options(ini, toml))
    for name in (INI, TOML):
        file = folder / name
        if file.is_file() and (name == INI or read_toml(file) is not None):
            return _from_file(file)
    near = [str(child) for child in sorted(folder.iterdir()) if (child / ENV).is_file()]
    raise InitError(
        "migrations-not-found",
        f"{folder} has neither {ENV} nor {INI}",
        *(f"{child} has an {ENV}: is it the one?" for child in near),
    )


def _from_file(file: Path) -> MigrationPlace:
    ini, toml = (file.parent / INI, file) if file.name == TOML else (file, file.parent / TOML)
    return _from_pair(
        file,
        ini if ini.is_file() else None,
        toml if toml.is_file() and read_toml(toml) is not None else None,
    )


def _from_pair(file: Path, ini: Path | None, toml: Path | None) -> MigrationPlace:
    options = _options(ini, toml)
    if options.script_location is None:
        return _place(_with_env(file.parent, f"{file} has no script_location"), ini, toml, options)
    folder = _resolve(options.script_location, file.parent, wanted=ENV)
    return _place(
        _with_env(folder, f"{file}: script_location = {options.script_location}"), ini, toml, options
    )


def _place(folder: Path, ini: Path | None, toml: Path | None, options: Options) -> MigrationPlace:
    beside = (ini or toml or folder / ENV).parent
    locations = tuple(_resolve(text, beside) for text in options.version_locations)
    return MigrationPlace(
        folder, ini, locations or (folder / "versions",), toml, options.recursive, options.sourceless
    )


def _ini_of(folder: Path) -> Path | None:
    inside, beside = folder / INI, folder.parent / INI
    if inside.is_file():
        return inside
    return beside if beside.is_file() and _means(folder, read_ini(beside), beside.parent) else None


def _toml_of(folder: Path) -> Path | None:
    for file in (folder / TOML, folder.parent / TOML):
        options = read_toml(file) if file.is_file() else None
        if options is not None and _means(folder, options, file.parent):
            return file
    return None


def _means(folder: Path, options: Options, beside: Path) -> bool:
    if options.script_location is None:
        return True
    return _resolve(options.script_location, beside, wanted=ENV).resolve() == folder.resolve()


def _options(ini: Path | None, toml: Path | None) -> Options:
    said = read_ini(ini) if ini else Options()
    also = read_toml(toml) if toml else None
    return said.or_else(also) if also else said


def _resolve(text: str, beside: Path, wanted: str = "") -> Path:
    """A path as Alembic resolves it (in a package, or from the working directory), else from `beside`."""
    if ":" in text and not Path(text).is_absolute():
        return package_folder(text)
    here, there = Path(text).absolute(), (beside / text).absolute()
    return there if (there / wanted).exists() and not (here / wanted).exists() else here


def _with_env(folder: Path, said_by: str) -> Path:
    if not (folder / ENV).is_file():
        raise InitError("migrations-not-found", said_by, f"{folder / ENV} does not exist")
    return folder
