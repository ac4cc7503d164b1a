"""Imports things written as "module:attribute"."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from initdb.errors import InitError
from initdb.loading.foreign_code import foreign_code
from initdb.loading.fresh import import_fresh
from initdb.nearest import did_you_mean


def load_object(
    text: str, *, reference: str = "bad-metadata", folder: Path | None = None, fresh: bool = False
) -> object:
    """Import the object that `text` names.

    Args:
        text: "module:attribute", with dots allowed on both sides.
        reference: The error to raise, such as "bad-app".
        folder: Put first on `sys.path`, and its `src` last (default: the working directory). It stays there,
            since the module may import its neighbours later.
        fresh: Whether the module is compiled from its source, if it was not imported yet.

    Raises:
        InitError: `reference`. Its context says what is wrong: the text, the module, what the module raised
            and at which line, or the attribute.

    Example:
        >>> load_object("string:ascii_uppercase")
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
    """
    module_name, colon, path = text.partition(":")
    if not colon or not all(part.isidentifier() for part in (*module_name.split("."), *path.split("."))):
        raise InitError(reference, f'"{text}" is not written as "module:attribute", such as "shop.models:db"')
    place = on_path(folder)
    found = _module(text, module_name, place, reference, import_fresh if fresh else import_module)
    for name in path.split("."):
        found = _attribute(text, found, name, reference)
    return found


def on_path(folder: Path | None) -> str:
    """Put the folder first on `sys.path`, and its `src` last, if it has one.

    Returns:
        The path of the folder; "." if the working directory was deleted.
    """
    try:
        place = str(folder.absolute() if folder else Path.cwd())
    except FileNotFoundError:
        return "."
    if place not in sys.path:
        sys.path.insert(0, place)
    source = str(Path(place) / "src")
    if source not in sys.path and Path(source).is_dir():
        sys.path.append(source)  # last, since what is installed is what the application runs
    return place


def _module(text: str, name: str, place: str, reference: str, import_: Callable[[str], object]) -> object:
    with foreign_code(reference, f'"{text}": importing {name} raised'):
        try:
            return import_(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise
            missing = f'"{text}": there is no module {error.name} in {place} nor among the installed packages'
            raise InitError(reference, missing) from error


def _attribute(text: str, owner: object, name: str, reference: str) -> object:
    with foreign_code(reference, f'"{text}": looking up {name} raised'):
        try:
            return getattr(owner, name)
        except AttributeError as error:
            label = getattr(owner, "__name__", type(owner).__name__)
            missing = f"{label} has no {name}{did_you_mean(name, dir(owner))}"
            raise InitError(reference, f'"{text}": {missing}') from error
