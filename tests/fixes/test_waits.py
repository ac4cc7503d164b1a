"""Another process, a lock or a role is in the way: the run waits, or may not work."""

from __future__ import annotations

import contextlib
import os
import sqlite3

import psycopg2
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from initdb.events.find import find
from initdb.events.sessions import session
from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ON_POSTGRESQL, ON_SQLITE, as_app, held, set_to
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy


@fixes("wait-limit")
def test_another_process_needs_long(person: Person, ready: Toy) -> None:
    """status is typed as printed; once the other one has ended, the same command is ready."""
    ready.revision(4, "    pass")
    with held(ready):
        person.fails("initdb run --wait-limit 0", "wait-limit")
        person.looks()
        person.type(person.printed("initdb status"))
    person.runs("initdb run --wait-limit 0")


@fixes("another-process-at-work")
def test_another_process_is_at_work(person: Person, ready: Toy) -> None:
    """What is printed waits for it."""
    ready.revision(4, "    pass")
    with held(ready):
        person.fails("initdb run --no-wait", "another-process-at-work")
        person.looks()
        then = person.printed("initdb run")
    person.runs(then)


@fixes("take-over-refused")
@ON_POSTGRESQL
def test_a_session_of_another_role(person: Person, server: PostgresServer, toy: Toy, app: str) -> None:
    """The printed GRANT allows it to be ended."""
    as_app(person, toy)
    person.runs("initdb run")
    toy.revision(4, "    pass")
    server.admin_execute("CREATE ROLE holder LOGIN PASSWORD 'x' IN ROLE \"shop app\"")
    engine = create_engine(toy.url, poolclass=NullPool)
    with session(engine) as connection:
        key = find(connection, "toy", None)[0].key("baton")
    where = {"host": str(server.folder), "port": server.port, "user": "holder"}
    with contextlib.closing(
        psycopg2.connect(dbname=make_url(toy.url).database, password="x", **where)
    ) as other:
        other.cursor().execute("SELECT pg_advisory_xact_lock(%s)", (key,))
        person.fails("initdb resume --take-over --yes", "take-over-refused")
        person.follows("GRANT pg_signal_backend")
        person.runs("initdb resume --take-over --yes")
    server.admin_execute("DROP ROLE holder")


@fixes("take-over-refused")
@ON_SQLITE
def test_a_process_that_cannot_be_told(person: Person, ready: Toy) -> None:
    """It is ended by hand; then what is printed goes on."""
    ready.revision(4, "    pass")
    with held(ready):
        person.fails("initdb resume --take-over --yes", "take-over-refused")
        then = person.printed("initdb resume")
    person.runs(then)


@fixes("pending-work")
def test_a_process_that_only_looks(person: Person, toy: Toy) -> None:
    """The work is done as printed, without the option that left it."""
    person.fails("initdb run --mode check", "pending-work")
    person.looks()
    person.follows("initdb run")
    person.runs("initdb run --mode check")


@fixes("lock-timeout")
@ON_POSTGRESQL
def test_a_table_that_somebody_uses(person: Person, ready: Toy, once: None) -> None:
    """The printed query names the session; once it has ended, what is printed goes on."""
    set_to(person, "lock_timeout", '"50ms"')
    ready.revision(4, "    op.add_column('t1', sa.Column('note', sa.Text))")
    engine = create_engine(ready.url, poolclass=NullPool)
    with engine.connect() as other:
        other.exec_driver_sql("SELECT * FROM t1")
        person.fails("initdb run --wait-limit 0", "lock-timeout")
        person.looks()
        then = person.printed("initdb resume")
        other.rollback()
    person.runs(then)


@fixes("lock-timeout")
@ON_SQLITE
def test_a_file_that_somebody_writes(person: Person, ready: Toy) -> None:
    """The printed fuser names the process."""
    set_to(person, "lock_timeout", '"50ms"')
    ready.sql("PRAGMA journal_mode = DELETE")
    with contextlib.closing(sqlite3.connect(person.folder / "app.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        person.fails("initdb validate", "lock-timeout")
        assert str(os.getpid()) in person.looks()[0].output
        then = person.printed("initdb resume")
    person.runs(then)
