"""Looks at the other databases of a PostgreSQL server, and creates the one that is missing there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from initdb.errors.driver import driver_error
from initdb.events.statements import database_errors

BESIDE = ("postgres", "template1")
"""The databases through which one can work that has no database yet, the preferred one first."""

_THERE = frozenset({"42P04", "23505"})
"""SQLSTATEs of CREATE DATABASE if another session has created the database meanwhile."""

_TEMPLATE_IN_USE = "55006"

Made = Literal["created", "there", "later"]
"""This process created it; another one did; or it has to be tried again, since the template is in use."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a server says about a database that it does not have.

    Attributes:
        names: Its databases to which the role may connect, without templates, sorted.
        role: The role.
        may_create: Whether the role may create databases.
    """

    names: tuple[str, ...]
    role: str
    may_create: bool


def place(url: URL) -> str:
    """Name a database and its server, for people.

    Args:
        url: The URL of the database.

    Example:
        >>> from sqlalchemy import make_url
        >>> place(make_url("postgresql://app:hunter2@db.example.org:5433/shop"))
        'shop on db.example.org:5433'
    """
    host = url.host or url.query.get("host") or "this machine"
    named = ",".join((host,) if isinstance(host, str) else host)
    return f"{url.database or url.username} on {named}" + (f":{url.port}" if url.port else "")


def look_around(engine: Engine) -> Around:
    """Read the names of the server's databases, and what the role may do.

    Args:
        engine: The engine of the missing database.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: The server does not let this role in.
    """
    with _beside(engine) as connection:
        names = connection.scalars(
            text(
                "SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate"
                " AND pg_catalog.has_database_privilege(oid, 'CONNECT') ORDER BY datname"
            )
        ).all()
        role, may_create = connection.execute(
            text(
                "SELECT rolname, rolcreatedb OR rolsuper FROM pg_catalog.pg_roles"
                " WHERE rolname = current_user"
            )
        ).one()
    return Around(tuple(map(str, names)), str(role), bool(may_create))


def create(engine: Engine) -> Made:
    """Send CREATE DATABASE. Of several processes that do so at once, one creates it.

    Args:
        engine: The engine of the missing database.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: It could not be created.
    """
    with _beside(engine) as connection:
        name = (engine.url.database or "").replace('"', '""')
        try:
            # Below SQLAlchemy, for which a colon or a percent sign in the name would be a parameter.
            connection.connection.cursor().execute(f'CREATE DATABASE "{name}"')
        except database_errors(connection) as error:
            found = driver_error(error)
            state = found.sqlstate if found else None
            if state in _THERE:
                return "there"
            if state == _TEMPLATE_IN_USE:
                return "later"
            raise
    return "created"


@contextlib.contextmanager
def _beside(engine: Engine) -> Iterator[Connection]:
    """Connect to another database of the server, in autocommit."""
    connection = _first_of(engine, BESIDE)
    with contextlib.closing(connection):
        yield connection


def _first_of(engine: Engine, names: tuple[str, ...]) -> Connection:
    name, *rest = names
    url = engine.url.set(database=name)
    try:
        return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect()
    except DBAPIError:
        if not rest:
            raise
        return _first_of(engine, tuple(rest))
