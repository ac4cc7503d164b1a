"""Where a run takes place: the engine, the application's parts, the settings, the clock, who is told."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.events.clock import Clock
from initdb.events.entry import Entry
from initdb.events.sessions import database_file
from initdb.events.spool import Spool
from initdb.settings import Settings
from initdb.steps.context import Application, Progress


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a process that waits knows of the one that works (or of the database that is not there)."""

    why: str
    since: str | None = None


DEFAULT_OWNER = "application"
"""Whose journal it is where the setting `application` is not given."""


def _ignore(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Watcher:
    """Called as things happen; what it raises is dropped by the loop."""

    entry: Callable[[Entry], None] = _ignore
    progress: Callable[[Progress], None] = _ignore
    waiting: Callable[[Waiting], None] = _ignore


@dataclass(slots=True)
class Site:
    """One application on one database, in this process. `newest`: the newest head that this process saw."""

    engine: Engine
    application: Application
    settings: Settings
    code: Mapping[str, str]
    clock: Clock = field(default_factory=Clock)
    watcher: Watcher = field(default_factory=Watcher)
    newest: tuple[str | None, int, str] | None = None

    @property
    def name(self) -> str:
        """What this application is called, for people: the setting, a given name, or its folder's; and, of
        several databases, which one it is."""
        name = self.settings.application or self.application.name or DEFAULT_OWNER
        return f"{name}/{self.settings.database}" if self.settings.database else name

    @property
    def owner(self) -> str:
        """Whose journal it is: the setting alone.

        A name taken from a folder or a module differs between a shell and a server of the same application.
        """
        return self.settings.application or DEFAULT_OWNER

    @property
    def spool(self) -> Spool:
        """Where notes wait while there is no database."""
        return Spool.beside(url_text(self.engine.url), self.settings.application or "")

    def by(self) -> dict[str, Any]:
        """Who writes: host, process, application, version of initdb."""
        from initdb import __version__

        return {"host": socket.gethostname(), "pid": os.getpid(), "app": self.name, "initdb": __version__}

    def ask_env_py(self) -> None:
        """Learn which revisions there are, where env.py chooses their folders; nothing, where it fails.

        A SQLite file that does not exist is not made for it.
        """
        file = database_file(self.engine)
        if self.application.env_chooses and (file is None or file.exists()):
            from initdb.steps.alembic_driver.ask import chosen

            with contextlib.suppress(InitError):
                self.application = chosen(self.application, self.engine)
