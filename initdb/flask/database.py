"""DatabaseInitializer: the whole of initdb for a Flask application, as an object."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from flask import Flask

from initdb.errors import InitError
from initdb.errors.exception import raised_to
from initdb.errors.redact import url_text
from initdb.flask.binding import each_bound
from initdb.flask.several import joined_repairs, joined_results, joined_validations
from initdb.managers.open_look import health, open_look, result_of
from initdb.managers.schema import unrepaired
from initdb.statemachine.decide.verdict import judge
from initdb.statemachine.initializer import Initializer, failed
from initdb.statemachine.loop.holder import at_work
from initdb.statemachine.render.results import InitializationResult, RepairResult, ValidationResult
from initdb.statemachine.render.status import status_of

P = ParamSpec("P")
T = TypeVar("T")


def _in_context(
    method: Callable[Concatenate[DatabaseInitializer, P], T],
) -> Callable[Concatenate[DatabaseInitializer, P], T]:
    """Run the method in the context of the application: it decides how errors name commands."""

    @wraps(method)
    def wrapped(self: DatabaseInitializer, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with raised_to(), self._app.app_context():
            return method(self, *args, **kwargs)

    return wrapped


class DatabaseInitializer:
    """Makes the database of a Flask application ready. To make one reads nothing; each method does.

    Args:
        app: The application.
        db: Its Flask-SQLAlchemy object, or an object with an `engine`.

    Example:
        >>> from flask_sqlalchemy import SQLAlchemy
        >>> app, db = Flask("shop"), SQLAlchemy()
        >>> app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
        >>> db.init_app(app)
        >>> with app.app_context():
        ...     class Product(db.Model):
        ...         id = db.Column(db.Integer, primary_key=True)
        >>> DatabaseInitializer(app, db).initialize().outcome
        'ready'
    """

    def __init__(self, app: Flask, db: object) -> None:
        self._app, self._db = app, db

    @_in_context
    def initialize(self) -> InitializationResult:
        """Make the database ready, whatever the setting `mode` says.

        Of several databases each in turn, until one does not become ready. A failure is in the result, and is
        not raised.
        """
        begun = time.perf_counter()
        try:
            found = []
            for initializer in each_bound(self._app, self._db):
                found.append((initializer.settings.database, initializer.initialize()))
                if not found[-1][1].success:
                    break
            return joined_results(found)
        except InitError as error:
            result = failed(error)
            result.duration = time.perf_counter() - begun
            return result

    @_in_context
    def validate_setup(self) -> ValidationResult:
        """Check schema and data, without writing. An unreachable database is a critical issue."""
        try:
            each = each_bound(self._app, self._db)
            return joined_validations([(one.settings.database, _validated(one)) for one in each])
        except InitError as error:
            told = error.rendered()
            return ValidationResult(False, [told.message, *told.context], [told.fix], "critical")

    @_in_context
    def repair_if_needed(self) -> RepairResult:
        """If a check finds a defect, repair what can be repaired without losing data, and go on to ready.

        A failure is in the result, and is not raised.
        """
        begun = time.perf_counter()
        if self.validate_setup().valid:
            return RepairResult(True, [], [], [], [], time.perf_counter() - begun)
        try:
            each = each_bound(self._app, self._db)
            why = "a program called repair_if_needed()"
            return joined_repairs([(one.settings.database, one.repair(why)) for one in each])
        except InitError as error:
            return unrepaired(error)

    @_in_context
    def get_initialization_status(self) -> dict[str, Any]:
        """Say in which state the database is, as plain data without a secret. It writes and raises nothing.

        Returns:
            `ready` says whether a boot would find nothing to do, and `verdict` what it would conclude: ready,
            work, failed, held or ahead. `error` says why the database cannot be reached, or is None. The
            other keys are those of `Status`. Of several databases it is the first one; `others` has the rest
            by name.
        """
        try:
            found = {one.settings.database: _status(one) for one in each_bound(self._app, self._db)}
        except InitError as error:
            told = error.rendered().as_data()
            return {"ready": False, "state": "unknown", "verdict": "failed", "error": told}
        _, first = next(iter(found.items()))
        others = {name: one for name, one in found.items() if one is not first}
        return first | ({"others": others} if others else {})


def _validated(initializer: Initializer) -> ValidationResult:
    with open_look(initializer) as opened:
        return result_of(health(initializer, opened).issues)


def _status(initializer: Initializer) -> dict[str, Any]:
    with open_look(initializer) as opened:
        verdict = judge(opened.seen)
        working = opened.seen.exists and at_work(initializer.engine, opened.seen.journal)
        return {
            **status_of(opened.seen, verdict, working).data(),
            "ready": verdict.kind == "ready",
            "error": None,
            "database_type": initializer.engine.dialect.name,
            "database": url_text(initializer.engine.url),
            "application": initializer.site.name,
            "mode": initializer.settings.mode,
            "pending": list(opened.facts.pending),
            "seeds_pending": list(opened.facts.seeds),
        }
