"""Finds the MetaData in what is named or given: a MetaData, a declarative base, a db object, a function."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from initdb.errors import InitError, naming
from initdb.loading.foreign_code import foreign_code
from initdb.loading.objects import load_object

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def load_metadata(text: str, *, folder: Path | None = None) -> MetaData:
    """Import the MetaData that `text`, "module:attribute", names, in any form that `as_metadata` takes.

    Raises:
        InitError: bad-metadata.
    """
    with naming(lambda: {"MODULE": text.partition(":")[0]}):
        return as_metadata(load_object(text, folder=folder), text)


def as_metadata(found: object, text: str) -> MetaData:
    """The MetaData of an object.

    Args:
        found: A MetaData; something that has one as `metadata`, such as a declarative base or a
            Flask-SQLAlchemy `db`; or a function without arguments that returns one of these. A class is not
            called.
        text: What errors call the object.

    Raises:
        InitError: bad-metadata.
    """
    with foreign_code("bad-metadata", f'"{text}" raised when it was used:'):
        metadata = _metadata_of(found)
        if metadata is None and callable(found) and not isinstance(found, type):
            found = found()
            metadata = _metadata_of(found)
    if metadata is None:
        kind = f"the class {found.__name__}" if isinstance(found, type) else f"of type {type(found).__name__}"
        allowed = "a MetaData, a declarative base, a db object, or a function that returns one"
        raise InitError("bad-metadata", f'"{text}" is {kind}; allowed: {allowed}')
    return metadata


def _metadata_of(found: object) -> MetaData | None:
    from sqlalchemy import MetaData

    candidate = found if isinstance(found, MetaData) else getattr(found, "metadata", None)
    return candidate if isinstance(candidate, MetaData) else None
