"""A standby that follows another server, made by pg_basebackup as administrators do it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from tests.support.postgres_server import SUPERUSER, PostgresServer
from tests.support.waiting import wait_until


class Standby(PostgresServer):
    """Follows `primary` until it is promoted; takes reads meanwhile."""

    def __init__(self, primary: PostgresServer, settings: Mapping[str, str] | None = None) -> None:
        """Copies the primary and starts to follow it."""
        self._primary = primary
        super().__init__(settings)

    def promote(self) -> None:
        """Makes it a primary of its own; returns when it takes writes."""
        self.admin_execute("SELECT pg_promote()")

    def caught_up(self, database: str) -> bool:
        """Whether it has replayed all that the primary wrote until this was asked."""
        (written,) = self._primary.admin_execute("SELECT pg_current_wal_lsn()")[0]
        asked = f"SELECT pg_last_wal_replay_lsn() >= '{written}'"
        return wait_until(lambda: self.admin_execute(asked, database=database) == [(True,)])

    def _make_cluster(self) -> None:
        self.log.touch()
        if self.account:
            for path in (self.folder, self.log):
                shutil.chown(path, self.account)
        where = f"host={self._primary.folder} port={self._primary.port} user={SUPERUSER}"
        self._make("pg_basebackup", "-D", str(self.data), "-d", where, "-R", "-c", "fast", "--no-sync")

    def _first_start(self) -> None:
        self.start()


__all__ = ["Standby"]
