"""At 100,000 entries: no query of a boot, of `status` or of a page of the journal scans or sorts them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.cli.console import Console
from tests.support.long_journal import pad
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy

LENGTH = 100_000

CALLS: Mapping[str, tuple[str, ...]] = {
    "boot": ("run",),
    "status": ("status",),
    "last": ("journal", "--last", "20"),
    "of a type": ("journal", "--last", "20", "--type", "health_validated", "--type", "step_failed"),
    "checkpoint": ("journal", "checkpoint"),
}
"""What must not take longer because a journal is long."""

STEPS = 60_000
"""How many instructions SQLite may take for a query: for a scan it takes more than a million."""

SCAN = "SELECT seq FROM init_journal WHERE at > '9' ORDER BY hash"
"""A query that these tests would refuse."""

Row = Mapping[str, Any]


@pytest.fixture
def long(console: Console, toy: Toy) -> Iterator[Engine]:
    """An application that is ready, with a long journal."""
    assert console("run").exit_code == 0
    engine = toy.engine()
    pad(engine, LENGTH)
    yield engine
    engine.dispose()


def called(console: Console, words: tuple[str, ...]) -> str:
    """What a command prints; it must not fail."""
    done = console(*words)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_queries_on_sqlite(console: Console, long: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With statistics and without: each searches by an index, and none sorts entries."""
    for analyzed in (False, True):
        if analyzed:
            with long.begin() as connection:
                connection.exec_driver_sql("ANALYZE")
        for name, words in CALLS.items():
            for statement in sent_on_sqlite(console, words, monkeypatch):
                plan, steps = explained_on_sqlite(long, statement)
                assert "TEMP B-TREE" not in plan, (name, statement, plan)
                assert steps < STEPS, (name, statement, plan, steps)

    assert explained_on_sqlite(long, SCAN)[1] > STEPS


def sent_on_sqlite(console: Console, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries on the entries that a command sends, by whatever connection."""
    sent: list[str] = []

    def traced(connect: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
        def made(*given: Any, **named: Any) -> sqlite3.Connection:
            connection = connect(*given, **named)
            connection.set_trace_callback(sent.append)
            return connection

        return made

    with monkeypatch.context() as patch:
        for module in (sqlite3, sqlite3.dbapi2):
            patch.setattr(module, "connect", traced(module.connect))
        called(console, words)
    return of_entries(sent)


def of_entries(statements: list[str]) -> list[str]:
    """Those that read entries, each once. There is one at least."""
    own = (one for one in statements if "init_journal " in one.replace('"', "") + " ")
    found = list(dict.fromkeys(one for one in own if one.lstrip().upper().startswith(("SELECT", "WITH"))))
    assert found, statements
    return found


def explained_on_sqlite(engine: Engine, statement: str) -> tuple[str, int]:
    """The plan of a query, and how many thousand instructions it took."""
    taken = [0]

    def count() -> int:
        taken[0] += 1000
        return 0

    with sqlite3.connect(str(engine.url.database)) as connection:
        plan = "; ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
        connection.set_progress_handler(count, 1000)
        connection.execute(statement).fetchall()
    connection.close()
    return plan, taken[0]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_queries_on_postgresql(console: Console, long: Engine, server: PostgresServer) -> None:
    """With statistics, as autovacuum leaves them, and without: by an index, few rows, and none sorts them."""
    for analyzed in (False, True):
        if analyzed:
            run(long, "VACUUM ANALYZE init_journal")
        for name, words in CALLS.items():
            for statement in sent_on_postgresql(console, words, long, server):
                wrong = [node for node in walked(explained(long, statement)) if is_wrong(node)]
                assert not wrong, (name, statement, wrong)
    assert any(is_wrong(node) for node in walked(explained(long, SCAN)))


def explained(engine: Engine, statement: str) -> Row:
    """The plan of a query on PostgreSQL, with how many rows each node had."""
    with engine.connect() as connection:
        explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}".replace(":", "\\:"))
        (found,) = connection.execute(explain).scalar_one()
    return found["Plan"]  # type: ignore[no-any-return]


def run(engine: Engine, statement: str) -> None:
    """Run a statement outside of a transaction."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)


def sent_on_postgresql(
    console: Console, words: tuple[str, ...], engine: Engine, server: PostgresServer
) -> list[str]:
    """The queries on the entries that a command sends, as the server logs them."""
    name = engine.url.database
    run(engine, f"ALTER DATABASE {name} SET log_statement = 'all'")
    at = server.log.stat().st_size
    called(console, words)
    run(engine, f"ALTER DATABASE {name} RESET log_statement")
    with server.log.open("rb") as log:
        log.seek(at)
        said = log.read().decode().replace("\n\t", "\n")
    return of_entries([one.partition("statement: ")[2].partition("\n20")[0] for one in said.split("LOG:  ")])


def walked(node: Row) -> Iterator[Row]:
    """A node of a plan, and those below it."""
    yield node
    for below in node.get("Plans", ()):
        yield from walked(below)


def is_wrong(node: Row) -> bool:
    """Whether a node reads the whole journal, or more of it than a page, or sorts what it reads of it."""
    below = list(walked(node))
    entries = any(one.get("Relation Name") == "init_journal" for one in below)
    scans = node.get("Relation Name") == "init_journal" and node["Node Type"] in (
        "Seq Scan",
        "Bitmap Heap Scan",
    )
    read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return entries and (scans or "Sort" in node["Node Type"] or read * node["Actual Loops"] > 1000)
