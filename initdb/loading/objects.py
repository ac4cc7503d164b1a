"""Imports things written as "module:attribute"."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
import traceback
from pathlib import Path
from typing import NoReturn

from initdb.errors import InitError
from initdb.errors.safe import safe_text
from initdb.nearest import did_you_mean


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
        refuse(reference, f'"{text}": importing {name} raised', error)
    except (Exception, SystemExit) as error:
        refuse(reference, f'"{text}": importing {name} raised', error)


def _attribute(text: str, owner: object, name: str, reference: str) -> object:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        label = getattr(owner, "__name__", type(owner).__name__)
        missing = f"{label} has no {name}{did_you_mean(name, dir(owner))}"
        raise InitError(reference, f'"{text}": {missing}') from error
    except Exception as error:
        refuse(reference, f'"{text}": looking up {name} raised', error)


def refuse(reference: str, what: str, error: BaseException) -> NoReturn:
    """Raises InitError for an error of the user's own code, with the last of their lines that it passed."""
    said = safe_text(error)
    raised = f"{type(error).__name__}: {said}" if said else type(error).__name__
    raise InitError(reference, f"{what} {raised}{_line_of(error)}") from error


def _line_of(error: BaseException) -> str:
    """Where an error came from, as " (file, line 3)"; in an installed package only if nowhere else."""
    passed = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    importing = (str(Path(__file__).parent), importlib.__file__, "<frozen ")
    outside = [entry for entry in passed if not entry[0].startswith(importing)]
    libraries = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib", "platlib"))
    theirs = [entry for entry in outside if not entry[0].startswith(libraries)] or outside
    return f" ({theirs[-1][0]}, line {theirs[-1][1]})" if theirs else ""
