"""Where a life takes place: a folder, a database, and a copy of it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.support.postgres_server import PostgresServer


@dataclass(frozen=True)
class Place:
    """A folder for the code and a database of its own."""

    root: Path
    url: str

    def copy(self) -> None:
        """Back the database up; an older copy is gone."""
        raise NotImplementedError

    def put_back(self) -> None:
        """Restore the copy."""
        raise NotImplementedError

    def leave(self) -> None:
        """Remove everything."""
        raise NotImplementedError


class FilePlace(Place):
    """A SQLite file."""

    @property
    def _file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def copy(self) -> None:
        with (
            closing(sqlite3.connect(self._file)) as here,
            closing(sqlite3.connect(self.root / "copy.db")) as there,
        ):
            here.backup(there)

    def put_back(self) -> None:
        for suffix in ("-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        shutil.copy(self.root / "copy.db", self._file)

    def leave(self) -> None:
        shutil.rmtree(self.root)


@dataclass(frozen=True)
class ServerPlace(Place):
    """A database of a server."""

    server: PostgresServer
    name: str

    def copy(self) -> None:
        self.server.admin_execute(f"DROP DATABASE IF EXISTS {self.name}_copy")
        self._make(f"{self.name}_copy", self.name)

    def put_back(self) -> None:
        self.server.admin_execute(f"DROP DATABASE {self.name} WITH (FORCE)")
        self._make(self.name, f"{self.name}_copy")

    def leave(self) -> None:
        for name in (self.name, f"{self.name}_copy"):
            self.server.admin_execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _make(self, name: str, template: str) -> None:
        self.server.admin_execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
