"""Scenarios that are long: thirty revisions, ten thousand rows; and such as need more than a few tables."""

from __future__ import annotations

from pathlib import Path

from initdb.events.head import SCHEMA_VERSION
from tests.crash.scenario import Scenario
from tests.support.toy import Toy, table_up

REVISIONS = 30
ROWS = 10_000

CHANGE = """
    op.execute("UPDATE t1 SET name = name || '{number}'")
    op.execute("INSERT INTO t2 (id, name) SELECT max(id) + 1, 'from revision {number}' FROM t2")"""

FORK = """
    import os, time
    op.execute("UPDATE t1 SET name = name || ' before the fork'")
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(0.2)
        os._exit(0)
    os.wait()
    op.execute("UPDATE t1 SET name = name || ' and after'")"""
"""A process of its own, left alone, which inherits the connection's socket and lives a while longer."""

_GUARD = "init_journal_head_move"


def _migrations(folder: Path, url: str) -> Toy:
    return Toy(folder, url, options={"schema_from": "migrations"})


def _write_thirty(toy: Toy) -> None:
    """Every third changes data; the models are left behind, and with them what validation compares."""
    toy.with_revisions(2)
    for number in range(3, REVISIONS + 1):
        if number % 3 == 0:
            toy.revision(number, CHANGE.format(number=number), doc=f"change data {number}")
        else:
            toy.revision(number, table_up(number), f'    op.drop_table("t{number}")')


def _write_rows(toy: Toy) -> None:
    toy.with_revisions().with_seeds(ROWS)
    toy.with_seeds(ROWS // 10, "t2")


def _write_fork(toy: Toy) -> None:
    toy.with_revisions()
    toy.revision(4, FORK, doc="fork")
    toy.with_seeds()


def _prepare_upgrade(toy: Toy) -> None:
    """Ready, with a journal as version 1 made it, and seeds that are new."""
    toy.with_revisions().with_seeds()
    result = toy.initializer().initialize()
    assert result.success, result.errors
    if toy.url.startswith("sqlite"):
        ((made,),) = toy.sql(f"SELECT sql FROM sqlite_schema WHERE name = '{_GUARD}'")
        off, on = f"DROP TRIGGER {_GUARD}", str(made)
    else:
        off, on = (f"ALTER TABLE init_journal_head {word} TRIGGER {_GUARD}" for word in ("DISABLE", "ENABLE"))
    assert SCHEMA_VERSION > 1
    toy.sql(
        off,
        "UPDATE init_journal_head SET schema_version = 1",
        on,
        "DROP INDEX init_journal_run",
        "DROP INDEX init_journal_type_seq",
        "UPDATE init_journal_version SET version_num = '0001'",
    )
    toy.with_seeds(8)


LARGER = (
    Scenario(
        "thirty",
        "an empty database and thirty revisions, every third of them a data migration",
        _migrations,
        _write_thirty,
    ),
    Scenario(
        "rows",
        "seeds of ten thousand rows in batches of a thousand, and of a thousand in one",
        Toy,
        _write_rows,
    ),
    Scenario(
        "forks",
        "a revision that forks a process which outlives it",
        _migrations,
        _write_fork,
    ),
    Scenario(
        "upgrade",
        "a journal of version 1 whose tables are upgraded by the first run that has work",
        Toy,
        _prepare_upgrade,
        small=True,
        layers="ABCDEFGHIR",
    ),
)
