"""The views for people with psql and sqlite3: what their rows say, and that no entry breaks them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from initdb.events import views
from initdb.events.chain import GENESIS, link
from initdb.events.entry import COLUMNS, Entry, Moment, Turn, write
from initdb.events.journal import Journal
from initdb.events.sessions import session
from tests.events.journals import APPLICATION, begin, commit, schema_of
from tests.support.examples import some
from tests.support.guards import guards_off

Said = tuple[str, str, dict[str, Any]]
"""The run, the type and the data of an entry."""

STARTED: dict[str, Any] = {"reason": "first boot", "code": {}, "sessions": {}}
FAILED: dict[str, Any] = {
    "step": "migrate",
    "error": {
        "reference": "data-migration-failed",
        "sqlstate": "23505",
        "message": "A revision found rows that it cannot convert.",
        "context": ["revision r4", "more"],
    },
}
STORY: list[Said] = [
    ("a", "journal_created", {"journal": "a", "application": APPLICATION}),
    ("a", "run_started", STARTED),
    ("a", "migration_applied", {"revision": "r1"}),
    ("a", "step_failed", FAILED),
    ("b", "run_started", {**STARTED, "reason": "resume"}),
    ("b", "migration_applied", {"revision": "r2"}),
    ("b", "migration_applied", {"revision": "r3"}),
    ("b", "health_validated", {}),
    ("b", "snapshot", {}),
    ("c", "run_started", {**STARTED, "reason": "changed"}),
    ("d", "run_resumed", {**STARTED, "reason": "interrupted"}),
    ("d", "migration_reverted", {"revision": "r3"}),
    ("d", "run_stopped", {"why": "roll back"}),
    ("e", "database_restored", {"backup": "b", "is": 3}),
    ("f", "run_started", STARTED),
    (
        "f",
        "step_failed",
        {"step": "seed", "error": {"reference": "seed-failed", "context": ["é \u0000", "x"]}},
    ),
    ("f", "run_continued", {"reason": "the connection was lost", "sessions": {}}),
]


def entries(story: Sequence[Said]) -> list[Entry]:
    """The story as entries, a second apart."""
    made: list[Entry] = []
    digest = GENESIS
    for number, (run, type_, data) in enumerate(story):
        at = f"2026-11-23T08:{number // 60:02d}:{number % 60:02d}.000000Z"
        moment = Moment(run, at, 1, {"host": f"web-{run}", "pid": 41, "app": "shop"})
        turn = Turn(type_, "note", "unknown", "unknown")
        made.append(write(number, digest, moment, turn, data))
        digest = made[-1].hash
    return made


def insert(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """The rows, past the guards."""
    marks = ", ".join(["%s" if connection.dialect.name == "postgresql" else "?"] * len(COLUMNS))
    with guards_off(connection):
        for row in rows:
            statement = f"INSERT INTO init_journal ({', '.join(COLUMNS)}) VALUES ({marks})"
            connection.exec_driver_sql(statement, tuple(row[name] for name in COLUMNS))


@pytest.fixture
def look(engine: Engine) -> Callable[..., list[dict[str, Any]]]:
    """Create a journal with some rows, and give the rows of a view."""

    def rows(view: str, given: Sequence[dict[str, Any]], names: str = "*") -> list[dict[str, Any]]:
        schema = schema_of(engine)
        with session(engine) as connection:
            begin(connection)
            Journal(schema, APPLICATION).create(connection)
            insert(connection, given)
            commit(connection)
        with session(engine) as connection:
            found = connection.exec_driver_sql(f"SELECT {names} FROM {view}").mappings()
            return [{**row} for row in found]

    return rows


def stored(story: Sequence[Said] = STORY) -> list[dict[str, Any]]:
    """The rows of a story."""
    return [entry.columns() for entry in entries(story)]


def test_runs(look: Callable[..., list[dict[str, Any]]]) -> None:
    """One row a run, in their order: how it ended, why it began, what it did, how long it took."""
    found = look("init_runs", stored())
    assert [row["run"] for row in found] == ["a", "b", "c", "d", "f"]
    assert [row["how"] for row in found] == ["failed", "ready", "interrupted", "stopped", "unfinished"]
    assert [row["reason"] for row in found] == [
        "first boot",
        "resume",
        "changed",
        "interrupted",
        "first boot",
    ]
    assert [(row["applied"], row["reverted"]) for row in found] == [(1, 0), (2, 0), (0, 0), (0, 1), (0, 0)]
    assert [float(row["seconds"]) for row in found] == [2.0, 3.0, 0.0, 2.0, 2.0]
    assert [(row["first_entry"], row["last_entry"]) for row in found] == [
        (2, 4),
        (5, 9),
        (10, 10),
        (11, 13),
        (15, 17),
    ]
    assert [row["host"] for row in found] == ["web-a", "web-b", "web-c", "web-d", "web-f"]
    assert {str(row["pid"]) for row in found} == {"41"}
    assert found[0]["began"] == "2026-11-23T08:00:01.000000Z"
    assert [row["ended"] and row["ended"][17:19] for row in found] == ["03", "07", None, "12", None]


def test_failures(look: Callable[..., list[dict[str, Any]]]) -> None:
    """One row a failure: what failed, why, and when the database was ready again."""
    first, second = look("init_failures", stored())
    assert (first["entry"], first["run"], first["step"]) == (4, "a", "migrate")
    assert (first["reference"], first["sqlstate"]) == ("data-migration-failed", "23505")
    assert (first["subject"], first["message"]) == ("revision r4", FAILED["error"]["message"])
    assert (first["at"], first["resolved_at"]) == (
        "2026-11-23T08:00:03.000000Z",
        "2026-11-23T08:00:07.000000Z",
    )
    assert (second["reference"], second["sqlstate"], second["resolved_at"]) == ("seed-failed", None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"event": "no JSON"},
        {"event": '{"data":'},
        {"event": ""},
        {"at": "yesterday"},
        {"at": "2026-99-99T99:99:99.999999Z"},
        {"at": "2026-02-30T08:00:00.000000Z"},
        {"at": "0000-01-01T08:00:00.000000Z"},
        {"at": "2025-02-29T08:00:00.000000Z"},
        {"hash": "x"},
    ],
)
@pytest.mark.parametrize("view", views.VIEWS)
def test_an_edited_entry_breaks_nothing(
    look: Callable[..., list[dict[str, Any]]], view: str, change: dict[str, Any]
) -> None:
    """Each row is there; what the entry would say is empty."""
    rows = stored()
    for number in (1, 3):
        rows[number] |= change
    found = look(view, rows)
    assert len(found) == (5 if view == "init_runs" else 2)
    if "event" in change:
        assert found[0]["reason" if view == "init_runs" else "reference"] is None


@pytest.mark.parametrize(
    "text",
    [
        '"\\u0000"',
        '"\\ud800"',
        '"\\u20ac"',
        '{"deep":[1,2]}',
        "12",
        "null",
        '"a\\"b"',
        '"' + "x" * 100_000 + '"',
    ],
)
def test_nor_does_a_lie_with_a_right_hash(look: Callable[..., list[dict[str, Any]]], text: str) -> None:
    """Whoever may append can write any JSON. Python cannot read half a character; SQLite's own shell can."""
    rows = stored([("a", "journal_created", {}), ("a", "run_started", {"reason": 1})])
    rows[1]["event"] = rows[1]["event"].replace('"reason":1', f'"reason":{text}')
    rows[1]["hash"] = link(rows[1]["prev_hash"], rows[1]["event"])
    (run,) = look("init_runs", rows, "run, how, seconds" if "ud8" in text else "*")
    assert (run["run"], run["how"]) == ("a", "unfinished")


@some
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from(
                [
                    "run_started",
                    "run_resumed",
                    "run_continued",
                    "run_stopped",
                    "step_failed",
                    "health_validated",
                    "outage",
                ]
            ),
        ),
        max_size=12,
    )
)
def test_any_story(told: list[tuple[str, str]]) -> None:
    """The rows are what a reader of the entries counts."""
    made = entries([(run, type_, STARTED) for run, type_ in told])
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE init_journal ({', '.join(COLUMNS)})")
    marks = ", ".join("?" * len(COLUMNS))
    connection.executemany(
        f"INSERT INTO init_journal VALUES ({marks})", [tuple(entry.columns().values()) for entry in made]
    )
    for statement in views.sqlite(""):
        connection.execute(statement)
    runs = connection.execute("SELECT run, how, first_entry, last_entry, seconds FROM init_runs").fetchall()
    assert runs == counted(made)
    failures = connection.execute("SELECT entry, resolved_at FROM init_failures").fetchall()
    assert failures == [
        (one.seq, next((e.at for e in made[one.seq :] if e.type == "health_validated"), None))
        for one in made
        if one.type == "step_failed"
    ]
    connection.close()


def counted(made: Sequence[Entry]) -> list[tuple[str, str, int, int, float]]:
    """The same by a loop."""
    found = []
    begins = {"run_started", "run_resumed"}
    names = {"health_validated": "ready", "step_failed": "failed", "run_stopped": "stopped"}
    for run in dict.fromkeys(entry.run for entry in made):
        own = [entry for entry in made if entry.run == run]
        first = next((entry for entry in own if entry.type in begins), None)
        if first is None:
            continue
        signs = [entry for entry in own if entry.type in begins | {"run_continued"} | names.keys()]
        later = any(entry.type in begins and entry.seq > own[-1].seq for entry in made)
        how = names.get(signs[-1].type) or ("interrupted" if later else "unfinished")
        end = signs[-1] if signs[-1].type in names else own[-1]
        seconds = (datetime.fromisoformat(end.at) - datetime.fromisoformat(first.at)).total_seconds()
        found.append((run, how, first.seq, own[-1].seq, seconds))
    return sorted(found, key=lambda row: row[2])
