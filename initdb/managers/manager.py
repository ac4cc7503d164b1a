"""What the managers share: the application that they are bound to."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any, overload

from initdb.errors.exception import raised_to
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

    def bound(self) -> AbstractContextManager[Initializer]:
        """The Initializer, in the context of the application.

        Raises:
            InitError: Settings, models, revisions or seeds cannot be read; or that of the block. Its causes
                have no texts, which may hold values.
        """
        return _Bound(self._application, self._db)


class _Bound(AbstractContextManager[Initializer]):
    """A manager's application, for the length of a block; errors leave it as a program may see them."""

    def __init__(self, application: Flask | Initializer, db: object) -> None:
        self._application, self._db = application, db
        self._open = ExitStack()

    @raised_to()
    def __enter__(self) -> Initializer:
        if isinstance(self._application, Initializer):
            return self._application
        from initdb.flask.binding import bound

        return self._open.enter_context(bound(self._application, self._db))

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        with raised_to():
            self._open.__exit__(kind, error, trace)
        raised_to().__exit__(kind, error, trace)
