"""Helpers that catch a real failure of a real database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import NullPool, create_engine, text

from initdb.errors import InitError
from initdb.errors.classify import classify


def caught(function: Callable[[], object]) -> BaseException:
    """What `function` raises."""
    try:
        function()
    except BaseException as exc:
        return exc
    raise AssertionError("nothing was raised")


def failure(
    url: str, *statements: str, parameters: Mapping[str, Any] | None = None, **connect: Any
) -> BaseException:
    """What SQLAlchemy raises when the statements are executed in one transaction at `url`."""

    def run() -> None:
        engine = create_engine(url, poolclass=NullPool, connect_args=connect)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), parameters or {})

    return caught(run)


def told(url: str, *statements: str, doing: str = "connect", **connect: Any) -> InitError:
    """The same failure, classified."""
    database = "sqlite" if url.startswith("sqlite") else "postgresql"
    return classify(failure(url, *statements, **connect), doing=doing, database=database, target=url)
