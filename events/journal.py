"""The journal on a connection that somebody opened: find, create, lock, append, read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from initdb.errors import InitError
from initdb.errors.classify import is_missing_table
from initdb.events import naming, postgresql, sqlite
from initdb.events.chain import GENESIS, lock_key
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
    """Where the journal is: its schema and whose it is. Every method takes a Connection, whoever opened
    it."""

    schema: str | None
    application: str

    def key(self, purpose: str) -> int:
        """The advisory lock's key for `purpose` ("baton", "first"): one per application and journal
        schema."""
        return lock_key(purpose, self.application, self.schema or "")

    def table(self, connection: Connection, name: str) -> str:
        """A table of this journal as SQLAlchemy's text() takes it, qualified and quoted."""
        return naming.literal(side(connection).prefix(connection, self.schema)) + name

    def create(self, connection: Connection) -> None:
        """Make tables, triggers and head inside the caller's transaction."""
        side(connection).create(connection, self.schema)

    def lock_head(self, connection: Connection, lock_timeout: float | None = None) -> Head:
        """Lock the head for the open transaction and read it.

        Raises HeadBusy where another transaction holds it, NoJournal where there is none, and
        InitError: "journal-newer" where only a newer initdb may write, "journal-unreadable" where the head's
        row is gone.
        """
        try:
            head: Head = side(connection).lock_head(connection, self.schema, lock_timeout)
        except DBAPIError as error:
            if is_missing_table(error):
                raise NoJournal from error
            raise
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
        table = self.table(connection, "init_journal")
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), entry.columns())

    def read(self, connection: Connection, after: int = 0) -> Iterator[Entry]:
        """The entries after `after`, in order. Raises InitError("journal-unreadable") at one that is no
        event."""
        table = self.table(connection, "init_journal")
        query = text(f"SELECT seq, event, prev_hash, hash FROM {table} WHERE seq > :after ORDER BY seq")
        for seq, event, prev_hash, digest in connection.execute(query, {"after": after}):
            try:
                yield parse(seq, event, prev_hash, digest)
            except ValueError as error:
                raise InitError("journal-unreadable", f"entry {seq}: {error}") from error

    def head(self, connection: Connection) -> Head:
        """The head, read without a lock. Raises NoJournal where it has no row."""
        table = self.table(connection, "init_journal_head")
        row = connection.execute(
            text(f"SELECT seq, hash, schema_version, min_writer FROM {table} WHERE id = 1")
        ).first()
        if row is None:
            raise NoJournal
        return Head(*row)

    def last(self, connection: Connection) -> tuple[int, str]:
        """Seq and hash of the last entry; (0, 64 zeros) where there is none."""
        table = self.table(connection, "init_journal")
        row = connection.execute(text(f"SELECT seq, hash FROM {table} ORDER BY seq DESC LIMIT 1")).first()
        return (row[0], row[1]) if row else (0, GENESIS)

    def hash_at(self, connection: Connection, seq: int) -> str | None:
        """The hash of entry `seq`; None where there is no such entry."""
        table = self.table(connection, "init_journal")
        found = connection.execute(text(f"SELECT hash FROM {table} WHERE seq = :seq"), {"seq": seq}).scalar()
        return str(found) if found is not None else None

    def check_guards(self, connection: Connection) -> None:
        """Raises InitError("journal-trigger-missing") where a trigger that guards the journal is gone."""
        here = side(connection)
        missing = here.GUARDS - here.guards(connection, self.schema)
        if missing:
            raise InitError("journal-trigger-missing", *sorted(missing), database=connection.dialect.name)


def find(connection: Connection, application: str, wanted: str | None) -> tuple[Journal, bool]:
    """The journal to use and whether it is there already; `wanted` is the setting `journal_schema`.

    Without the setting this application's journal is looked for in every schema. On SQLite, which has no
    schemas, the setting says nothing. Raises InitError: "journal-elsewhere" where the setting names one
    schema and this application's journal is in another, "journal-unreadable" where half of one is there.
    """
    here = side(connection)
    present: dict[str, bool] = here.schemas(connection)
    if connection.dialect.name == "sqlite":
        wanted = None
    if wanted is None:
        ours = [name for name in present if len(present) > 1 and _owner(connection, name) == application]
        schema = next(iter(ours or present), None) or here.default_schema(connection)
    else:
        schema = wanted
        elsewhere = [] if wanted in present else [n for n in present if _owner(connection, n) == application]
        if elsewhere:
            said = f"journal_schema is '{wanted}', the journal is in '{elsewhere[0]}'"
            raise InitError("journal-elsewhere", said)
    if not present.get(schema, True):
        raise InitError("journal-unreadable", f"init_journal_head is there, init_journal is not: in {schema}")
    return Journal(schema, application), schema in present


def _owner(connection: Connection, schema: str) -> str | None:
    """Whose journal is in `schema`; None where it does not say, or may not be read."""
    table = Journal(schema, "").table(connection, "init_journal")
    try:
        with connection.begin_nested():
            event = connection.execute(text(f"SELECT event FROM {table} WHERE seq = 1")).scalar_one()
            return str(parse(1, event, "", "").data["application"])
    except (SQLAlchemyError, ValueError, KeyError):
        return None
