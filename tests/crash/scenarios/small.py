"""Scenarios that are cheap enough for every layer: a few tables, revisions and rows."""

from __future__ import annotations

from pathlib import Path

from initdb.statemachine import orders
from initdb.statemachine.initializer import Initializer
from tests.crash.scenario import Answer, Scenario
from tests.support.toy import Toy, table_up

CHANGE_DATA = """
    op.execute("UPDATE t1 SET name = name || '!'")
    op.execute("INSERT INTO t2 (id, name) SELECT id + 10, name || ' copied' FROM t1")"""
"""A data migration that shows when it has run twice."""

COPY_DATA = """
    op.execute("INSERT INTO t2 (id, name) SELECT id + 10, name || ' copied' FROM t1")
    op.execute("UPDATE t2 SET name = name || '!'")"""
"""The same, leaving alone the names by which seeds are known."""

MORE_DATA = """
    op.execute("INSERT INTO t3 (id, name) SELECT max(id) + 1, 'one more ' || max(id) FROM t3")
    op.execute("UPDATE t1 SET name = name || '?'")"""


def _models(folder: Path, url: str) -> Toy:
    return Toy(folder, url)


def _write_models(toy: Toy) -> None:
    toy.with_revisions().with_seeds()


def _migrations(folder: Path, url: str) -> Toy:
    return Toy(folder, url, options={"schema_from": "migrations"})


def _write_migrations(toy: Toy) -> None:
    toy.with_revisions()
    toy.revision(4, CHANGE_DATA, doc="change data")
    toy.revision(5, MORE_DATA, doc="more data")
    toy.with_seeds()


def _batches(folder: Path, url: str) -> Toy:
    return Toy(folder, url, options={"batch_size": "3"})


def _write_batches(toy: Toy) -> None:
    toy.with_revisions().with_seeds(11)
    toy.with_seeds(4, "t2")
    rows = ",\n".join(f'{{"id": {n}, "name": "json {n}"}}' for n in range(1, 8))
    (toy.seeds / "20_t3.json").write_text(f"[{rows}]\n")


def _newer(folder: Path, url: str) -> Toy:
    """At five tables once the fifth revision is there."""
    return Toy(folder, url, tables=5 if (folder / "alembic" / "versions" / "006_r6.py").exists() else 3)


def _prepare_newer(toy: Toy) -> None:
    toy.with_revisions().with_seeds()
    _ready(toy)
    toy.tables = 5
    toy.revision(4, table_up(4), '    op.drop_table("t4")')
    toy.revision(5, table_up(5), '    op.drop_table("t5")')
    toy.revision(6, COPY_DATA, doc="copy data")
    toy.with_seeds(7)


def _prepare_repair(toy: Toy) -> None:
    _write_models(toy)
    _ready(toy)
    toy.sql("DROP TABLE t2", "DROP TABLE t3")


def _prepare_rollback(toy: Toy) -> None:
    toy.with_revisions().with_seeds()
    _ready(toy)


def _roll_back(initializer: Initializer) -> Answer:
    return _reverted(initializer, "r1")


def _roll_back_one(initializer: Initializer) -> Answer:
    return _reverted(initializer, None)


def _reverted(initializer: Initializer, to: str | None) -> Answer:
    outcome = initializer.attend(orders.roll_back(to))
    return Answer(outcome.ending, (outcome.error.message, *outcome.error.context) if outcome.error else ())


def _ready(toy: Toy) -> None:
    result = toy.initializer().initialize()
    assert result.success, result.errors


SMALL = (
    Scenario(
        "models",
        "an empty database: three tables from the models, the stamp, a file of seeds",
        _models,
        _write_models,
        small=True,
        layers="ABCDEFGHIR",
    ),
    Scenario(
        "migrations",
        "an empty database: three revisions that make tables, two that change data, a file of seeds",
        _migrations,
        _write_migrations,
        small=True,
        layers="ABCDEFGHIR",
    ),
    Scenario(
        "batches",
        "seeds of three files in batches of three rows",
        _batches,
        _write_batches,
        small=True,
    ),
    Scenario(
        "newer",
        "a ready database and newer code: two tables, a data migration, two rows of seeds more",
        _newer,
        _prepare_newer,
        small=True,
    ),
    Scenario(
        "repair",
        "a ready database of which two tables without rows were dropped: validation, repair",
        _models,
        _prepare_repair,
        small=True,
        layers="ABCDEFGHIR",
    ),
    Scenario(
        "rollback",
        "a rollback of two revisions, ordered once more after the crash",
        _models,
        _prepare_rollback,
        run=_roll_back,
        resume=_roll_back,
        ends="done",
        order=True,
        small=True,
    ),
    Scenario(
        "rollback-one",
        "a rollback of the last revision, ordered once more after the crash: not of the one before it",
        _models,
        _prepare_rollback,
        run=_roll_back_one,
        resume=_roll_back_one,
        ends="done",
        order=True,
        small=True,
    ),
    Scenario(
        "lives",
        "nothing yet: whatever comes, in any order",
        _models,
        _write_models,
        layers="K",
    ),
)
