"""One session that makes and drops databases, instead of one each time."""

from __future__ import annotations

import time
from typing import Any

import psycopg2

from tests.support.postgres_server import START_LIMIT, SUPERUSER, PostgresServer

_RESTARTING = frozenset({None, "57P01", "57P02", "57P03"})
"""SQLSTATEs of a server that goes or comes; psycopg2 has none where there was no answer."""


class Admin:
    """A superuser's session in the database `postgres`, made when it is needed. A child never touches it."""

    def __init__(self, server: PostgresServer) -> None:
        self._server, self._connection = server, None

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Its rows. A server that was stopped, or restarts by itself, is waited for."""
        give_up = time.monotonic() + START_LIMIT
        while True:
            try:
                return self._run(sql)
            except psycopg2.Error as error:
                if error.pgcode not in _RESTARTING or time.monotonic() > give_up:
                    raise
                self.close()
                time.sleep(0.01)

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            where = {"host": str(self._server.folder), "port": self._server.port, "user": SUPERUSER}
            self._connection = psycopg2.connect(dbname=SUPERUSER, **where)
            self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
