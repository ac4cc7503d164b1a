"""init_app: what the boot of a Flask application does with its database."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from flask import Flask

from initdb.asking import asker
from initdb.booting import loading, quiet
from initdb.errors import InitError, Rendered, render
from initdb.errors.causes import stand_in_for_causes
from initdb.errors.faces import as_typed
from initdb.flask.binding import EXTENSION, Parts, initializer_for, settings_for
from initdb.flask.binds import with_binds
from initdb.flask.boot_log import BootLog, audible, logger
from initdb.flask.extension import engine_of
from initdb.flask.gunicorn import exit_code, heartbeat, loading_worker
from initdb.flask.serving import RELOAD, answers_requests, is_development_server, is_reloaders_child, serves
from initdb.flask.unavailable import Unavailable
from initdb.settings import Settings
from initdb.statemachine import reporting
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.loop.signals import deliver
from initdb.statemachine.security import tell_error
from initdb.steps.context import Rule
from initdb.steps.seeds.sources import Seeds


def init_app(app: Flask, db: object, *, seeds: Seeds = None, rules: tuple[Rule, ...] = ()) -> Flask:
    """Make the database of `db` ready if this process serves requests. It is the last line of `create_app`.

    The setting `mode` says what it does: work, wait, check or off. Under a command that does not serve, such
    as `flask routes`, it only keeps what it was given.

    Args:
        app: The application.
        db: Its Flask-SQLAlchemy object, or an object with an `engine`.
        seeds: Folders, files and functions; they win over the setting of this name.
        rules: The application's own checks.

    Returns:
        `app`. With the setting `on_failure = "serve-503"` it answers 503 until its database is ready.

    Raises:
        SystemExit: The database did not become ready, and `on_failure` is "exit". The error was printed.

    Example:
        def create_app():
            app = Flask(__name__)
            db.init_app(app)
            return init_app(app, db, seeds=["seeds"])
    """
    app.extensions[EXTENSION] = Parts(seeds, rules)
    if quiet.get() or not serves():
        return app
    with app.app_context(), loading(), heartbeat(loading_worker()), audible():
        try:
            settings = settings_for(app, engine_of(app, db))
        except InitError as error:
            tell_error(error, None, None)
            stand_in_for_causes(error)  # what exits here has this error as its context
            _exit(error.exit_code, error.rendered())
        if settings.mode != "off":
            _boot(app, db, settings)
    return app


def _boot(app: Flask, db: object, settings: Settings) -> None:
    """Boot each database, in the order of env.py, until one does not become ready."""
    try:
        each = with_binds(app, db, settings).each()
        initializers = [initializer_for(app, db, one, watcher=BootLog().watcher()) for one in each]
    except InitError as error:
        tell_error(error, None, None)
        stand_in_for_causes(error)
        _refused(app, settings, error.exit_code, error.rendered(), [])
        return
    for number, initializer in enumerate(initializers):
        initializer.site.asker = asker() if is_development_server() else None
        begun = time.perf_counter()
        outcome = initializer.attend(mode=settings.mode, host=True)
        code = reporting.exit_code(outcome, settings)
        if code:
            reason = reporting.reason_of(outcome)
            _refused(app, settings, code, reason, initializers[number:], outcome.missed)
            return
        _tell(initializer.settings.database, outcome, time.perf_counter() - begun)
        _answer(outcome.missed)


def _tell(name: str | None, outcome: Outcome, seconds: float) -> None:
    level = logging.INFO if outcome.report else logging.DEBUG
    which = f"database {name}" if name else "database"
    logger.log(level, "the %s is %s (%.0f ms)", which, outcome.ending, seconds * 1000)
    for warning in reporting.warnings_of(outcome):
        logger.warning("%s", as_typed(warning))


def _answer(missed: int | None) -> None:
    """Hand a signal that came while the database was made ready to the handler of the server."""
    if missed is not None:
        deliver(missed)


def _refused(  # noqa: PLR0913, PLR0917 - all that is known of a boot that failed
    app: Flask,
    settings: Settings,
    code: int,
    reason: Rendered,
    left: Sequence[Initializer],
    missed: int | None = None,
) -> None:
    """End this process, or let it answer 503.

    Args:
        app: The application.
        settings: Of the application.
        code: The exit code.
        reason: Why it is not ready.
        left: The databases that are perhaps not ready. None of them is known if settings or files are wrong.
        missed: A signal that came meanwhile.
    """
    if settings.on_failure == "exit" or reason.reference == "stopped" or not answers_requests():
        _exit(code, reason, missed)
    logger.error("%s", render(reason))
    _answer(missed)

    def look() -> Rendered | None:
        if not left:
            return reason
        for initializer in left:
            outcome = initializer.attend(mode="check")
            if outcome.signum is not None:
                deliver(outcome.signum)
            if reporting.exit_code(outcome, settings):
                return reporting.reason_of(outcome)
        return None

    app.wsgi_app = Unavailable(app.wsgi_app, reason, look)  # type: ignore[method-assign]


def _exit(code: int, reason: Rendered, missed: int | None = None) -> NoReturn:
    """End with the error, and with a code after which a server does not start this process again for ever."""
    print(render(reason, colour=sys.stderr.isatty()), file=sys.stderr, flush=True)
    # A worker that was told to stop must not end as one that cannot boot.
    _answer(missed)
    if reason.reference != "stopped":
        worker = loading_worker()
        if worker is not None:
            code = exit_code(worker)
        elif is_reloaders_child() and code == RELOAD:
            code = 1
    raise SystemExit(code)
