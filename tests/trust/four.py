"""The four roles of a database, made by nothing but the script that `initdb doctor --sql` prints."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from click.testing import Result
from sqlalchemy import make_url

from tests.cli.console import Console, toy_project
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy
from tests.trust.neighbour import sql_at


@dataclass
class Four:
    """An application, its database, and who acts there.

    Attributes:
        server: The server.
        database: The name of the database.
        toy: The application.
        console: It types.
        administrator: The role that runs the script.
        names: Options of the script: PART=NAME.
    """

    server: PostgresServer
    database: str
    toy: Toy
    console: Console
    administrator: str = "postgres"
    names: dict[str, str] = field(default_factory=dict)

    def role(self, part: str) -> str:
        """The name of a part's role."""
        return self.names.get(part, f"{self.database}_{part}")

    def url(self, part: str) -> str:
        """The URL of a part's role, or of the administrator."""
        role = self.administrator if part == "administrator" else self.role(part)
        return self.server.url(self.database, user=role)

    def script(self) -> str:
        """What `initdb doctor --sql` prints to the administrator."""
        roles = [word for part, name in self.names.items() for word in ("--role", f"{part}={name}")]
        done = self.types("administrator", "doctor", "--sql", *roles)
        assert done.exit_code == 0, done.output
        return done.stdout

    def run_script(self) -> None:
        """The administrator prints the script, and runs it with psql."""
        url = make_url(self.url("administrator")).set(drivername="postgresql")
        done = subprocess.run(
            [
                self.server.bin / "psql",
                "-X",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                url.render_as_string(False),
            ],
            input=self.script(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def types(self, part: str, *words: str, trusting: bool = True) -> Result:
        """A command as a role, with the setting that the script prints."""
        owner = ("--journal-owner", self.role("owner")) if trusting else ()
        return self.console(*words, "--database-url", self.url(part), *owner)

    def sql(self, part: str, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as a role, each for itself; the rows of the last one."""
        return sql_at(self.url(part), *statements)

    def refusal(self, part: str, statement: str) -> str:
        """The SQLSTATE with which a statement of a role is refused; empty if it is not."""
        try:
            self.sql(part, statement)
        except psycopg2.Error as error:
            return str(error.pgcode)
        return ""

    def drop(self) -> None:
        """Drop the database and the roles."""
        self.server.admin_execute(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
        parts = ("application", "auditor", "initializer", "owner")
        for name in (*map(self.role, parts), self.administrator):
            if name != "postgres":
                quoted = name.replace('"', '""')
                self.server.admin_execute(f'DROP ROLE IF EXISTS "{quoted}"')


def made(server: PostgresServer, database: str, folder: Path, environ: dict[str, str]) -> Four:
    """A fresh database with an application, and nothing else yet."""
    server.admin_execute(f'CREATE DATABASE "{database}" TEMPLATE template0 STRATEGY file_copy')
    folder.mkdir(parents=True, exist_ok=True)
    toy = toy_project(folder, server.url(database))
    return Four(server, database, toy, Console(folder, environ))
