"""What the managers share: the application that they are bound to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, overload

from initdb.statemachine.initializer import Initializer

if TYPE_CHECKING:
    from flask import Flask


class Manager:
    """A part of the initialization of one application.

    To make one reads nothing. Each method reads the files and the database as they are then.

    Args:
        application: An Initializer, or a Flask application.
        db: With a Flask application: its Flask-SQLAlchemy object, or an object with an `engine`.

    Raises:
        TypeError: A Flask application came without its db.
    """

    @overload
    def __init__(self, application: Initializer) -> None: ...
    @overload
    def __init__(self, application: Flask, db: object) -> None: ...
    def __init__(self, application: Flask | Initializer, db: object = None) -> None:
        if not isinstance(application, Initializer) and db is None:
            raise TypeError(f"{type(self).__name__} takes an Initializer, or a Flask application and its db")
        self._application, self._db = application, db

    @contextmanager
    def bound(self) -> Iterator[Initializer]:
        """The Initializer, in the context of the application.

        Raises:
            InitError: Settings, models, revisions or seeds cannot be read.
        """
        if isinstance(self._application, Initializer):
            yield self._application
            return
        from initdb.flask.binding import bound

        with bound(self._application, self._db) as initializer:
            yield initializer
