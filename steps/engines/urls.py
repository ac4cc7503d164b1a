"""Replaces the driver in a URL: initdb needs a synchronous one, an application may await another."""

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
"""For each database the asynchronous drivers, the preferred one first."""

_TLS = {"asyncpg": "ssl", "psycopg2": "sslmode", "psycopg": "sslmode"}
"""Driver → its name for libpq's sslmode in a URL."""


def synchronous(url: URL) -> URL:
    """The same database with a synchronous driver, if the URL names an asynchronous one."""
    driver = _SYNCHRONOUS.get(url.drivername)
    return _over(url, driver) if driver else url


def for_env_py(url: URL, said: str | None, *, awaits: bool) -> URL:
    """The URL with the driver that an env.py expects.

    That is the driver in the URL of its ini file, if that is for the same kind of database, because raw SQL
    may be written for it. Otherwise it is an asynchronous one, if env.py awaits its engine.

    Args:
        url: initdb's own URL.
        said: The URL of the ini file, if it has one.
        awaits: Whether env.py awaits its engine.
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
    """The URL with another driver. The option for the mode of TLS gets that driver's name for it."""
    before, after = (_TLS.get(name.partition("+")[2]) for name in (url.drivername, driver))
    query = {after if after and name == before else name: value for name, value in url.query.items()}
    return url.set(drivername=driver, query=query)
