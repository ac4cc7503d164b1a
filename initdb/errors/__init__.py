"""The failures of initdb: a catalogue of them as data, the one exception, and how they read.

A leaf: imports nothing else of initdb, and no database library (`initdb.errors.classify` looks at what it
is given).
"""

from __future__ import annotations

from initdb.errors.catalogue_index import catalogue
from initdb.errors.exception import InitError
from initdb.errors.pages import render_page
from initdb.errors.rendering import Rendered, render
from initdb.errors.rows import Advice, ErrorRow

__all__ = ["Advice", "ErrorRow", "InitError", "Rendered", "catalogue", "render", "render_page"]
