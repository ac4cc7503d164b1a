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
from initdb.errors.redact import url_text
from initdb.errors.translated import translated
from initdb.events.head import JournalSignal
from initdb.events.sessions import database_file

OLDEST_POSTGRESQL = (14,)

RACE = ("42P04", "23505", "55006")
"""SQLSTATEs of a CREATE DATABASE that another process won."""


_AWAY = frozenset({"unknown-database", "authentication-failed"})
"""What is final at first, and passes where it begins in the middle: a restore, a password that is changed."""


def refused(engine: Engine, error: BaseException, doing: str = "connect") -> InitError:
    """What went wrong on the way to the database or to its journal, with its advice."""
    return classify(error, doing=doing, database=engine.dialect.name, target=url_text(engine.url))


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[None]:
    """For the length of the block, the database of `engine` is read.

    Raises:
        InitError: what stands between this process and the database or its journal.
    """
    try:
        yield
    except JournalSignal as signal:
        raise _unreadable(engine, "its tables changed while they were read") from signal
    except (SQLAlchemyError, sqlite3.Error, engine.dialect.loaded_dbapi.Error, OSError) as error:
        if is_missing_table(error):
            raise _unreadable(engine, f"a table of it is not there: {type(error).__name__}") from error
        raise refused(engine, error) from error


def _unreadable(engine: Engine, why: str) -> InitError:
    return InitError("journal-unreadable", url_text(engine.url), why, database=engine.dialect.name)


def prepare(engine: Engine) -> None:
    """Make a missing database: a SQLite file (WAL, mode 0600), a PostgreSQL database where the role may.

    Raises InitError: what stands in the way, and "postgresql-too-old".
    """
    with translated(lambda error: refused(engine, error), InitError):
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
    """O_EXCL: only the one that makes it may open it other than through SQLite."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        reference, facts = why_not_opened(file) or ("connection-failed", (f"{file}: {error.strerror}",))
        raise InitError(reference, *facts, database="sqlite") from error
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
    """CREATE DATABASE through the maintenance database; losing the race to another process is as good."""
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
    """Whether waiting may help: the database is not there yet, starting, or out of connections.

    `served`: it has been there in this stay, so that what else keeps us out is an outage too.
    """
    return error.row.passing or (served and error.reference in _AWAY)


def check_there(engine: Engine, served: bool) -> None:
    """Raises InitError("unknown-database") where a SQLite file that was there in this stay is gone.

    To make a new one would be in the way of whoever puts a backup in its place.
    """
    file = database_file(engine)
    if served and file is not None and not file.exists():
        raise InitError("unknown-database", f"{file} was there, and is gone", database="sqlite")
