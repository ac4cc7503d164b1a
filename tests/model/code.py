"""Versions of one application, as a team deploys them one after the other or side by side."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, Text

from initdb.events.entry import Entry
from initdb.settings import load_settings
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.site import Watcher
from initdb.steps.context import Progress
from initdb.steps.seeds.functions import seed
from tests.support.toy import ENV, REVISION

LOG = "CREATE TABLE IF NOT EXISTS log (what TEXT NOT NULL)"


@dataclass(frozen=True)
class Code:
    """`revisions` of them, one table and one line in the log each; the last may be broken, one edited.

    `rows`: of the seed file. `filled`: version of the seeding function, which writes a line into the log.
    """

    revisions: int = 2
    broken: bool = False
    edited: int = 0
    rows: int = 2
    filled: int = 1

    @property
    def names(self) -> list[str]:
        """Its revisions, oldest first."""
        return [f"r{number}" for number in range(1, self.revisions + 1)]

    def write(self, root: Path) -> Path:
        """Its folder, written where it is not there yet."""
        folder = root / f"{self.revisions}{self.broken:d}{self.edited}{self.rows}{self.filled}"
        if folder.exists():
            return folder
        versions = folder / "alembic" / "versions"
        versions.mkdir(parents=True)
        (folder / "alembic" / "env.py").write_text(ENV.format(options=""))
        for number in range(1, self.revisions + 1):
            (versions / f"{number:03d}.py").write_text(self._revision(number))
        (folder / "seeds").mkdir()
        lines = ["id,name", *(f"{100 + row},seed {row}" for row in range(self.rows))]
        (folder / "seeds" / "10_t1.csv").write_text("\n".join(lines) + "\n")
        return folder

    def _revision(self, number: int) -> str:
        up = [
            f'op.execute("{LOG}")',
            f'op.create_table("t{number}", sa.Column("id", sa.Integer, primary_key=True),'
            ' sa.Column("name", sa.String(40), unique=True))',
            f"op.execute(\"INSERT INTO log VALUES ('up r{number}')\")",
        ]
        if self.broken and number == self.revisions:
            up.append("1 / 0")
        down = [f'op.drop_table("t{number}")', f"op.execute(\"INSERT INTO log VALUES ('down r{number}')\")"]
        return REVISION.format(
            doc="edited" if number == self.edited else "",
            name=f"r{number}",
            down=f"r{number - 1}" if number > 1 else None,
            up="\n".join(f"    {line}" for line in up),
            down_body="\n".join(f"    {line}" for line in down),
        )

    def digest(self, root: Path, name: str) -> str:
        """The hash of the file of revision `name`."""
        file = self.write(root) / "alembic" / "versions" / f"{int(name[1:]):03d}.py"
        return hashlib.sha256(file.read_bytes()).hexdigest()

    def metadata(self) -> MetaData:
        """Its models."""
        metadata = MetaData()
        Table("log", metadata, Column("what", Text, nullable=False))
        for number in range(1, self.revisions + 1):
            Table(
                f"t{number}",
                metadata,
                Column("id", Integer, primary_key=True),
                Column("name", String(40), unique=True),
            )
        return metadata

    def initializer(
        self,
        root: Path,
        url: str,
        schema_from: str,
        *,
        entry: Callable[[Entry], None] | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Initializer:
        """A process of it; `entry` and `progress` are called as things happen."""
        folder = self.write(root)
        settings = load_settings(
            folder=folder,
            environ={},
            options={"database_url": url, "schema_from": schema_from, "wait_limit": 20},
        )
        heard = {name: tell for name, tell in (("entry", entry), ("progress", progress)) if tell}
        watcher = Watcher(**heard)
        return Initializer(
            metadata=self.metadata(),
            migrations=folder / "alembic",
            seeds=[folder / "seeds" / "10_t1.csv", FILLERS[self.filled]],
            name="modelled",
            settings=settings,
            watcher=watcher,
        )


def _filler(version: int) -> Callable[[Any], int]:
    """A function without a file, so that its code is what it is known by."""
    found: dict[str, Any] = {}
    source = (
        "def fill(connection):\n"
        f"    connection.exec_driver_sql(\"INSERT INTO log VALUES ('filled {version}')\")\n"
        "    return 1\n"
    )
    exec(compile(source, f"<version {version}>", "exec"), found)
    return seed(name="filled")(found["fill"])


FILLERS = {version: _filler(version) for version in (1, 2)}
