"""What a look sees of a database, entry by entry, and what it says of an incomplete journal."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine

from initdb.errors import InitError
from initdb.events import sqlite
from initdb.events.chain import GENESIS
from initdb.events.entry import Entry
from initdb.events.head import MIN_WRITER, SCHEMA_VERSION, Head
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.events.server import Server
from initdb.events.sessions import session
from initdb.events.sqlite import SQLite
from initdb.statemachine.decide.verdict import Look
from initdb.statemachine.loop import look as looking
from initdb.statemachine.loop.look import look, look_on
from initdb.statemachine.site import Site
from tests.events.journals import append, begin, commit, make, schema_of
from tests.support.guards import change
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy, table_up


@pytest.fixture
def toy(tmp_path: Path, sqlite_url: str) -> Toy:
    """An application with three revisions, before its first boot."""
    return Toy(tmp_path, sqlite_url, options={"application": "shop"}).with_revisions()


@pytest.fixture
def site(toy: Toy) -> Site:
    """The application and its database."""
    return toy.initializer().site


@pytest.fixture
def journal(site: Site) -> Journal:
    """A journal of two entries in that database."""
    journal = make(site.engine)
    _append(site, journal, "run_started", {"code": {}})
    return journal


@pytest.fixture
def connection(site: Site, journal: Journal) -> Iterator[Connection]:
    """A session on the journal."""
    with session(site.engine) as opened:
        yield opened


def _append(site: Site, journal: Journal, type_: str = "outage", data: dict[str, Any] | None = None) -> Entry:
    with session(site.engine) as connection:
        begin(connection)
        entry = append(journal, connection, type_, data)
        commit(connection)
    return entry


def _unguarded(site: Site, *statements: str) -> None:
    with session(site.engine) as connection:
        change(connection, *statements)


@pytest.mark.parametrize("options", [{}, {"journal_schema": "audit"}])
def test_a_file_that_is_not_there_is_empty(toy: Toy, options: dict[str, str]) -> None:
    """The file is not made. The time is that of the host."""
    site = toy.initializer(**options).site
    before = time.time()
    seen = look(site)
    assert before <= seen.clock <= time.time()
    assert seen == Look(Knowledge(), site.code, None, clock=seen.clock, journal=Journal("main", "shop"))
    assert not (toy.folder / "test.db").exists()


def test_what_a_look_says_of_a_journal(site: Site, journal: Journal) -> None:
    """The look has all of it. It leaves the catalogue out while no conclusion depends on it."""
    seen = look(site)
    assert seen.knowledge.seq == 2 and seen.knowledge.last_run is not None
    assert seen.head == Head(2, seen.knowledge.hash, SCHEMA_VERSION, MIN_WRITER)
    assert (seen.exists, seen.journal, seen.code) == (True, journal, site.code)
    assert (seen.read_only, seen.rewound, seen.catalog, seen.rows) == ("", False, None, ())
    assert (seen.unknown, seen.pending) == ((), {})
    assert abs(seen.clock - time.time()) < 5


def test_a_database_without_a_journal(site: Site) -> None:
    """The look says where the journal would be, and has no head."""
    with session(site.engine) as connection:
        begin(connection)
        commit(connection)
    seen = look(site)
    assert (seen.exists, seen.head, seen.knowledge) == (False, None, Knowledge())
    assert seen.journal == Journal(schema_of(site.engine), "shop")


def test_the_catalogue_is_read_to_work_on_it(site: Site, connection: Connection) -> None:
    """To judge only, it is read if a conclusion depends on it."""
    idle, active = look_on(site, connection, idly=True), look_on(site, connection)
    assert idle.catalog is None and active.catalog is not None
    assert look_on(site, connection).catalog == active.catalog


def test_a_judgement_depends_on_the_catalogue(toy: Toy) -> None:
    """Then it is read in every look."""
    initializer = toy.initializer()
    assert initializer.initialize().success
    seen = look(initializer.site)
    assert seen.catalog == seen.knowledge.catalog is not None
    assert seen.rows == ("r3",)


def test_revisions_that_the_code_does_not_have(toy: Toy) -> None:
    """They are unknown, unless the code has no directory of revisions."""
    assert toy.initializer().initialize().success
    (toy.migrations / "versions" / "003_r3.py").unlink()
    assert look(toy.initializer().site).unknown == ("r3",)
    site = toy.initializer().site
    site.application = replace(site.application, graph=None)
    assert look(site).unknown == ()


def test_version_rows_of_which_one_implies_another(toy: Toy) -> None:
    """The look names the older one. Without revisions nobody knows which is older."""
    assert toy.initializer().initialize().success
    assert look(toy.initializer().site).overlapping == ()
    toy.sql("INSERT INTO alembic_version VALUES ('r1')")
    assert look(toy.initializer().site).overlapping == ("r1",)
    site = toy.initializer().site
    site.application = replace(site.application, graph=None)
    assert look(site).overlapping == ()


def test_pending_revisions_count_where_something_is_held(toy: Toy) -> None:
    """The look has the hashes of their files."""
    from initdb.statemachine import orders

    assert toy.initializer().initialize().success
    assert toy.initializer().attend(orders.roll_back(None)).ending == "done"
    site = toy.initializer().site
    graph = site.application.graph
    assert graph is not None
    assert look(site).pending == {"r3": graph.files["r3"].digest}
    toy.revision(4, table_up(4))
    assert list(look(toy.initializer().site).pending) == ["r3", "r4"]


def test_only_newer_entries_are_read(
    site: Site, journal: Journal, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older ones were seen before."""
    before = look_on(site, connection)
    commit(connection)
    _append(site, journal)
    asked: list[int] = []
    read = Journal.read

    def counted(self: Journal, connection: Connection, after: int = 0) -> Iterator[Entry]:
        asked.append(after)
        return read(self, connection, after)

    monkeypatch.setattr(Journal, "read", counted)
    assert look_on(site, connection, before).knowledge == look_on(site, connection).knowledge
    assert asked == [2, 0]
    monkeypatch.setattr(Journal, "snapshot", lambda *_: pytest.fail("looked for"))
    now = look(site, before)
    assert look(site, now).knowledge == now.knowledge
    assert asked == [2, 0, 2, 3]


def test_a_history_that_has_changed_is_read_anew(
    site: Site, journal: Journal, connection: Connection
) -> None:
    """What was seen before is not its beginning, or is longer."""
    before = look_on(site, connection)
    whole = before.knowledge
    commit(connection)
    _append(site, journal)
    after = look_on(site, connection).knowledge
    for known in (replace(whole, hash=GENESIS), replace(whole, seq=9), replace(whole, seq=0)):
        assert look_on(site, connection, replace(before, knowledge=known)).knowledge == after


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE init_journal_head SET seq = 7", "the head is entry 7, and the journal does not end there"),
        ("UPDATE init_journal_head SET seq = 1", "the head is entry 1, and the journal does not end there"),
        (
            "UPDATE init_journal_head SET hash = 'x'",
            "the head is entry 2, and the journal does not end there",
        ),
        ("DELETE FROM init_journal WHERE seq = 1", "the head is entry 2, and the journal does not end there"),
        (
            "UPDATE init_journal SET prev_hash = 'x' WHERE seq = 2",
            "the head is entry 2, and the journal does not end there",
        ),
        ("DELETE FROM init_journal_head", "the row of init_journal_head is missing"),
    ],
)
def test_a_journal_that_is_not_whole(site: Site, journal: Journal, statement: str, said: str) -> None:
    """The exact message is asserted. A head is also compared with what was seen before."""
    before = look(site)
    _unguarded(site, statement)
    for seen in (None, before) if "init_journal_head" in statement else (None,):
        with pytest.raises(InitError) as error:
            look(site, seen)
        assert (error.value.reference, error.value.context) == ("journal-tampered", (said,))


def test_a_server_that_may_lose_a_commit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look has what it warns of."""
    monkeypatch.setattr(SQLite, "server", lambda *_: Server(7.0, "", ("fsync is off",)))
    with session(site.engine) as connection:
        seen = look_on(site, connection)
    assert (seen.clock, seen.cautions) == (7.0, ("fsync is off",))


def test_a_journal_that_lacks_a_column(site: Site, journal: Journal) -> None:
    """The error names the table, not the driver's error."""
    _unguarded(site, "ALTER TABLE init_journal_head RENAME COLUMN hash TO digest")
    with pytest.raises(InitError) as error:
        look(site)
    assert (error.value.reference, error.value.context) == (
        "foreign-journal-table",
        ("init_journal_head has no hash",),
    )


def test_a_file_that_cannot_be_written_is_read_without_locks(
    site: Site, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that can be written is not: its lock says that another process is writing."""
    monkeypatch.setattr(sqlite, "LOOK_PATIENCE", 0)
    before = look(site)
    _append(site, journal)
    with site.engine.connect() as other:
        other.exec_driver_sql("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            look(site)
        monkeypatch.setattr(looking, "is_read_only", lambda file: True)
        monkeypatch.setattr(Journal, "snapshot", lambda *_: pytest.fail("read from the beginning"))
        seen = look(site, before)
        assert (seen.knowledge.seq, seen.catalog) == (3, None)
        other.rollback()


def test_what_a_server_says_of_itself(server: PostgresServer, postgresql_url: str, toy: Toy) -> None:
    """A look says why the database cannot be written, and finds the journal in the schema of the setting."""
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA audit")
    make(engine, "audit")
    make(engine)
    toy.url, name = postgresql_url, engine.url.database
    server.admin_execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    seen = look(toy.initializer(journal_schema="audit").site)
    assert seen.read_only.startswith("default_transaction_read_only is on")
    assert (seen.exists, seen.journal) == (True, Journal("audit", "shop"))
    engine.dispose()


def test_a_head_behind_is_looked_at_again(
    site: Site, journal: Journal, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an entry is appended between the two reads of a look, the journal is not damaged."""
    head = Journal.head
    asked: list[int] = []

    def at_last(self: Journal, connection: Connection) -> Head:
        found = head(self, connection)
        asked.append(found.seq)
        if len(asked) == 1:
            monkeypatch.setattr(Journal, "head", head)
            _append(site, journal)
            monkeypatch.setattr(Journal, "head", at_last)
        return found

    monkeypatch.setattr(Journal, "head", at_last)
    seen = look_on(site, connection)
    assert seen.knowledge.seq == 3
    assert asked == [2, 3]
    look_on(site, connection)
    assert asked == [2, 3, 3], "it is read once where nothing was appended"


Newest = tuple[str | None, int, str] | None


@pytest.mark.parametrize(
    ("newest", "rewound"),
    [
        (lambda known, first: None, False),
        (lambda known, first: (None, 9, "x"), False),
        (lambda known, first: (known.journal, known.seq, known.hash), False),
        (lambda known, first: (known.journal, known.seq, "x"), True),
        (lambda known, first: (known.journal, known.seq + 1, known.hash), True),
        (lambda known, first: ("another", known.seq, known.hash), True),
        (lambda known, first: (known.journal, 1, first), False),
        (lambda known, first: (known.journal, 1, known.hash), True),
    ],
)
def test_a_journal_that_went_back(
    site: Site,
    journal: Journal,
    connection: Connection,
    newest: Callable[[Knowledge, str | None], Newest],
    rewound: bool,
) -> None:
    """It lacks entries that this process saw, has others in their place, or is another journal."""
    known = look_on(site, connection).knowledge
    assert known.journal == "j"
    site.newest = newest(known, journal.hash_at(connection, 1))
    assert look_on(site, connection).rewound == rewound


def test_another_applications_journal(toy: Toy, journal: Journal) -> None:
    """The error names both applications."""
    with pytest.raises(InitError) as error:
        look(toy.initializer(application="billing").site)
    assert error.value.reference == "journal-of-another-application"
    assert error.value.context == ("it belongs to 'shop', this is 'billing'",)


def test_a_state_of_a_newer_version(site: Site, journal: Journal) -> None:
    """The error names the state. Nothing can be concluded from it."""
    from initdb.events.entry import Turn, write
    from tests.events.journals import MOMENT
    from tests.support.guards import unchecked

    with session(site.engine) as connection:
        begin(connection)
        head = journal.head(connection)
        turn = Turn("database_polished", "polish", "unknown", "shining")
        with unchecked(connection):
            journal.append(connection, write(head.seq, head.hash, MOMENT, turn, {}))
        commit(connection)
    with pytest.raises(InitError) as error:
        look(site)
    assert error.value.reference == "journal-newer"
    assert error.value.context == ("its state 'shining' is not known to this version",)
