"""For Flask applications: `init_app(app, db)` as the last line of create_app, and `DatabaseInitializer`."""

from __future__ import annotations

from initdb.flask.binding import bound, initializer_for, settings_for
from initdb.flask.boot import init_app
from initdb.flask.database import DatabaseInitializer

__all__ = ["DatabaseInitializer", "bound", "init_app", "initializer_for", "settings_for"]
