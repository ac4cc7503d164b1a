"""DatabaseInitializer: the whole of initdb for a Flask application, as an object."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask

from initdb.errors import InitError
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


class DatabaseInitializer:
    """Brings the database of `db` to ready for `app`. Binding reads nothing; each method does.

    `db`: a Flask-SQLAlchemy object that `app` is registered with, or one with an `engine` of its own.
    """

    def __init__(self, app: Flask, db: object) -> None:
        self._app, self._db = app, db

    def initialize(self) -> InitializationResult:
        """Bring the database to ready, whatever `mode` says; of several each in turn, until one is not ready.

        Neither raises nor exits.
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

    def validate_setup(self) -> ValidationResult:
        """Every check of schema and rows, without writing. That it cannot be had is a critical issue."""
        try:
            each = each_bound(self._app, self._db)
            return joined_validations([(one.settings.database, _validated(one)) for one in each])
        except InitError as error:
            told = error.rendered()
            return ValidationResult(False, [told.message, *told.context], [told.fix], "critical")

    def repair_if_needed(self) -> RepairResult:
        """Where validation finds a defect: mend what loses no data, and go on to ready. Else nothing."""
        begun = time.perf_counter()
        if self.validate_setup().valid:
            return RepairResult(True, [], [], [], [], time.perf_counter() - begun)
        try:
            each = each_bound(self._app, self._db)
            return joined_repairs([(one.settings.database, one.repair()) for one in each])
        except InitError as error:
            return unrepaired(error)

    def get_initialization_status(self) -> dict[str, Any]:
        """Where the database stands, as plain data without a secret; nothing is written, nothing raised.

        Of several the first, and under `others` the rest by name. `ready`: whether a boot would find nothing
        to do. `verdict`: ready, work, failed, held or ahead; `error`: why the database cannot be had, else
        None. The other keys are those of `Status`.
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
