"""The web application that is named, or that a named function makes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from initdb.errors import InitError
from initdb.loading.objects import load_object


def load_application(text: str, *, folder: Path | None = None) -> object:
    """The application that ``text``, "module:attribute", names; made where that is a function.

    Raises:
        InitError: bad-app, with what the application's own code raised; or an InitError of that code.
    """
    found = load_object(text, reference="bad-app", folder=folder)
    if hasattr(found, "extensions") or not callable(found):
        return found
    try:
        return found()
    except InitError:
        raise
    except (Exception, SystemExit) as error:  # whatever the application's own code may raise
        raise InitError("bad-app", f'"{text}" raised {type(error).__name__}: {error}') from error


@contextmanager
def database_url(url: object) -> Iterator[None]:
    """For the length of the block, an application finds ``url`` in DATABASE_URL; no text changes nothing."""
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
