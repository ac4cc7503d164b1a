"""A small application with an env.py of a given form, and the result of plain Alembic for comparison."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine

from initdb.events.entry import Entry
from initdb.settings import load_settings
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.site import Watcher
from tests.support.states import database_state
from tests.support.toy import Toy

HEAD = """
from alembic import context
from sqlalchemy import create_engine, event, pool, text

config = context.config
url = config.get_main_option("sqlalchemy.url")
"""


@dataclass
class Project(Toy):
    """A Toy whose schema comes from its revisions; `provider` or `given` stand for the folder where set."""

    provider: Callable[[Callable[[Config], None]], None] | None = None
    given: Any = None

    def env(self, source: str) -> Project:
        """Write env.py: HEAD (context, config, url, create_engine, event, pool, text) and then `source`."""
        (self.migrations / "env.py").write_text(HEAD + textwrap.dedent(source))
        return self

    def initializer(self, watch: Callable[[Entry], None] | None = None, **options: Any) -> Initializer:
        """A process of this application, without models."""
        options = {"database_url": self.url, "schema_from": "migrations", **self.options, **options}
        return Initializer(
            migrations=self.provider or self.given or self.migrations,
            name="toy",
            settings=load_settings(folder=self.folder, environ={}, options=options),
            watcher=Watcher(entry=watch) if watch else None,
        )

    def config(self, url: str | None = None) -> Config:
        """The Config that plain Alembic would use, on `url`."""
        config = Config()
        config.set_main_option("script_location", str(self.migrations))
        config.set_main_option("sqlalchemy.url", (url or self.url).replace("%", "%%"))
        return config

    def failure(self) -> str:
        """The rendered error of a call that must fail."""
        result = self.initializer().initialize()
        assert not result.success, "it did not fail"
        return result.errors[0]

    def events(self, kind: str) -> list[Entry]:
        """The journal's events of one type."""
        return [entry for entry in self.initializer().entries() if entry.type == kind]

    def applied(self) -> list[str]:
        """The revisions whose events the journal has, in order."""
        return [str(entry.data["revision"]) for entry in self.events("migration_applied")]


def project(folder: Path, url: str, revisions: int = 2) -> Project:
    """An application of `revisions` revisions, a table and a row each."""
    made = Project(folder, url, tables=revisions)
    made.with_revisions()
    return made


def state(url: str) -> dict[str, Any]:
    """The picture of a database without the journal."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        return database_state(engine, journal=False)
    finally:
        engine.dispose()


def brought_to_ready(made: Project, plain_url: str) -> None:
    """It becomes ready, one event a revision, and equals what plain Alembic makes in another database."""
    result = made.initializer().initialize()
    assert result.success, result.errors
    command.upgrade(made.config(plain_url), "heads")
    assert state(made.url) == state(plain_url)
    before = made.types()
    again = made.initializer().initialize()
    assert (again.success, made.types()) == (True, before), again.errors
