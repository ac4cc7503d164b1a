"""init_app: what an application's boot does about its database."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from flask import Flask

from initdb.booting import loading, quiet
from initdb.errors import InitError, Rendered, render
from initdb.flask.binding import EXTENSION, Parts, initializer_for, settings_for
from initdb.flask.binds import with_binds
from initdb.flask.boot_log import BootLog, audible, logger
from initdb.flask.extension import engine_of
from initdb.flask.gunicorn import exit_code, heartbeat, loading_worker
from initdb.flask.serving import RELOAD, answers_requests, is_reloaders_child, serves
from initdb.flask.unavailable import Unavailable
from initdb.settings import Settings
from initdb.statemachine import orders
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop.attend import Outcome
from initdb.statemachine.loop.signals import deliver
from initdb.steps.context import Rule
from initdb.steps.seeds.sources import Seeds


def init_app(app: Flask, db: object, *, seeds: Seeds = None, rules: tuple[Rule, ...] = ()) -> Flask:
    """The last line of create_app: bring the database of `db` to ready if this process serves; gives `app`.

    Does what the setting `mode` says (work, wait, check, off). `seeds`: folders, files, functions, instead of
    the setting; `rules`: the application's own checks. Where the database does not become ready it prints the
    error on stderr and raises SystemExit with its code, or, with `on_failure = "serve-503"`, lets the
    application answer 503 with the reason. Under a command that does not serve it only notes what it was
    given.
    """
    app.extensions[EXTENSION] = Parts(seeds, rules)
    if quiet.get() or not serves():
        return app
    with app.app_context(), loading(), heartbeat(loading_worker()), audible():
        try:
            settings = settings_for(app, engine_of(app, db))
        except InitError as error:
            _exit(error.exit_code, error.rendered())
        if settings.mode != "off":
            _boot(app, db, settings)
    return app


def _boot(app: Flask, db: object, settings: Settings) -> None:
    """Each database in turn, as env.py goes through them; the first that is not ready ends it."""
    try:
        each = with_binds(app, db, settings).each()
        initializers = [initializer_for(app, db, one, watcher=BootLog().watcher()) for one in each]
    except InitError as error:
        _refused(app, settings, error.exit_code, error.rendered(), [])
        return
    for number, initializer in enumerate(initializers):
        begun = time.perf_counter()
        outcome = initializer.attend(mode=settings.mode, host=True)
        code = orders.exit_code(outcome, settings)
        if code:
            _refused(app, settings, code, orders.reason_of(outcome), initializers[number:])
            return
        _tell(initializer.settings.database, outcome, time.perf_counter() - begun)


def _tell(name: str | None, outcome: Outcome, seconds: float) -> None:
    level = logging.INFO if outcome.report else logging.DEBUG
    which = f"database {name}" if name else "database"
    logger.log(level, "the %s is %s (%.0f ms)", which, outcome.ending, seconds * 1000)
    for warning in orders.warnings_of(outcome):
        logger.warning("%s", warning)


def _refused(
    app: Flask, settings: Settings, code: int, reason: Rendered, left: Sequence[Initializer]
) -> None:
    """`left`: the databases that are not known to be ready; none where it cannot be known."""
    if settings.on_failure == "exit" or reason.reference == "stopped" or not answers_requests():
        _exit(code, reason)
    logger.error("%s", render(reason))

    def look() -> Rendered | None:
        if not left:
            return reason
        for initializer in left:
            outcome = initializer.attend(mode="check")
            if outcome.signum is not None:
                deliver(outcome.signum)
            if orders.exit_code(outcome, settings):
                return orders.reason_of(outcome)
        return None

    app.wsgi_app = Unavailable(app.wsgi_app, reason, look)  # type: ignore[method-assign]


def _exit(code: int, reason: Rendered) -> NoReturn:
    """End with the error, in a way that whoever started this process does not start it again for ever."""
    print(render(reason, colour=sys.stderr.isatty()), file=sys.stderr, flush=True)
    if reason.reference != "stopped":
        worker = loading_worker()
        if worker is not None:
            code = exit_code(worker)
        elif is_reloaders_child() and code == RELOAD:
            code = 1
    raise SystemExit(code)
