"""Tells how commands are typed in a Flask application, while its context is active."""

from __future__ import annotations

from importlib.util import find_spec

from flask import current_app, has_app_context

from initdb.errors.faces import Face


def face_of_application() -> Face | None:
    """The face of the active application; None if no context of one is active."""
    if not has_app_context():
        return None
    return Face("flask initdb", "flask db" if "migrate" in current_app.extensions else "alembic")


def face_of_command() -> Face:
    """The face of `flask initdb`, before an application is loaded."""
    return Face("flask initdb", "flask db" if find_spec("flask_migrate") else "alembic")
