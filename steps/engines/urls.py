"""Drivers of one database: initdb waits for its own, an application may await another."""

from __future__ import annotations

from importlib.util import find_spec

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

_SYNCHRONOUS = {
    "postgresql+asyncpg": "postgresql+psycopg2",
    "postgresql+psycopg_async": "postgresql+psycopg",
    "sqlite+aiosqlite": "sqlite",
}
_AWAITED = {
    "postgresql": (("asyncpg", "postgresql+asyncpg"), ("psycopg", "postgresql+psycopg")),
    "sqlite": (("aiosqlite", "sqlite+aiosqlite"),),
}
"""For each database the packages that can be awaited, the first one preferred."""

_TLS = {"asyncpg": "ssl", "psycopg2": "sslmode", "psycopg": "sslmode"}
"""Driver → what it calls libpq's sslmode in a URL."""


def synchronous(url: URL) -> URL:
    """The same database over a driver that blocks, where the URL names one that is awaited."""
    driver = _SYNCHRONOUS.get(url.drivername)
    return _over(url, driver) if driver else url


def for_env_py(url: URL, said: str | None, *, awaits: bool) -> URL:
    """Our URL over the driver that an env.py expects.

    That is the one which the URL of its ini, `said`, names for the same kind of database, since raw SQL may
    be written for it; without one, and where env.py `awaits` its engine, one that can be awaited.
    """
    named = _driver_of(said)
    if named and named.partition("+")[0] == url.get_backend_name():
        return _over(url, named)
    if awaits and url.drivername not in _SYNCHRONOUS:
        found = (driver for package, driver in _AWAITED[url.get_backend_name()] if find_spec(package))
        return _over(url, next(found, url.drivername))
    return url


def _driver_of(said: str | None) -> str | None:
    try:
        driver = make_url(said).drivername if said else ""
    except (ArgumentError, ValueError):
        return None
    return driver if "+" in driver else None


def _over(url: URL, driver: str) -> URL:
    """The URL with another driver, and what the driver before it called the mode of TLS by its own name."""
    before, after = (_TLS.get(name.partition("+")[2]) for name in (url.drivername, driver))
    query = {after if after and name == before else name: value for name, value in url.query.items()}
    return url.set(drivername=driver, query=query)
