"""Where a scenario takes place: a folder of the application, a database that can be put back to the start."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, NullPool, create_engine

from initdb.events.side_file import SIDE_SUFFIX
from initdb.statemachine.loop.holder import is_locked
from tests.crash import acknowledged
from tests.crash.children import call
from tests.crash.scenario import SQLITE_JOURNAL, App, Scenario
from tests.support.admin import Admin
from tests.support.postgres_server import PostgresServer
from tests.support.waiting import wait_until

QUIET = 10.0
"""How long, in s, the backends of a process that is gone may live."""

_STATE = "state"

Files = dict[str, bytes]
"""Name → content of the files that make up a SQLite database."""


def name_of(files: Files) -> str:
    """The digest of a database's files."""
    summed = hashlib.blake2b(digest_size=12)
    for name, content in sorted(files.items()):
        summed.update(f"{name} {len(content)} ".encode() + content)
    return summed.hexdigest()


class Place(Protocol):
    """A scenario on one database, ready to be run again and again from the same beginning."""

    scenario: Scenario
    database: str
    folder: Path
    url: str
    app: App

    def reset(self) -> None:
        """The database as it is when the run begins."""

    def engine(self) -> Engine:
        """To look with; keeps no connection."""

    def leftovers(self) -> list[str]:
        """What a process that is gone still holds: locks, sessions."""

    def kept_locks(self) -> list[str]:
        """Locks that a run has left behind, asked by its own process once the run has ended."""

    def close(self) -> None:
        """Remove it."""


def make_place(scenario: Scenario, database: str, folder: Path, server: PostgresServer | None) -> Place:
    """The place, prepared in a child of its own so that nothing of it stays in this process."""
    folder.mkdir(parents=True)
    forget_runs(folder)
    if database == "postgresql":
        assert server is not None
        return PostgresPlace(scenario, database, folder, server)
    return SqlitePlace(scenario, database, folder)


def forget_runs(folder: Path) -> None:
    """What processes have left beside the database: outages that wait to be told, and what was committed."""
    os.environ["XDG_STATE_HOME"] = str(folder / _STATE)
    shutil.rmtree(folder / _STATE, ignore_errors=True)
    acknowledged.forget(folder)


def _prepare(place: Place) -> None:
    def work() -> None:
        place.scenario.prepare(place.app)

    call(work)


class SqlitePlace:
    """Files in `folder`/db. They are read and written only while no connection to them is open here."""

    def __init__(self, scenario: Scenario, database: str, folder: Path) -> None:
        self.scenario, self.database, self.folder = scenario, database, folder
        self.files = folder / "db"
        self.files.mkdir()
        self.path = self.files / "test.db"
        self.url = f"sqlite:///{self.path}"
        self.app = scenario.make(folder, self.url)
        if database == SQLITE_JOURNAL:
            # A file that is there already keeps its journal mode; this one has its header and no table.
            with closing(sqlite3.connect(self.path)) as connection:
                connection.execute("PRAGMA user_version = 1")
        _prepare(self)
        self.app = scenario.make(folder, self.url)
        self._start = self.read()

    def reset(self) -> None:
        forget_runs(self.folder)
        self.write(self._start)

    def read(self) -> Files:
        """The files as they are. The shared memory of the WAL is no part of what a crash leaves."""
        return {
            file.name: file.read_bytes()
            for file in sorted(self.files.iterdir())
            if not file.name.endswith("-shm")
        }

    def write(self, files: Files) -> None:
        """Put files in the place of those that are there."""
        for file in self.files.iterdir():
            file.unlink()
        for name, content in files.items():
            (self.files / name).write_bytes(content)

    def engine(self) -> Engine:
        return create_engine(self.url, poolclass=NullPool)

    def leftovers(self) -> list[str]:
        side = self.files / f"{self.path.name}{SIDE_SUFFIX}"
        return [f"stuck: {side.name} is locked"] if side.exists() and is_locked(side) else []

    def kept_locks(self) -> list[str]:
        return self.leftovers()

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgresPlace:
    """A database made anew from a template that holds the start; in `tablespace`, where it has a name."""

    def __init__(self, scenario: Scenario, database: str, folder: Path, server: PostgresServer) -> None:
        self.scenario, self.database, self.folder, self.server = scenario, database, folder, server
        self.name = f"crash_{scenario.name.replace('-', '_')}"
        self._template = f"{self.name}_start"
        self.url = server.url(self.name)
        self.app = scenario.make(folder, self.url)
        self.tablespace = ""
        self._admin = Admin(server)
        self._make("template0", self.name)
        _prepare(self)
        self.app = scenario.make(folder, self.url)
        self.leftovers()
        self._make(self.name, self._template)

    def reset(self) -> None:
        forget_runs(self.folder)
        self._make(self._template, self.name)

    def _make(self, source: str, name: str) -> None:
        self._admin.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        where = f" TABLESPACE {self.tablespace}" if self.tablespace and name == self.name else ""
        self._admin.run(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy{where}")

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """One statement on the server, as its superuser, in no transaction; its rows."""
        return self._admin.run(sql)

    def engine(self) -> Engine:
        return create_engine(self.url, poolclass=NullPool)

    def sessions(self) -> list[str]:
        """The sessions in this database: process id, state, statement."""
        rows = self._admin.run(
            f"SELECT pid, state, left(query, 80) FROM pg_stat_activity WHERE datname = '{self.name}'"
            " AND backend_type = 'client backend'"
        )
        return [f"backend {row[0]} {row[1]}: {row[2]}" for row in rows]

    def held(self) -> list[str]:
        """What sessions hold that a pooler keeps: advisory locks, open transactions; once nobody works."""
        wait_until(lambda: not self._held(), limit=QUIET, pause=0.002)
        return self._held()

    def _held(self) -> list[str]:
        open_ones = [f"stuck: {one}" for one in self.sessions() if " idle in transaction" in one]
        locks = self.server.advisory_locks(self.name)
        return [
            *(f"stuck: backend {pid} {state} has an advisory lock" for pid, _, state in locks),
            *open_ones,
        ]

    def leftovers(self) -> list[str]:
        wait_until(lambda: not self.sessions(), limit=QUIET, pause=0.002)
        return [f"stuck: {session}" for session in self.sessions()]

    def kept_locks(self) -> list[str]:
        """A backend whose client is cut off may need a moment to see it."""
        admin = Admin(self.server)
        asked = (
            "SELECT l.pid, l.mode FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            f" WHERE l.locktype = 'advisory' AND l.granted AND d.datname = '{self.name}'"
        )
        try:
            wait_until(lambda: not admin.run(asked), limit=QUIET, pause=0.002)
            return [
                f"stuck: backend {pid} has kept an advisory lock ({how})" for pid, how in admin.run(asked)
            ]
        finally:
            admin.close()

    def close(self) -> None:
        for name in (self.name, self._template):
            self._admin.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._admin.close()
        shutil.rmtree(self.folder, ignore_errors=True)
