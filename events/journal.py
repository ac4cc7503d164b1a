"""The journal on a connection that somebody opened: find, create, lock, append, read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from sqlalchemy import Connection, text

from initdb.errors import InitError
from initdb.events import postgresql, sqlite
from initdb.events.chain import lock_key
from initdb.events.entry import COLUMNS, Entry, parse
from initdb.events.head import WRITER, Head, NoJournal

_DIALECTS: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}


def side(connection: Connection) -> ModuleType:
    """The module that knows this connection's database. Raises InitError for one that is not supported."""
    try:
        return _DIALECTS[connection.dialect.name]
    except KeyError:
        raise InitError("unsupported-database", connection.dialect.name) from None


@dataclass(frozen=True, slots=True)
class Journal:
    """Where the journal is: its schema and whose it is. Every method takes a Connection, whoever opened it."""

    schema: str | None
    application: str

    def key(self, purpose: str) -> int:
        """The advisory lock's key for `purpose` ("baton", "first"): one per application and journal schema."""
        return lock_key(purpose, self.application, self.schema or "")

    def create(self, connection: Connection) -> None:
        """Make tables, triggers and head inside the caller's transaction."""
        side(connection).create(connection, self.schema)

    def lock_head(self, connection: Connection, lock_timeout: float | None = None) -> Head:
        """Lock the head for the open transaction and read it.

        Raises HeadBusy where another transaction holds it, NoJournal where there is none, and
        InitError("journal-newer") where only a newer initdb may write.
        """
        head: Head = side(connection).lock_head(connection, self.schema, lock_timeout)
        if head.min_writer > WRITER:
            raise InitError(
                "journal-newer", f"it asks for writer {head.min_writer}, this initdb is writer {WRITER}"
            )
        return head

    def append(self, connection: Connection, entry: Entry) -> None:
        """One INSERT; the triggers check it against the head and move the head."""
        side(connection).before_append(connection)
        names = ", ".join(COLUMNS)
        values = ", ".join(f":{name}" for name in COLUMNS)
        table = f"{side(connection).prefix(connection, self.schema)}init_journal"
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), entry.columns())

    def read(self, connection: Connection, after: int = 0) -> Iterator[Entry]:
        """The entries after `after`, in order. Raises InitError("journal-unreadable") at one that is no event."""
        table = f"{side(connection).prefix(connection, self.schema)}init_journal"
        query = text(f"SELECT seq, event, prev_hash, hash FROM {table} WHERE seq > :after ORDER BY seq")
        for seq, event, prev_hash, digest in connection.execute(query, {"after": after}):
            try:
                yield parse(seq, event, prev_hash, digest)
            except ValueError as error:
                raise InitError("journal-unreadable", f"entry {seq}: {error}") from error

    def head(self, connection: Connection) -> Head:
        """The head, read without a lock. Raises NoJournal where it has no row."""
        table = f"{side(connection).prefix(connection, self.schema)}init_journal_head"
        row = connection.execute(
            text(f"SELECT seq, hash, schema_version, min_writer FROM {table} WHERE id = 1")
        ).first()
        if row is None:
            raise NoJournal
        return Head(*row)

    def check_guards(self, connection: Connection) -> None:
        """Raises InitError("journal-trigger-missing") where a trigger that guards the journal is gone."""
        here = side(connection)
        missing = here.GUARDS - here.guards(connection, self.schema)
        if missing:
            raise InitError("journal-trigger-missing", *sorted(missing), database=connection.dialect.name)


def find(connection: Connection, application: str, wanted: str | None) -> tuple[Journal, bool]:
    """The journal to use and whether it is there already; `wanted` is the setting `journal_schema`.

    Raises InitError("journal-elsewhere") where the setting names one schema and the journal is in another.
    """
    here = side(connection)
    present = here.schemas(connection)
    if wanted is None:
        schema = present[0] if present else here.default_schema(connection)
    elif wanted in present or not present:
        schema = wanted
    else:
        raise InitError(
            "journal-elsewhere", f"journal_schema is '{wanted}', the journal is in '{', '.join(present)}'"
        )
    return Journal(schema, application), schema in present
