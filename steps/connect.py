"""connect: create a missing database if that is allowed, and name what keeps a process from a database."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from initdb.errors import InitError
from initdb.errors.classify import classify, is_missing_table
from initdb.errors.driver import driver_error
from initdb.errors.files import why_not_opened
from initdb.errors.known_names import of_file
from initdb.errors.redact import url_text
from initdb.errors.translated import translated
from initdb.events.head import JournalSignal
from initdb.events.sessions import database_file

OLDEST_POSTGRESQL = (14,)

RACE = ("42P04", "23505", "55006")
"""SQLSTATEs of a CREATE DATABASE that another process won."""


_UNANSWERED = frozenset(
    {"connection-failed", "connection-refused", "connection-timeout", "host-not-found", "host-unreachable"}
)
"""Errors of an address at which no database answers. It may be a wrong one."""

_AWAY = frozenset({"unknown-database", "authentication-failed"})
"""Errors that are final at first, but pass once the database has been there: a restore, for example."""


def refused(engine: Engine, error: BaseException, doing: str = "connect") -> InitError:
    """Translate an error of the connection or of the journal into an InitError with advice.

    Args:
        engine: The engine of the database.
        error: What was raised.
        doing: What failed; see `initdb.errors.classify.classify`.
    """
    return classify(error, doing=doing, database=engine.dialect.name, target=url_text(engine.url))


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
    """Create the database if it is missing: a SQLite file (WAL, mode 0600), or a PostgreSQL database.

    Args:
        engine: The engine of the database.

    Raises:
        InitError: What keeps this process from the database; `postgresql-too-old`.
    """
    with translated(lambda error: refused(engine, error)):
        _prepare(engine)


def _prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        file = database_file(engine)
        if file is not None and not file.exists():
            _make_file(file)
        return
    try:
        _check_server(engine)
    except (SQLAlchemyError, OSError) as error:
        if refused(engine, error).reference != "unknown-database":
            raise
        _make_database(engine)


def _make_file(file: Path) -> None:
    """Create the file with O_EXCL: only the process that creates it may open it without SQLite."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        if (found := why_not_opened(file)) is None:
            raise classify(error, doing="connect", database="sqlite", target=str(file)) from error
        raise InitError(found[0], *found[1], database="sqlite", names=of_file(found[2])) from error
    with (
        contextlib.closing(sqlite3.connect(file)) as connection,
        contextlib.suppress(sqlite3.OperationalError),
    ):
        connection.execute("PRAGMA journal_mode = WAL")


def _check_server(engine: Engine) -> None:
    with engine.connect() as connection:
        version = connection.dialect.server_version_info or OLDEST_POSTGRESQL
        connection.detach()
    if version < OLDEST_POSTGRESQL:
        raise InitError("postgresql-too-old", ".".join(map(str, version)), database="postgresql")


def _make_database(engine: Engine) -> None:
    """CREATE DATABASE through the maintenance database. It may fail because another process was first."""
    name = engine.url.database or ""
    elsewhere = create_engine(
        engine.url.set(database="postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with elsewhere.connect() as connection:
        quoted = connection.dialect.identifier_preparer.quote_identifier(name)
        try:
            connection.execute(text(f"CREATE DATABASE {quoted}"))
        except DBAPIError as error:
            found = driver_error(error)
            if found is None or found.sqlstate not in RACE:
                raise


def passing(error: InitError, served: bool = False) -> bool:
    """Whether waiting may help: the database is missing, starts, or has no free connections.

    Args:
        error: What keeps this process from the database.
        served: Whether the database was there before in this stay. Then it counts as an outage if the
            database is gone or refuses the password.
    """
    return error.row.passing or (served and error.reference in _AWAY)


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
        raise InitError("unknown-database", f"{file} was there, and is gone", database="sqlite")
