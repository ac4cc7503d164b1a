"""Tells how commands are typed in a Flask application, while its context is active."""

from __future__ import annotations

from flask import current_app, has_app_context

from initdb.errors.faces import Face, plain_alembic


def face_of_application() -> Face | None:
    """The face of the active application; None if no context of one is active."""
    if not has_app_context():
        return None
    has_migrate = "migrate" in current_app.extensions
    return Face("flask initdb {}", _flask_migrate if has_migrate else plain_alembic)


def _flask_migrate() -> str:
    return "flask db {}"
