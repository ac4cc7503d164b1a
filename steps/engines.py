"""Engines that initdb makes itself, from a URL that it was given."""

from __future__ import annotations

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.pool import NullPool, StaticPool

from initdb.errors import InitError
from initdb.errors.classify import classify
from initdb.errors.redact import url_text
from initdb.steps.drivers import synchronous

SUPPORTED = ("sqlite", "postgresql")


def parse_url(text: str) -> URL:
    """The URL, over a driver that blocks; `postgres://` and a bare `postgresql://` mean psycopg2 here.

    Raises InitError("bad-url"), ("unsupported-database").
    """
    try:
        url = make_url(text)
    except Exception as error:
        raise InitError("bad-url", url_text(text)) from error
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg2")
    if url.get_backend_name() not in SUPPORTED:
        raise InitError("unsupported-database", url_text(text))
    return synchronous(url)


def make_engine(text: str) -> Engine:
    """An engine that keeps no connection. Raises InitError("bad-url"), ("no-such-driver"),
    ("unsupported-database")."""
    url = parse_url(text)
    memory = url.get_backend_name() == "sqlite" and not url.database
    try:
        return create_engine(url, poolclass=StaticPool if memory else NullPool)
    except Exception as error:
        raise classify(
            error, doing="connect", database=url.get_backend_name(), target=url_text(text)
        ) from error
