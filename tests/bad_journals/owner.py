"""What the owner of a database can do to it, with SQL and with programs."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import Result
from sqlalchemy import make_url, text

from initdb.errors import CATALOGUE
from initdb.errors.fields import fill
from initdb.errors.known_names import of_database
from initdb.errors.rows import Topic
from initdb.events import chain
from initdb.events.canonical import encode
from initdb.events.views import VIEWS
from tests.cli.console import Console
from tests.support.guards import unchecked
from tests.support.states import database_state
from tests.support.toy import Toy

TABLES = ("init_journal", "init_journal_head", "init_journal_version")


@dataclass
class Owner:
    """The owner of `toy`'s database. `programs`: the folder of PostgreSQL's programs, None on SQLite."""

    toy: Toy
    console: Console
    programs: Path | None

    @property
    def database(self) -> str:
        return "postgresql" if self.programs else "sqlite"

    @property
    def file(self) -> Path:
        """The file of a SQLite database."""
        return Path(make_url(self.toy.url).database or "")

    def sql(self, *statements: str) -> list[Any]:
        """As the owner, with every guard in force."""
        return self.toy.sql(*statements)

    def tamper(self, *statements: str) -> None:
        """As the owner, past the triggers, which are back afterwards."""
        if self.programs:
            self.sql("SET session_replication_role = replica", *statements)
            return
        found = self.triggers()
        self.sql(*(f"DROP TRIGGER {name}" for name in found), *statements, *found.values())

    def triggers(self) -> dict[str, str]:
        """Name → the statement that makes it (SQLite), or the table that it is on (PostgreSQL)."""
        if self.programs:
            query = "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
        else:
            query = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        return dict(self.sql(query))

    def append(self, **event: Any) -> None:
        """An entry that another initdb wrote: well chained, whatever it says."""
        append_entry(self.toy, **event)

    def picture(self) -> dict[str, Any]:
        """Everything in the database."""
        engine = self.toy.engine()
        try:
            return database_state(engine)
        finally:
            engine.dispose()

    def run(self) -> Result:
        """A boot, as a person starts it, that does not wait."""
        return self.console("run", "--wait-limit", "3")

    def backup(self) -> str:
        """The journal's three tables in one script, as the database's own program writes it."""
        if self.programs:
            return self.program("pg_dump", *(f"--table={table}" for table in TABLES), self.toy.url)
        names = ", ".join(f"'{table}'" for table in TABLES)
        with closing(sqlite3.connect(self.file)) as connection:
            made = connection.execute(
                f"SELECT type, name, sql FROM sqlite_schema WHERE tbl_name IN ({names}) AND sql IS NOT NULL"
                " ORDER BY type <> 'table'"
            ).fetchall()
            rows = [
                f"INSERT INTO {name} VALUES ({', '.join(_literal(value) for value in row)})"
                for kind, name, _ in made
                if kind == "table"
                for row in connection.execute(f"SELECT * FROM {name}")
            ]
        tables = [sql for kind, _, sql in made if kind == "table"]
        return ";\n".join([*tables, *rows, *(sql for kind, _, sql in made if kind != "table")]) + ";"

    def restore(self, script: str) -> None:
        """Replace what is there by what a backup has."""
        for view in VIEWS:
            self.sql(f"DROP VIEW IF EXISTS {view}")
        for table in TABLES:
            self.sql(f"DROP {self._kind(table)} IF EXISTS {table}")
        self.sql("DROP TABLE IF EXISTS kept")
        if self.programs:
            self.program("psql", "--set=ON_ERROR_STOP=1", "--quiet", self.toy.url, given=script)
            return
        with closing(sqlite3.connect(self.file)) as connection:
            connection.executescript(script)

    def _kind(self, name: str) -> str:
        """TABLE, or VIEW where that is what has the name."""
        catalog = "information_schema.views WHERE table_name" if self.programs else "sqlite_schema WHERE name"
        only = "" if self.programs else " AND type = 'view'"
        return "VIEW" if self.sql(f"SELECT 1 FROM {catalog} = '{name}'{only}") else "TABLE"

    def program(self, name: str, *words: str, given: str = "") -> str:
        """The output of one of PostgreSQL's programs."""
        assert self.programs is not None
        plain = [word.replace("postgresql+psycopg2", "postgresql") for word in words]
        done = subprocess.run(
            [self.programs / name, *plain], input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def follow(self, reference: str, topic: Topic) -> list[str]:
        """Run each command that the page of `reference` has under `topic`; return what was run."""
        done, names = [], of_database(self.toy.url)
        for advice in CATALOGUE[reference].advice:
            if advice.topic == topic and advice.database in (self.database, None):
                for line in advice.text.splitlines():
                    if line.startswith("    "):
                        done.append(fill(line.strip(), names))
                        self._do(done[-1])
        assert done, f"{reference} says nothing to do on {topic}"
        return done

    def _do(self, command: str) -> None:
        if command.startswith("sqlite3 "):
            _, _, script, *rest = shlex.split(command)
            if not rest:
                with closing(sqlite3.connect(self.file)) as connection:
                    connection.executescript(script)
        elif command.startswith("pg_dump"):
            words = [word for word in shlex.split(command)[1:] if word != ">"]
            self.program("pg_dump", *words[:-1])
        elif command.startswith("initdb "):
            assert self.console(*shlex.split(command)[1:]).exit_code == 0, command
        else:
            self.sql(command.rstrip(";"))


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def references(output: str) -> set[str]:
    """The references of the errors in `output`."""
    return set(re.findall(r"^error: ([a-z-]+)", output, flags=re.MULTILINE))


def append_entry(toy: Toy, **event: Any) -> None:
    """An entry that another initdb wrote: well chained, whatever it says."""
    ((seq, digest),) = toy.sql("SELECT seq, hash FROM init_journal_head")
    fields = {
        **{"seq": seq + 1, "run": "r", "type": "outage", "v": 1, "at": "2026-11-23T08:06:41.218903Z"},
        **{"trigger": "note", "source": "ready", "dest": "ready", "attempt": 1, "by": {}, "data": {}},
        **event,
    }
    stored = encode(fields)
    names = ("seq", "run", "at", "type", "source", "dest")
    row = {name: fields[name] for name in names}
    row |= {"event": stored, "prev_hash": digest, "hash": chain.link(digest, stored)}
    engine = toy.engine()
    with engine.begin() as connection, unchecked(connection):
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO init_journal ({', '.join(row)}) VALUES ({values})"), row)
    engine.dispose()
