"""Opens the application and its databases for a command. An application that it imports does not boot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from initdb.booting import loading
from initdb.cli.calling.call import Call
from initdb.cli.opening.target import Target
from initdb.cli.output.foreign_output import tamed
from initdb.errors import InitError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from initdb.flask.commanded import Commanded
    from initdb.settings import Settings
    from initdb.statemachine.initializer import Initializer
    from initdb.statemachine.site import Watcher


@contextmanager
def opened(call: Call, target: Target, watcher: Watcher | None = None) -> Iterator[Initializer]:
    """Open the first database, or the one that the settings name.

    Args:
        call: The call of the command.
        target: Its settings.
        watcher: What the run calls.

    Raises:
        InitError: Something cannot be imported or read.
    """
    with opened_each(call, target, watcher) as initializers:
        yield initializers[0]


@contextmanager
def opened_each(
    call: Call, target: Target, watcher: Watcher | None = None
) -> Iterator[tuple[Initializer, ...]]:
    """Open all databases, the first one first, in the application's context; see `opened`.

    Raises:
        InitError: Something cannot be imported or read.
    """
    with loading(), tamed(call.screen, debug=call.debug):
        application = _application(call, target.settings)
        if application is None:
            from initdb.statemachine.initializer import Initializer

            yield tuple(Initializer(settings=one, watcher=watcher) for one in target.settings.each())
        else:
            with application.app.app_context():
                yield application.initializers(watcher)


def make_reading_engine(call: Call, target: Target) -> Engine:
    """Make an engine for the journal alone. It needs neither models nor revisions, which may be broken.

    Args:
        call: The call of the command.
        target: Its settings.

    Raises:
        InitError: No database is named, or the application that has it cannot be loaded.
    """
    settings = target.settings
    given = call.settings.keys() & {"database_url", "work_url"}
    url = settings.url if settings.databases or settings.database is None else None
    if url is not None and (given or call.flask is None):
        from initdb.steps.engines.make import make_engine
        from initdb.steps.engines.shared_folder import refuse_shared

        engine = make_engine(url)
        refuse_shared(engine, settings)
        return engine
    with loading(), tamed(call.screen, debug=call.debug):
        application = _application(call, settings)
        if application is None:
            raise InitError("database-url-missing")
        from initdb.steps.engines.shared_folder import refuse_shared

        engine = application.engine()
        refuse_shared(engine, settings)
        return engine


def choose_working_engine(call: Call, target: Target) -> tuple[Engine, Settings]:
    """The engine on which a run would work, and the settings of its application. It needs no revisions.

    Of several databases it is the first, or the one that the settings name.

    Args:
        call: The call of the command.
        target: Its settings.

    Raises:
        InitError: No database is named, or the application that has it cannot be loaded.
    """
    from initdb.steps.engines.choose import choose_engines

    with loading(), tamed(call.screen, debug=call.debug):
        application = _application(call, target.settings)
        if application is None:
            return choose_engines(target.settings, None, ()).work, target.settings
        return choose_engines(application.settings, application.engine(), ()).work, application.settings


def _application(call: Call, settings: Settings) -> Commanded | None:
    """The application of `flask initdb …`, or the one that the settings name; None if there is none."""
    make = None if "app" in call.settings else call.flask
    if make is None and settings.app is None:
        return None
    from initdb.flask.commanded import load_commanded

    return load_commanded(make, settings, call.settings)
