"""The errors of initdb: a catalogue of them as data, the one exception, and how they are printed.

This package imports nothing else of initdb, and no database library: `initdb.errors.classify` recognises an
exception by its attributes. The catalogue is loaded when an error is shown, so a boot on a ready database
does not load it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from initdb.errors.exception import InitError, naming
from initdb.errors.rendering import Rendered, render

if TYPE_CHECKING:
    from initdb.errors.catalogue.index import CATALOGUE
    from initdb.errors.pages import render_page
    from initdb.errors.rows import Advice, ErrorRow

__all__ = ["CATALOGUE", "Advice", "ErrorRow", "InitError", "Rendered", "naming", "render", "render_page"]

_LATER = {
    "Advice": "initdb.errors.rows",
    "ErrorRow": "initdb.errors.rows",
    "CATALOGUE": "initdb.errors.catalogue.index",
    "render_page": "initdb.errors.pages",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_LATER[name]), name)
    globals()[name] = found
    return found
