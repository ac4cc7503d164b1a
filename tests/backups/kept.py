"""An application whose backups are kept in a folder."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from initdb.events.entry import Entry
from tests.support.toy import Toy

PG_DUMP = "pg_dump --format=custom --file={file}"
NAMES = "SELECT name FROM t2 ORDER BY id"


@dataclass
class Kept:
    """An application, and the folder of its backups."""

    toy: Toy
    folder: Path

    def files(self) -> list[Path]:
        """What is in the folder, the oldest first."""
        return sorted(self.folder.iterdir()) if self.folder.exists() else []

    def events(self, kind: str = "backup_made") -> list[Entry]:
        """The entries of a type."""
        return [entry for entry in self.toy.initializer().entries() if entry.type == kind]

    def names(self) -> list[str]:
        """The names in t2, which the fourth revision changes."""
        return [row[0] for row in self.toy.sql(NAMES)]

    def run(self) -> None:
        """Boot; it must become ready."""
        result = self.toy.initializer().initialize()
        assert result.success, result.errors


def names_in(backup: Path) -> list[str]:
    """The names in a backup: a SQLite file, or what pg_dump has written."""
    if backup.read_bytes()[:5] != b"PGDMP":
        return [row[0] for row in Toy(backup.parent, f"sqlite:///{backup}").sql(NAMES)]
    words = ["pg_restore", "--data-only", "--table=t2", "--file=-", str(backup)]
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    rows = text.partition("FROM stdin;\n")[2].partition("\\.")[0].splitlines()
    return [row.split("\t")[1] for row in sorted(rows, key=lambda row: int(row.split("\t")[0]))]
