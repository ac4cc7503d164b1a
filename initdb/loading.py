"""Imports things written as "module:attribute", and the models among them."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from initdb.errors import InitError
from initdb.errors.safe import safe_text
from initdb.nearest import did_you_mean

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def load_object(text: str, *, reference: str = "bad-metadata", folder: Path | None = None) -> object:
    """What ``text``, "module:attribute" (dots allowed on both sides), names; imported where it is not yet.

    ``folder`` (default: the working directory) is put first on ``sys.path`` and stays there, since a module
    may import its neighbours later. ``reference`` is the error to raise: "bad-metadata", "bad-app".

    Raises InitError with that reference. Its context says which of these it was: not written so, no such
    module, the module raised (what, and at which line), no such attribute.
    """
    module_name, colon, path = text.partition(":")
    if not colon or not all(part.isidentifier() for part in (*module_name.split("."), *path.split("."))):
        raise InitError(reference, f'"{text}" is not written as "module:attribute", such as "shop.models:db"')
    place = _on_path(folder)
    found = _module(text, module_name, place, reference)
    for name in path.split("."):
        found = _attribute(text, found, name, reference)
    return found


def load_metadata(text: str, *, folder: Path | None = None) -> MetaData:
    """The MetaData that ``text``, "module:attribute", names.

    The attribute is one of what ``as_metadata`` takes. Raises InitError bad-metadata.
    """
    return as_metadata(load_object(text, folder=folder), text)


def as_metadata(found: object, text: str) -> MetaData:
    """The MetaData of ``found``, which ``text`` names in errors.

    ``found`` is a MetaData, or has one as ``metadata`` (a declarative base, a Flask-SQLAlchemy ``db``), or
    is a function without arguments that returns one of these; a class is not called.

    Raises InitError bad-metadata.
    """
    try:
        metadata = _metadata_of(found)
        if metadata is None and callable(found) and not isinstance(found, type):
            found = found()
            metadata = _metadata_of(found)
    except (Exception, SystemExit) as error:
        _refuse("bad-metadata", f'"{text}" raised when it was used:', error)
    if metadata is None:
        kind = f"the class {found.__name__}" if isinstance(found, type) else f"of type {type(found).__name__}"
        allowed = "a MetaData, a declarative base, a db object, or a function that returns one"
        raise InitError("bad-metadata", f'"{text}" is {kind}; allowed: {allowed}')
    return metadata


def _metadata_of(found: object) -> MetaData | None:
    from sqlalchemy import MetaData

    candidate = found if isinstance(found, MetaData) else getattr(found, "metadata", None)
    return candidate if isinstance(candidate, MetaData) else None


def _on_path(folder: Path | None) -> str:
    """The folder, after it was put on ``sys.path``; "." for a working directory that was deleted."""
    try:
        place = str(folder.absolute() if folder else Path.cwd())
    except FileNotFoundError:
        return "."
    if place not in sys.path:
        sys.path.insert(0, place)
    return place


def _module(text: str, name: str, place: str, reference: str) -> object:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            missing = f'"{text}": there is no module {error.name} in {place} nor among the installed packages'
            raise InitError(reference, missing) from error
        _refuse(reference, f'"{text}": importing {name} raised', error)
    except (Exception, SystemExit) as error:
        _refuse(reference, f'"{text}": importing {name} raised', error)


def _attribute(text: str, owner: object, name: str, reference: str) -> object:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        label = getattr(owner, "__name__", type(owner).__name__)
        missing = f"{label} has no {name}{did_you_mean(name, dir(owner))}"
        raise InitError(reference, f'"{text}": {missing}') from error
    except Exception as error:
        _refuse(reference, f'"{text}": looking up {name} raised', error)


def _refuse(reference: str, what: str, error: BaseException) -> NoReturn:
    """Raises InitError for an error of the user's own code, with the last of their lines that it passed."""
    said = safe_text(error)
    raised = f"{type(error).__name__}: {said}" if said else type(error).__name__
    raise InitError(reference, f"{what} {raised}{_line_of(error)}") from error


def _line_of(error: BaseException) -> str:
    """Where an error came from, as " (file, line 3)"; in an installed package only if nowhere else."""
    passed = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    importing = (__file__, importlib.__file__, "<frozen ")
    outside = [entry for entry in passed if not entry[0].startswith(importing)]
    libraries = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib", "platlib"))
    theirs = [entry for entry in outside if not entry[0].startswith(libraries)] or outside
    return f" ({theirs[-1][0]}, line {theirs[-1][1]})" if theirs else ""
