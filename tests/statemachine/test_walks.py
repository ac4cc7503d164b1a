"""Walks through real databases that the machine must survive."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from sqlalchemy import Engine

from initdb import __version__
from initdb.events.entry import Entry
from initdb.settings import Settings
from initdb.statemachine import orders
from initdb.statemachine.initializer import Initializer
from tests.support.crash import cannot_append
from tests.support.toy import Toy, table_up


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """An application with three tables, three revisions and one seed file, before its first boot."""
    return Toy(tmp_path, database_url).with_revisions().with_seeds()


def rows(toy: Toy) -> int:
    return int(toy.sql("SELECT count(*) FROM t1")[0][0])


def test_an_empty_database_is_created_seeded_and_validated(toy: Toy) -> None:
    """One call leads from nothing to ready, with one event for each step."""
    result = toy.initializer().initialize()
    assert result.success, result.errors
    assert toy.types() == [
        "journal_created",
        "run_started",
        "database_inspected",
        "schema_created",
        "seed_batch_applied",
        "health_validated",
    ]
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]
    assert rows(toy) == 5


def test_events_say_by_whom_and_which_attempt(toy: Toy) -> None:
    """Each event has host, process, application and version. The first one says who owns the journal, a
    failure its step, and a run the attempt."""
    toy.revision(3, "    1 / 0")
    toy.options["schema_from"] = "migrations"
    first = toy.initializer()
    first.initialize()
    for _ in range(2):
        first.attend(orders.again("test"))
    entries = list(first.entries())
    here = {"host": socket.gethostname(), "pid": os.getpid(), "app": "toy", "initdb": __version__}
    assert all(entry.by.items() >= here.items() for entry in entries)
    assert all(entry.by["uid"] == os.geteuid() for entry in entries)
    created = entries[0].data
    assert created["journal"] == entries[0].run and created["application"] == "application"
    assert created["schema"] == ("main" if toy.url.startswith("sqlite") else "public")
    assert created["database"] == toy.url.partition(":")[0].partition("+")[0] and created["server"]
    assert {entry.data["step"] for entry in entries if entry.type == "step_failed"} == {"migrate"}
    tries = [(e.type, e.attempt, e.data.get("attempt")) for e in entries if e.type.startswith("run_")]
    assert tries == [("run_started", 1, 1), ("run_started", 1, 1), ("run_started", 2, 2)]


def test_a_second_boot_writes_nothing(toy: Toy) -> None:
    """A ready database is left alone."""
    toy.initializer().initialize()
    before = toy.types()
    result = toy.initializer().initialize()
    assert (result.success, result.steps_completed) == (True, [])
    assert toy.types() == before


def test_without_seeds_a_schema_leads_straight_to_validation(tmp_path: Path, database_url: str) -> None:
    """An application needs no seeds."""
    toy = Toy(tmp_path, database_url).with_revisions()
    assert toy.initializer().initialize().success
    assert "seed_batch_applied" not in toy.types()


def test_without_migrations_the_models_make_the_schema(tmp_path: Path, database_url: str) -> None:
    """An application needs no revisions."""
    toy = Toy(tmp_path, database_url).with_seeds()
    assert toy.initializer().initialize().success
    assert rows(toy) == 5


def test_the_schema_may_come_from_the_migrations(toy: Toy) -> None:
    """Each revision has one event. The seeds follow."""
    toy.options["schema_from"] = "migrations"
    assert toy.initializer().initialize().success
    assert toy.types().count("migration_applied") == 3
    assert rows(toy) == 6


def test_a_base_schema_is_followed_by_the_migrations(tmp_path: Path, database_url: str) -> None:
    """Some directories begin after tables that the application makes from other metadata."""
    toy = Toy(tmp_path, database_url).with_revisions()
    base = Toy(tmp_path, database_url, tables=1).metadata()
    toy.revision(1, "    op.execute(\"INSERT INTO t1 (id, name) VALUES (1, 'base was there')\")")
    initializer = toy.initializer(schema_from="base", base="json:loads")
    from dataclasses import replace

    initializer.site.application = replace(initializer.site.application, base=base)
    result = initializer.initialize()
    assert result.success, result.errors
    types = toy.types()
    assert types.index("schema_created") < types.index("migration_applied")
    assert rows(toy) == 1


def test_new_revisions_are_applied_to_a_ready_database(toy: Toy) -> None:
    """The run says which parts changed."""
    toy.initializer().initialize()
    toy.tables = 4
    toy.revision(4, table_up(4))
    seen: list[Entry] = []
    assert toy.initializer(seen.append).initialize().success
    assert seen[0].data["reason"] == "changed"
    assert seen[0].data["changed"] == ["migrations", "models"]
    assert [entry.type for entry in seen].count("migration_applied") == 1


def test_a_failing_revision_is_tried_once_by_the_same_code(toy: Toy) -> None:
    """The second boot shows the stored error without a retry. A person's resume retries."""
    toy.initializer().initialize()
    path = toy.revision(4, "    1 / 0")
    first = toy.initializer().initialize()
    attempts = len(toy.types())
    second = toy.initializer().initialize()
    assert not first.success
    assert first.errors == second.errors
    assert "revision-failed" in first.errors[0]
    assert "004_r4.py line" in first.errors[0]
    assert len(toy.types()) == attempts
    third = toy.initializer().resume()
    assert not third.success
    assert toy.types()[attempts:] == ["run_started", "override", "database_inspected", "step_failed"]
    path.write_text(path.read_text().replace("1 / 0", "pass"))
    assert toy.initializer().initialize().success


def test_old_good_code_beside_new_broken_code_writes_nothing(toy: Toy) -> None:
    """The validation of the old code counts as long as the database does not change."""
    old = toy.initializer()
    old.initialize()
    toy.revision(4, "    1 / 0")
    toy.initializer().initialize()
    before = toy.types()
    assert old.initialize().success
    assert toy.types() == before


def test_old_code_on_a_newer_database_serves_and_leaves_it_alone(toy: Toy) -> None:
    """The database is ahead: there is no event and no rollback, and the revision is named."""
    old = toy.initializer()
    old.initialize()
    toy.tables = 4
    toy.revision(4, table_up(4))
    toy.initializer().initialize()
    before = toy.types()
    result = old.initialize()
    assert (result.success, result.outcome) == (True, "ahead")
    assert "r4" in result.warnings[0]
    assert toy.types() == before


def test_a_rollback_by_two_is_held_until_it_is_released(toy: Toy) -> None:
    """No boot applies the revisions again until a person releases them."""
    toy.initializer().initialize()
    assert toy.initializer().attend(orders.roll_back("r1")).ending == "done"
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    before = toy.types()
    held = toy.initializer().initialize()
    assert (held.outcome, held.success) == ("held", True)
    assert toy.initializer(when_held="exit").initialize().exit_code == 3
    assert toy.types() == before
    toy.initializer().attend(orders.release([]))
    assert toy.initializer().initialize().success
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]


def test_a_release_and_its_end_are_one(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the end cannot be written, nothing is released, and the order can be given again."""
    toy.initializer().initialize()
    toy.initializer().attend(orders.roll_back(None))
    cannot_append(monkeypatch, "run_stopped")
    assert toy.initializer().attend(orders.release(["r3"])).ending == "failed"
    monkeypatch.undo()
    assert "hold_released" not in toy.types()
    assert toy.initializer().attend(orders.release(["r3"])).ending == "done"
    assert toy.types()[-2:] == ["hold_released", "run_stopped"]


def test_new_code_on_a_held_database_stays_held(toy: Toy) -> None:
    """A later revision needs the held one. A held revision whose file changed is a new one."""
    toy.initializer().initialize()
    toy.initializer().attend(orders.roll_back(None))
    toy.tables = 4
    toy.revision(4, table_up(4))
    assert toy.initializer().initialize().outcome == "held"
    toy.revision(3, table_up(3), '    op.drop_table("t3")', doc="fixed")
    result = toy.initializer().initialize()
    assert (result.outcome, result.errors) == ("ready", [])


def test_code_without_the_held_revision_goes_on_to_ready(toy: Toy) -> None:
    """To deploy the code from before the revision is a way out."""
    toy.initializer().initialize()
    toy.initializer().attend(orders.roll_back(None))
    (toy.migrations / "versions" / "003_r3.py").unlink()
    toy.tables = 2
    result = toy.initializer().initialize()
    assert (result.outcome, result.errors) == ("ready", [])


def test_a_defective_database_can_be_rolled_back(toy: Toy) -> None:
    """The table has a row for it."""
    toy.initializer(repair="never").initialize()
    toy.sql("DROP TABLE t2")
    failed = toy.initializer(repair="never").initialize()
    assert not failed.success
    assert toy.initializer(repair="never").attend(orders.roll_back(None)).ending == "done"
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r2",)]


def test_tables_made_by_hand_after_a_crash_are_adopted_when_they_match(toy: Toy) -> None:
    """The journal knows of no schema, and a person made the tables. If they match exactly, they are
    adopted."""
    from tests.support.crash import killed_after

    killed_after(toy, "database_inspected")
    engine = toy.engine()
    toy.metadata().create_all(engine)
    engine.dispose()
    result = toy.initializer().initialize()
    assert result.success, result.errors
    assert "schema_adopted" in toy.types()
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]


def test_without_revisions_tables_that_match_are_adopted(toy: Toy, engine: Engine) -> None:
    """In the transaction that records it."""
    toy.metadata().create_all(engine)
    initializer = Initializer(engine, metadata=toy.metadata(), settings=Settings())
    result = initializer.initialize()
    assert result.success, result.errors
    assert "schema_adopted" in [entry.type for entry in initializer.entries()]


def test_tables_that_do_not_match_are_not_adopted(toy: Toy) -> None:
    """The error names the differences, and a person may say which revision the tables are at."""
    toy.sql("CREATE TABLE t1 (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE)")
    result = toy.initializer().initialize()
    assert not result.success
    assert "adoption-refused" in result.errors[0]
    assert "t2" in result.errors[0]
    order = orders.resume(toy.initializer().look(), mark=["r1"])
    assert toy.initializer().attend(order).ending == "ready"
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]


def test_a_database_made_by_alembic_is_taken_on_as_it_stands(toy: Toy) -> None:
    """By its version rows it is behind. Nothing is created or stamped again."""
    toy.sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('r1')",
        "CREATE TABLE t1 (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE)",
    )
    assert toy.initializer().initialize().success
    types = toy.types()
    assert types.count("migration_applied") == 2
    assert "schema_created" not in types


def test_new_code_goes_on_in_the_middle_of_an_unfinished_run(toy: Toy) -> None:
    """The interrupted run is named, and the new code's own revision is applied too."""
    from tests.support.crash import killed_after

    toy.options["schema_from"] = "migrations"
    killed_after(toy, "migration_applied")
    toy.tables = 4
    toy.revision(4, table_up(4))
    seen: list[Entry] = []
    result = toy.initializer(seen.append).initialize()
    assert result.success, result.errors
    assert seen[0].type == "run_resumed"
    assert seen[0].data["interrupted"]["last"] == "migration_applied"
    assert toy.types().count("migration_applied") == 4


def test_a_lost_version_row_is_restored_where_the_tables_prove_it(toy: Toy) -> None:
    """Journal and version table contradict each other, and the tables decide."""
    toy.initializer().initialize()
    toy.sql("UPDATE alembic_version SET version_num = 'r2'")
    result = toy.initializer().initialize()
    assert result.success, result.errors
    assert "repair_applied" in toy.types()
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]


def test_a_downgrade_by_hand_is_asked_about(toy: Toy) -> None:
    """It may have been intended or not. The error names both ways out, and both work."""
    toy.initializer().initialize()
    toy.sql("UPDATE alembic_version SET version_num = 'r2'", "DROP TABLE t3")
    result = toy.initializer().initialize()
    assert not result.success
    assert "history-conflict" in result.errors[0]
    assert "--retry" in result.errors[0]
    assert not toy.initializer().initialize().success
    order = orders.resume(toy.initializer().look(), retry=["r3"])
    outcome = toy.initializer().attend(order)
    assert outcome.ending == "ready", outcome.error
    assert toy.sql("SELECT count(*) FROM t3") == [(1,)]


def test_revisions_applied_outside_are_recorded(toy: Toy) -> None:
    """A person ran plain Alembic. The journal records it, and the run goes on."""
    toy.initializer().initialize()
    toy.tables = 4
    toy.revision(4, table_up(4))
    toy.sql(
        "CREATE TABLE t4 (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE)",
        "UPDATE alembic_version SET version_num = 'r4'",
    )
    seen: list[Entry] = []
    assert toy.initializer(seen.append).initialize().success
    inspected = next(entry for entry in seen if entry.type == "database_inspected")
    assert inspected.data["outside"] == ["r4"]


def test_a_dropped_table_is_made_again_and_seeded_by_order(toy: Toy) -> None:
    """It had rows, so a boot stops. The repair is a transaction, and leads to what is still to be done."""
    toy.initializer().initialize()
    toy.sql("DROP TABLE t1")
    stopped = toy.initializer().initialize()
    assert not stopped.success and "table-lost" in stopped.errors[0]
    assert toy.initializer().attend(orders.again("repair")).ending == "ready"
    assert rows(toy) == 5
    types = toy.types()[6:]
    assert types.index("defects_found") < types.index("repair_applied") < types.index("seed_batch_applied")


def test_everything_dropped_by_hand_is_made_anew(toy: Toy) -> None:
    """An empty database has no data to lose."""
    toy.initializer().initialize()
    toy.sql("DROP TABLE t1", "DROP TABLE t2", "DROP TABLE t3", "DROP TABLE alembic_version")
    result = toy.initializer().initialize()
    assert result.success, result.errors
    assert rows(toy) == 5
    assert toy.types().count("schema_created") == 2


def test_a_defect_fixed_by_hand_is_noticed(toy: Toy) -> None:
    """The failure was on another catalogue, so the run does not adopt it."""
    toy.initializer(repair="never").initialize()
    toy.sql("DROP TABLE t2")
    assert not toy.initializer(repair="never").initialize().success
    toy.sql("CREATE TABLE t2 (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE)")
    result = toy.initializer(repair="never").initialize()
    assert result.success, result.errors


def test_changed_seeds_are_applied_and_old_code_does_not_flap(toy: Toy) -> None:
    """Two versions of the code share one database. Each is known, and neither writes again."""
    old = toy.initializer()
    old.initialize()
    toy.with_seeds(7)
    new = toy.initializer()
    assert new.initialize().success
    assert rows(toy) == 7
    assert old.initialize().success
    before = toy.types()
    assert new.initialize().success
    assert old.initialize().success
    assert toy.types() == before
    assert rows(toy) == 7


def test_a_changed_applied_revision_stops_the_next_one(toy: Toy) -> None:
    """The next revision was not written for the changed one. A person may accept it."""
    toy.options["schema_from"] = "migrations"
    toy.initializer().initialize()
    toy.revision(2, table_up(2), doc="edited afterwards")
    toy.tables = 4
    toy.revision(4, table_up(4))
    result = toy.initializer().initialize()
    assert not result.success
    assert "revision-changed" in result.errors[0]
    order = orders.resume(toy.initializer().look(), mark=["r2"])
    outcome = toy.initializer().attend(order)
    assert outcome.ending == "ready", outcome.error
