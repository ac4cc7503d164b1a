"""Imports the parts of an application that settings name, all in one go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from initdb.errors import InitError
from initdb.loading.foreign_code import foreign_code
from initdb.loading.models import as_metadata, load_metadata, merged
from initdb.loading.objects import load_object, on_path
from initdb.loading.packages import is_in_package

if TYPE_CHECKING:
    from sqlalchemy import MetaData


@dataclass(frozen=True, slots=True)
class Named:
    """The parts as objects. A part that nobody named is None.

    Attributes:
        metadata: The models.
        base: The MetaData or the callable that creates the tables which the first revision expects.
        migrations: A folder, an ini file, a package, or a callable that makes a Config.
    """

    metadata: MetaData | None
    base: object
    migrations: object


def load_named(metadata: object, base: object, migrations: object, *, folder: Path) -> Named:
    """Import each part that is given as "module:attribute". A part that is an object already stays as it is.

    Args:
        metadata: The models.
        base: What creates the tables which the first revision expects.
        migrations: A folder, an ini file, a package, or a callable that makes a Config.
        folder: Put first on `sys.path`.

    Raises:
        InitError: bad-metadata, bad-base, migrations-not-found.
    """
    models = None if metadata is None else _metadata(metadata, folder)
    return Named(models, None if base is None else _base(base, folder), _migrations(migrations, folder))


def _metadata(given: object, folder: Path) -> MetaData:
    if isinstance(given, (list, tuple)):
        return merged([_metadata(one, folder) for one in given])
    return load_metadata(given, folder=folder) if isinstance(given, str) else as_metadata(given, "metadata")


def _base(given: object, folder: Path) -> object:
    """A MetaData, or a callable that is given a connection."""
    if isinstance(given, str):
        return _base_of(load_object(given, folder=folder, reference="bad-base"), given)
    return _base_of(given, "base")


def _base_of(found: object, text: str) -> object:
    from sqlalchemy import MetaData

    with foreign_code("bad-base", f'"{text}" raised when it was used:'):
        made = getattr(found, "metadata", found)
    if not isinstance(made, MetaData) and not callable(made):
        allowed = "a MetaData, a declarative base, or a function that is given a connection"
        raise InitError("bad-base", f'"{text}" is of type {type(found).__name__}; allowed: {allowed}')
    return made


def _migrations(given: object, folder: Path) -> object:
    """The callable that a text names. Any other text, such as a path, a package or "package:folder", stays.

    A folder in a package is found without importing the package, so it is looked for first. Whatever the text
    names, env.py and revisions may import what is in the folder.
    """
    if not isinstance(given, str):
        return given
    on_path(folder)
    if _is_path(given):
        return given
    attribute = given.partition(":")[2]
    if not all(part.isidentifier() for part in attribute.split(".")) or is_in_package(given):
        return given
    found = load_object(given, folder=folder, reference="migrations-not-found")
    return found if callable(found) else given


def _is_path(text: str) -> bool:
    try:
        return Path(text).exists()
    except OSError:  # too long, or a folder on the way that may not be looked into
        return False
