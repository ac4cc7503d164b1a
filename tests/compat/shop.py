"""The application whose journals 0.1.0 wrote, in a folder and on a database of its own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine

from initdb.events.entry import Entry
from initdb.settings import load_settings
from initdb.statemachine.initializer import Initializer

APPLICATION = Path(__file__).parent / "application"
ROWS = {"shops": 4, "goods": 3, "labels": 1}
"""Table → how many rows it has once revisions and seeds were applied once."""

_SETTINGS = """\
application = "shop"
database_url = {url}
metadata = "shop_models:metadata"
migrations = "revisions"
{settings}
seeds = "seeds"
wait_limit = 30
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """The application in `folder`, on the database of `url`."""

    folder: Path
    url: str
    variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        folder: Path,
        url: str,
        settings: str = 'schema_from = "migrations"',
        variables: Mapping[str, str] | None = None,
    ) -> Shop:
        """Its files, copied to `folder`, with `settings` in its initdb.toml; `variables` of its processes."""
        shutil.copytree(APPLICATION, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "initdb.toml").write_text(_SETTINGS.format(url=json.dumps(url), settings=settings))
        return cls(folder, url, variables or {})

    @property
    def database(self) -> str:
        """sqlite or postgresql."""
        return self.url.partition(":")[0].partition("+")[0]

    @property
    def environ(self) -> dict[str, str]:
        """Of its processes."""
        state = {"HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state")}
        return {"PATH": os.environ["PATH"], "NO_COLOR": "1", **state, **self.variables}

    def engine(self) -> Engine:
        """Keeps no connection."""
        return create_engine(self.url, poolclass=NullPool)

    def initializer(self) -> Initializer:
        """This code's, in this process; only to look."""
        settings = load_settings(folder=self.folder, environ={})
        return Initializer(self.engine(), migrations=self.folder / "revisions", settings=settings)

    def entries(self) -> list[Entry]:
        """Its journal, as this code reads it."""
        return list(self.initializer().entries())

    def sql(self, *statements: str) -> list[Sequence[Any]]:
        """Run statements as a person would, and give the last one's rows."""
        rows: list[Sequence[Any]] = []
        with self.engine().begin() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in result] if result.returns_rows else []
        return rows

    def rows(self) -> dict[str, int]:
        """Table → number of rows. It shows whether a seed or a revision was applied twice."""
        assert self.sql("SELECT price FROM goods WHERE price <> 3") == []
        return {table: self.sql(f"SELECT count(*) FROM {table}")[0][0] for table in ROWS}
