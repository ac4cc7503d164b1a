"""connect: name what keeps a process from a database, and whether waiting may help."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from initdb.errors import InitError
from initdb.errors.classify import classify, is_missing_table
from initdb.errors.known_names import of_database
from initdb.errors.redact import url_text
from initdb.errors.translated import translated
from initdb.events.head import JournalSignal
from initdb.events.sessions import database_file
from initdb.steps.missing_database.file import make_file

OLDEST_POSTGRESQL = (14,)

_RESTORED_LAST = frozenset({"journal-trigger-missing", "journal-incomplete"})
"""Errors of a journal of which a restore has not made everything yet."""

_UNANSWERED = frozenset(
    {"connection-failed", "connection-refused", "connection-timeout", "host-not-found", "host-unreachable"}
)
"""Errors of an address at which no database answers. It may be a wrong one."""

_AWAY = frozenset({"unknown-database", "authentication-failed", "login-paused"})
"""Errors that are final at first, but pass once the database has been there: a restore, for example."""


def refused(engine: Engine, error: BaseException, doing: str = "connect") -> InitError:
    """Translate an error of the connection or of the journal into an InitError with advice.

    Args:
        engine: The engine of the database.
        error: What was raised.
        doing: What failed; see `initdb.errors.classify.classify`.
    """
    return classify(error, doing=doing, database=engine.dialect.name, target=url_text(engine.url))


def names(engine: Engine) -> dict[str, str]:
    """What stands for DBURL, DBFILE and the like in an error about a database.

    Args:
        engine: The engine of the database.
    """
    return of_database(url_text(engine.url))


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[None]:
    """Translate what fails in the block, which reads the database of `engine`.

    Raises:
        InitError: What keeps this process from the database or from its journal.
    """
    try:
        yield
    except InitError as error:
        raise refused(engine, error) from error.__cause__
    except JournalSignal as signal:
        raise _unreadable(engine, "its tables changed while they were read") from signal
    except (SQLAlchemyError, sqlite3.Error, engine.dialect.loaded_dbapi.Error, OSError) as error:
        if is_missing_table(error):
            raise _unreadable(engine, f"a table of it is not there: {type(error).__name__}") from error
        raise refused(engine, error) from error


def _unreadable(engine: Engine, why: str) -> InitError:
    return refused(
        engine, InitError("journal-unreadable", url_text(engine.url), why, database=engine.dialect.name)
    )


def prepare(engine: Engine) -> None:
    """Make the file of a SQLite database if it is missing; check the version of a PostgreSQL server.

    Args:
        engine: The engine of the database.

    Raises:
        InitError: What keeps this process from the database; `postgresql-too-old`.
    """
    with translated(lambda error: refused(engine, error)):
        file = database_file(engine)
        if file is not None:
            make_file(file)
        elif engine.dialect.name == "postgresql":
            _check_server(engine)


def _check_server(engine: Engine) -> None:
    if getattr(engine.dialect, "server_version_info", None) is None:
        with engine.connect() as connection:
            connection.detach()
    version = engine.dialect.server_version_info or OLDEST_POSTGRESQL
    if version < OLDEST_POSTGRESQL:
        raise InitError("postgresql-too-old", ".".join(map(str, version)), database="postgresql")


def passing(error: InitError, served: bool = False, restoring: bool = False) -> bool:
    """Whether waiting may help: the database is missing, starts, or has no free connections.

    Args:
        error: What keeps this process from the database.
        served: Whether the database was there before in this stay. Then it counts as an outage if the
            database is gone or refuses the password.
        restoring: Whether a restore was met in this stay. It makes the triggers and indexes last.
    """
    waited_for = (_AWAY if served else frozenset()) | (_RESTORED_LAST if restoring else frozenset())
    return error.row.passing or error.reference in waited_for


def is_unanswered(error: InitError) -> bool:
    """Whether no database answered at the address, which may therefore be wrong.

    Args:
        error: What keeps this process from the database.
    """
    return error.reference in _UNANSWERED


def check_there(engine: Engine, served: bool) -> None:
    """Refuse to go on if a SQLite file that was there before is gone.

    A new file would be in the way of a person who restores a backup.

    Args:
        engine: The engine of the database.
        served: Whether the database was there before in this stay.

    Raises:
        InitError: `unknown-database`.
    """
    file = database_file(engine)
    if served and file is not None and not file.exists():
        raise InitError(
            "unknown-database",
            f"{file} was there, and is gone",
            fix="Restore the file. Or, to begin with a new one: initdb run",
            database="sqlite",
        )
