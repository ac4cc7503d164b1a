"""A role of somebody else in the database of an application, and what it plants there."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from initdb.events.entry import Moment, Turn, write
from initdb.events.postgresql_ddl import ddl
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy, migrated


def sql_at(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements at a URL, each for itself; give the last one's rows."""
    rows: list[tuple[object, ...]] = []
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
    return rows


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of a test: a neighbour, the owner of the database, and one that may only create tables."""

    neighbour: str
    owner: str
    small: str


@dataclass(frozen=True, slots=True)
class Place:
    """A database with its roles."""

    server: PostgresServer
    database: str
    roles: Roles

    def url(self, role: str) -> str:
        """The URL of a role."""
        return self.server.url(self.database, user=role)

    def app(self, folder: Path, role: str) -> Toy:
        """The application, which works as a role."""
        return migrated(folder, self.url(role))

    def sql(self, *statements: str, role: str | None = None) -> list[tuple[object, ...]]:
        """Run statements as the superuser, or as a role; give the last one's rows."""
        return sql_at(self.url(role or "postgres"), *statements)

    def plant(self, *statements: str) -> None:
        """Run statements as the neighbour."""
        self.sql(*statements, role=self.roles.neighbour)

    @property
    def trap(self) -> str:
        """What a planted function does: it counts, which no rollback undoes, and says who has run it."""
        return (
            f"PERFORM pg_catalog.nextval('{self.roles.neighbour}.sprung');"
            " RAISE LOG 'sprung by % in: %', current_user, pg_catalog.current_query();"
        )

    def sprung(self) -> int:
        """How often a planted function has run."""
        query = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {self.roles.neighbour}.sprung"
        count = self.sql(query)[0][0]
        assert isinstance(count, int)
        return count

    def plant_journal(self, schema: str, application: str = "application") -> None:
        """A journal as initdb makes it, with an entry of the application; its triggers are traps."""
        at = f'"{schema}".'
        created = {"application": application, "journal": "planted", "schema": schema}
        moment = Moment("r", "2026-11-23T08:06:41.218903Z", 1, {"host": "there", "pid": 1})
        entry = write(0, "0" * 64, moment, Turn("journal_created", "note", "unknown", "unknown"), created)
        values = ", ".join(
            str(value) if isinstance(value, int) else f"'{value}'" for value in entry.columns().values()
        )
        self.plant(
            *ddl(at),
            f"INSERT INTO {at}init_journal VALUES ({values})",
            f"CREATE FUNCTION {self.roles.neighbour}.pounce() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {self.trap} RETURN NEW; END $$",
            *(
                f"CREATE TRIGGER pounce BEFORE {when} ON {at}{table}"
                f" FOR EACH ROW EXECUTE FUNCTION {self.roles.neighbour}.pounce()"
                for table, when in (("init_journal", "INSERT"), ("init_journal_head", "UPDATE"))
            ),
        )


def make_roles(server: PostgresServer, database: str) -> Roles:
    """Three roles. The neighbour has a schema of its own, and the counter of its traps there."""
    mark = uuid.uuid4().hex[:8]
    roles = Roles(f"neighbour_{mark}", f"owner_{mark}", f"small_{mark}")
    for role in (roles.neighbour, roles.owner, roles.small):
        server.admin_execute(f"CREATE ROLE {role} LOGIN")
    server.admin_execute(f"ALTER DATABASE {database} OWNER TO {roles.owner}")
    for statement in (
        f"CREATE SCHEMA {roles.neighbour} AUTHORIZATION {roles.neighbour}",
        f"GRANT CREATE ON SCHEMA public TO {roles.small}",
        f"SET ROLE {roles.neighbour}; CREATE SEQUENCE {roles.neighbour}.sprung",
        f"GRANT USAGE ON SCHEMA {roles.neighbour} TO PUBLIC",
        f"GRANT ALL ON SEQUENCE {roles.neighbour}.sprung TO PUBLIC",
    ):
        server.admin_execute(statement, database=database)
    return roles
