"""A run does what its plan said, from every state of a database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import MetaData

from initdb.events.entry import Entry
from initdb.statemachine.decide.plan import Intent, why_not
from initdb.statemachine.loop.foresee import foresee
from initdb.statemachine.table import work_name
from tests.support.toy import Toy

EVENTS = {
    "schema_created": "create_schema",
    "schema_adopted": "adopt",
    "migration_applied": "migrate",
    "seed_batch_applied": "seed",
    "health_validated": "validate",
    "repair_applied": "repair",
}


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """An application with models, three revisions and a seed."""
    return Toy(tmp_path, database_url).with_revisions().with_seeds()


def planned(toy: Toy, **options: object) -> tuple[Intent, ...]:
    """What a run would do now."""
    return foresee(toy.initializer(**options).site).plan.intents


def done(toy: Toy, **options: object) -> list[str]:
    """What a run did: its steps in order, each of them once."""
    entries: list[Entry] = []
    assert toy.initializer(entries.append, **options).initialize().success
    steps = [EVENTS[entry.type] for entry in entries if entry.type in EVENTS]
    return list(dict.fromkeys(steps))


def steps(intents: tuple[Intent, ...]) -> list[str]:
    return list(dict.fromkeys(intent.step for intent in intents))


def by_hand(toy: Toy, metadata: MetaData) -> None:
    """Create the tables without initdb."""
    engine = toy.engine()
    metadata.create_all(engine)
    engine.dispose()


def test_an_empty_database(toy: Toy) -> None:
    """The models' tables, the stamp, the seed and the validation are planned."""
    intents = planned(toy)
    assert steps(intents) == done(toy) == ["create_schema", "seed", "validate"]
    assert intents[0].note == "t1, t2, t3; then stamp r3: the revisions need not run"


def test_a_schema_from_its_revisions(toy: Toy) -> None:
    """Each revision is planned by name."""
    intents = planned(toy, schema_from="migrations")
    assert [intent.subject for intent in intents][:3] == ["r1", "r2", "r3"]
    assert steps(intents) == done(toy, schema_from="migrations") == ["migrate", "seed", "validate"]


def test_tables_that_somebody_made(toy: Toy) -> None:
    """They are adopted if they match."""
    by_hand(toy, toy.metadata())
    intents = planned(toy)
    assert steps(intents) == done(toy) == ["adopt", "seed", "validate"]
    assert "stamp r3" in intents[0].note


def test_a_new_revision_and_a_changed_seed(toy: Toy) -> None:
    """Only what is new is planned."""
    toy.initializer().initialize()
    toy.tables = 4
    toy.with_revisions().with_seeds(rows=7)
    intents = planned(toy)
    assert [(one.step, one.subject) for one in intents][:2] == [("migrate", "r4"), ("seed", "10_t1.csv")]
    assert steps(intents) == done(toy)


def test_a_version_table_that_lost_its_rows(toy: Toy) -> None:
    """It is repaired first."""
    toy.initializer().initialize()
    toy.sql("DELETE FROM alembic_version")
    intents = planned(toy)
    lost = "it has lost r1, r2, r3"
    assert intents[0] == Intent("repair", "the version table", lost, "repair_applied", ("r3",))
    assert steps(intents) == done(toy) == ["repair", "validate"]


def test_a_ready_database(toy: Toy) -> None:
    """Nothing is planned, and the plan says why."""
    toy.initializer().initialize()
    assert planned(toy) == ()
    assert done(toy) == []
    assert why_not(toy.initializer().verdict()) == "The database is ready: a boot does nothing."


def test_why_nothing_would_be_done(toy: Toy) -> None:
    """The database is held, has failed, or is ahead."""
    toy.initializer().initialize()
    toy.tables = 4
    toy.revision(4, "    raise ValueError('no')")
    assert not toy.initializer().initialize().success
    assert "(revision-failed, journal entry" in why_not(toy.initializer().verdict())
    (toy.migrations / "versions" / "004_r4.py").unlink()
    (toy.migrations / "versions" / "003_r3.py").unlink()
    toy.tables = 3
    assert "does not know: r3" in why_not(toy.initializer().verdict())


def test_the_state_is_what_the_machine_makes_of_the_facts(toy: Toy) -> None:
    """It is the word that the journal would have."""
    assert work_name(foresee(toy.initializer().site).plan.state) == "create_schema"
