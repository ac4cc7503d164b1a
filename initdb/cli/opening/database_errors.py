"""Looking at a database from a command, with the driver's errors told as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from initdb.errors import InitError
from initdb.errors.classify import is_missing_table
from initdb.errors.driver import driver_error
from initdb.errors.redact import url_text
from initdb.events.head import JournalSignal
from initdb.steps import connect


@contextmanager
def connecting(engine: Engine) -> Iterator[None]:
    """Raises InitError for what stands between this process and the database or its journal."""
    try:
        yield
    except JournalSignal as signal:
        raise unreadable(engine, "its tables changed while they were read") from signal
    except Exception as error:
        if isinstance(error, (SQLAlchemyError, OSError)) or driver_error(error) is not None:
            if is_missing_table(error):
                raise unreadable(engine, f"a table of it is not there: {error.__class__.__name__}") from error
            raise connect.refused(engine, error) from error
        raise


def unreadable(engine: Engine, why: str) -> InitError:
    """The journal cannot be read."""
    return InitError("journal-unreadable", url_text(engine.url), why, database=engine.dialect.name)
