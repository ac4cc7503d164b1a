"""Finds the MetaData in what is named or given: a MetaData, a declarative base, a db object, a function."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from initdb.errors import InitError
from initdb.loading.foreign_code import foreign_code
from initdb.loading.objects import load_object

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def load_metadata(text: str, *, folder: Path | None = None) -> MetaData:
    """Import the MetaData that `text`, "module:attribute", names, in any form that `as_metadata` takes.

    Raises:
        InitError: bad-metadata.
    """
    return as_metadata(load_object(text, folder=folder), text)


def as_metadata(found: object, text: str) -> MetaData:
    """The MetaData of an object.

    Args:
        found: A MetaData; something that has one as `metadata`, such as a declarative base or a
            Flask-SQLAlchemy `db`; a list of these, such as `target_metadata` of an env.py; or a function
            without arguments that returns one of these. A class is not called.
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
        allowed = (
            "a MetaData, a declarative base, a db object, a list of these, or a function that returns one"
        )
        raise InitError("bad-metadata", f'"{text}" is {kind}; allowed: {allowed}')
    return metadata


def _metadata_of(found: object) -> MetaData | None:
    from sqlalchemy import MetaData

    if isinstance(found, (list, tuple)):
        several = [_metadata_of(one) for one in found]
        known = [one for one in several if one is not None]
        return merged(known) if known and len(known) == len(several) else None
    candidate = found if isinstance(found, MetaData) else getattr(found, "metadata", None)
    return candidate if isinstance(candidate, MetaData) else None


def merged(several: Sequence[MetaData]) -> MetaData:
    """One MetaData with copies of the tables of several; one alone stays as it is.

    Args:
        several: At least one.

    Raises:
        InitError: bad-metadata, if two of them have a table of the same name. Alembic refuses that too.
    """
    from sqlalchemy import MetaData

    if len(several) == 1:
        return several[0]
    conventions = [one.naming_convention for one in several]
    alike = conventions[0] if conventions.count(conventions[0]) == len(conventions) else None
    made = MetaData(naming_convention=alike)
    for one in several:
        for name, table in one.tables.items():
            if name in made.tables:
                raise InitError("bad-metadata", f"two of the metadata have a table {name}")
            table.to_metadata(made)
    return made
