"""What the trigger refuses: an entry that is no event, or not the one that its hash and its columns say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from initdb.events.canonical import encode
from initdb.events.chain import link
from initdb.events.journal import Journal
from initdb.events.sessions import session
from tests.events.journals import begin, commit, make, rollback

SEQ = 2


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """A journal with one entry."""
    return make(engine)


@pytest.fixture
def connection(engine: Engine, journal: Journal) -> Iterator[Connection]:
    """A session that may write."""
    with session(engine) as opened:
        begin(opened)
        yield opened


EVENT: dict[str, Any] = {
    **{"seq": SEQ, "run": "r", "type": "outage", "v": 1, "at": "2026-11-23T08:06:41.218903Z"},
    **{"trigger": "note", "source": "ready", "dest": "ready", "attempt": 1, "by": {}, "data": {}},
}


def _insert(journal: Journal, connection: Connection, event: str, **columns: Any) -> None:
    last = journal.last(connection)[1]
    names = ("seq", "run", "at", "type", "source", "dest")
    row = {name: EVENT[name] for name in names} | {"event": event, "prev_hash": last}
    row |= {"hash": link(last, event) if event.isascii() else "0" * 64} | columns
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO init_journal ({', '.join(row)}) VALUES ({values})"), row)


def test_an_event_is_accepted(journal: Journal, connection: Connection) -> None:
    """The control. Its data may be anything."""
    _insert(journal, connection, encode(EVENT))
    commit(connection)
    begin(connection)
    more = EVENT | {"seq": 3, "data": {"rain": [1, "\x7f", "é", "中", {"},": '\\"'}]}}
    _insert(journal, connection, encode(more), seq=3)
    commit(connection)
    assert journal.head(connection).seq == 3


@pytest.mark.parametrize(
    "event",
    [
        "",
        "{oops",
        "null",
        "[1, 2]",
        '"text"',
        "{}",
        encode(EVENT)[:-1],
        encode(EVENT) + " x",
        *(encode({name: value for name, value in EVENT.items() if name != left}) for left in sorted(EVENT)),
        *(encode(EVENT | {"seq": seq}) for seq in (1, 3, "2", 2.5, None)),
        *(encode(EVENT | {"v": v}) for v in (0, 2, 99, "1", None, True)),
        encode(EVENT | {"run": "other"}),
        encode(EVENT | {"at": "2026-11-23T08:06:41.218904Z"}),
        encode(EVENT | {"type": "override"}),
        encode(EVENT | {"dest": "empty"}),
        encode(EVENT | {"by": []}),
        encode(EVENT | {"data": "text"}),
        encode(EVENT | {"attempt": "first"}),
        encode(EVENT | {"trigger": 1}),
        encode(EVENT)[:-1] + ',"type":"outage"}',
        encode(EVENT)[:-1] + ',"data":{}}',
        encode(EVENT | {"data": {"x": encode(EVENT)}, "dest": "empty"}),
        encode(EVENT | {"data": EVENT, "dest": "empty"}),
        "{\n" + encode(EVENT)[1:],
        "[" * 3000,
    ],
)
def test_what_is_no_event(journal: Journal, connection: Connection, event: str) -> None:
    """Its hash is right, and it follows the head."""
    with pytest.raises(DBAPIError):
        _insert(journal, connection, event)
    rollback(connection)
    assert journal.head(connection).seq == 1


@pytest.mark.parametrize(
    "columns",
    [
        {"hash": "0" * 63},
        {"hash": "A" * 64},
        {"run": "other"},
        {"type": "Outage"},
        {"type": "x" * 64},
        {"type": "journal_created"},
        {"source": "shining"},
        {"dest": "shining"},
        {"at": "yesterday"},
    ],
)
def test_what_the_columns_say(journal: Journal, connection: Connection, columns: dict[str, str]) -> None:
    """Each column that the event has too says the same, and a state is a known one."""
    event = encode(
        EVENT | {name: value for name, value in columns.items() if name in EVENT and name != "run"}
    )
    with pytest.raises(DBAPIError):
        _insert(journal, connection, event, **columns)
    rollback(connection)
    assert journal.head(connection).seq == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_another_hash(journal: Journal, connection: Connection) -> None:
    """SQLite cannot compute it; there a boot and verify find it."""
    with pytest.raises(DBAPIError, match="does not give its hash"):
        _insert(journal, connection, encode(EVENT), hash="0" * 64)
