"""Makes engines from URLs."""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, StaticPool

from initdb.errors import InitError
from initdb.errors.classify import classify
from initdb.errors.redact import url_text
from initdb.errors.translated import translated
from initdb.steps.engines.urls import synchronous

SUPPORTED = ("sqlite", "postgresql")

CONNECT_TIMEOUT = 10
"""How long a server may take to answer a new connection, in seconds, if nobody says. libpq has no limit."""

_ESCAPES = "It has two @, so that one may be of the password: there write @ as %40, / as %2F, : as %3A."


def parse_url(text: str) -> URL:
    """Read a URL. `postgres://` and a bare `postgresql://` mean psycopg2; an asynchronous driver is replaced.

    Args:
        text: The URL.

    Raises:
        InitError: `bad-url`, `unsupported-database`.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:  # ValueError: the port is no number
        raise InitError("bad-url", url_text(text)) from error
    if "@" in (url.host or "") or (url.password and "@" in (url.database or "")):
        raise InitError("bad-url", url_text(text), _ESCAPES)
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg2")
    if url.get_backend_name() not in SUPPORTED:
        raise InitError("unsupported-database", url_text(text))
    return synchronous(url)


def make_engine(text: str) -> Engine:
    """Make an engine that keeps no connection.

    Args:
        text: The URL.

    Raises:
        InitError: `bad-url`, `no-such-driver`, `unsupported-database`.
    """
    url = parse_url(text)
    kind = url.get_backend_name()
    memory = kind == "sqlite" and not url.database
    pool, patience = StaticPool if memory else NullPool, _patience(url)
    with translated(lambda error: classify(error, doing="connect", database=kind, target=url_text(text))):
        return create_engine(url, poolclass=pool, connect_args=patience)


def _patience(url: URL) -> dict[str, Any]:
    """libpq's connect_timeout, unless the URL, its service or the environment may set it."""
    said = {"connect_timeout", "service"} & url.query.keys() or "PGCONNECT_TIMEOUT" in os.environ
    return {} if said or url.get_backend_name() != "postgresql" else {"connect_timeout": CONNECT_TIMEOUT}
