"""Reads the `db` of an application: Flask-SQLAlchemy of any version, or an object with an engine."""

from __future__ import annotations

from inspect import getattr_static

from flask import Flask
from sqlalchemy import Engine, MetaData

from initdb.errors import InitError
from initdb.errors.withheld import kind_of


def engine_of(app: Flask, db: object) -> Engine:
    """The engine of the default bind.

    Raises:
        InitError: bad-app; `db` does not belong to `app`, or has no engine.
    """
    with app.app_context():
        try:
            engine = _engine(db)
        except (RuntimeError, KeyError, AttributeError) as error:
            said = f"the db of {app.name} has no engine for it: {kind_of(error)}"
            raise InitError("bad-app", said) from error
    if not isinstance(engine, Engine):
        raise InitError("bad-app", f"the db of {app.name} has no engine, but a {type(engine).__name__}")
    return engine


def _engine(db: object) -> object:
    """`db.engine`, or `db.get_engine()` of Flask-SQLAlchemy 2."""
    old = getattr_static(db, "engine", None) is None
    found: object = getattr(db, "get_engine" if old else "engine")
    return found() if old and callable(found) else found


def engines_of(app: Flask, db: object) -> dict[str | None, Engine]:
    """The engines of all binds by name; the default bind is None. Empty if `db` has no binds."""
    with app.app_context():
        return dict(engine_table(db) or {})


def engine_table(db: object) -> dict[str | None, Engine] | None:
    """The table of engines itself, where one can be replaced. Call it in the context of the application."""
    engines = getattr(db, "engines", None)
    return engines if isinstance(engines, dict) else None


def metadata_of(db: object, name: str | None) -> MetaData | None:
    """The MetaData of a bind (None is the default one); None if it has no table."""
    found = getattr(db, "metadata", None)
    if name is not None:
        metadatas = getattr(db, "metadatas", None)
        found = metadatas.get(name) if isinstance(metadatas, dict) else None
    return found if isinstance(found, MetaData) and found.tables else None


def extension_of(app: object) -> object:
    """The Flask-SQLAlchemy object of an application; None if it has none."""
    extensions = getattr(app, "extensions", None)
    return extensions.get("sqlalchemy") if isinstance(extensions, dict) else None
