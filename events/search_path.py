"""Keeps the search_path of a PostgreSQL session out of initdb's own statements.

Whoever may create objects in a schema of the path can define an operator or a function there that fits the
arguments better than the server's own. It would then run with the rights of the session.
Source: https://www.postgresql.org/docs/current/typeconv-func.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from initdb.errors.classify import is_connection_lost
from initdb.events.memory import memory
from initdb.events.statements import AnyConnection, database_errors, run
from initdb.events.undo import on_error

PINNED = "pg_catalog, pg_temp"
"""The path in the block. Without pg_temp at its end, a temporary table would hide one of the catalogue."""

PATH = "initdb_path"
"""Key of a connection's memory: in the block, the schemas of the session's own path."""

_PIN = f"""
SELECT pg_catalog.current_schemas(false)::pg_catalog.text[], pg_catalog.current_setting('search_path'),
    pg_catalog.current_setting('row_security'), pg_catalog.set_config('search_path', '{PINNED}', true),
    pg_catalog.set_config('row_security', 'off', true)
"""
_UNPIN = """
SELECT pg_catalog.set_config('search_path', :path, true), pg_catalog.set_config('row_security', :rows, true)
"""


@contextlib.contextmanager
def pinned(connection: AnyConnection) -> Iterator[tuple[str, ...]]:
    """For the length of a block, look names up in the server's own schema, and let no policy filter rows.

    A policy would run as the session's role. With row_security = off it is an error instead. The block can
    stand in another one. It ends with the transaction at the latest.

    Args:
        connection: In a transaction.

    Yields:
        The schemas of the session's own path that exist, in order. The first is where a table would be made.
    """
    known = memory(connection)
    if PATH in known:
        yield known[PATH]
        return
    path, before, rows = run(connection, _PIN)[0][:3]
    known[PATH] = tuple(path)

    def unpin() -> None:
        # If the transaction has ended in the block, the settings have ended with it.
        if known.pop(PATH, None) is not None:
            run(connection, _UNPIN, {"path": before, "rows": rows})

    with restoring(connection, unpin):
        yield known[PATH]


@contextlib.contextmanager
def restoring(connection: AnyConnection, restore: Callable[[], object]) -> Iterator[None]:
    """Restore settings of the open transaction at the end of a block.

    After an error the server refuses that; whoever rolls back has the old settings. That the connection is
    lost is raised if the block has raised nothing: else the next statement would fail without that reason.

    Args:
        connection: In a transaction.
        restore: Sends the statement.
    """

    def try_to() -> None:
        with contextlib.suppress(*database_errors(connection)):
            restore()

    with on_error(try_to):
        yield
    try:
        restore()
    except database_errors(connection) as error:
        if is_connection_lost(error):
            raise


def forget_path(connection: AnyConnection) -> None:
    """Say that the transaction ends, and the block's settings with it.

    Args:
        connection: The connection whose transaction is committed or rolled back.
    """
    memory(connection).pop(PATH, None)
