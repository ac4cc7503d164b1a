"""For Flask applications: `init_app(app, db)` as the last line of create_app, and `DatabaseInitializer`."""

from __future__ import annotations

from initdb.errors.faces import offer
from initdb.flask.binding import bound, initializer_for, settings_for
from initdb.flask.boot import init_app
from initdb.flask.database import DatabaseInitializer
from initdb.flask.face import face_of_application

offer(face_of_application)

__all__ = ["DatabaseInitializer", "bound", "init_app", "initializer_for", "settings_for"]
