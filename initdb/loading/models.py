"""The MetaData that is named or handed over, in any of the forms that applications have it in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from initdb.errors import InitError
from initdb.loading.objects import load_object, refuse

if TYPE_CHECKING:
    from sqlalchemy import MetaData


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
        refuse("bad-metadata", f'"{text}" raised when it was used:', error)
    if metadata is None:
        kind = f"the class {found.__name__}" if isinstance(found, type) else f"of type {type(found).__name__}"
        allowed = "a MetaData, a declarative base, a db object, or a function that returns one"
        raise InitError("bad-metadata", f'"{text}" is {kind}; allowed: {allowed}')
    return metadata


def _metadata_of(found: object) -> MetaData | None:
    from sqlalchemy import MetaData

    candidate = found if isinstance(found, MetaData) else getattr(found, "metadata", None)
    return candidate if isinstance(candidate, MetaData) else None
