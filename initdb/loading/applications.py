"""Loads the web application that settings name, or that a function creates which they name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from initdb.loading.foreign_code import foreign_code
from initdb.loading.objects import load_object


def load_application(text: str, *, folder: Path | None = None) -> object:
    """Import the application that `text`, "module:attribute", names; if that is a function, call it.

    Raises:
        InitError: bad-app, with what the code of the application raised; or an InitError of that code.
    """
    found = load_object(text, reference="bad-app", folder=folder)
    if hasattr(found, "extensions") or not callable(found):
        return found
    with foreign_code("bad-app", f'"{text}" raised'):
        return found()


@contextmanager
def database_url(url: object) -> Iterator[None]:
    """For the length of the block, DATABASE_URL is `url`. If that is no text, nothing changes."""
    if not isinstance(url, str):
        yield
        return
    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = url
    try:
        yield
    finally:
        os.environ.pop("DATABASE_URL")
        if before is not None:
            os.environ["DATABASE_URL"] = before
