"""When a backup is made, what it holds, and what the journal says of it."""

from __future__ import annotations

import hashlib
import shutil
import stat
from pathlib import Path

import pytest
from freezegun import freeze_time

from initdb.errors import InitError
from initdb.statemachine import orders
from initdb.statemachine.decide.verdict import judge
from initdb.statemachine.render.status import status_of
from tests.backups.kept import Kept, names_in
from tests.support.toy import Toy


def test_a_backup_comes_before_the_first_change(kept: Kept) -> None:
    """It holds what was there before. The journal has it between the inspection and the revision."""
    before = kept.names()
    result = kept.toy.initializer().initialize()
    (backup,) = kept.files()
    assert f"backed up: {backup}" in result.steps_completed
    assert names_in(backup) == before != kept.names()
    if kept.toy.url.startswith("postgresql"):
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    types = kept.toy.types()
    assert types[-5:] == [
        "run_started",
        "database_inspected",
        "backup_made",
        "migration_applied",
        "health_validated",
    ]
    (event,) = kept.events()
    assert event.data["file"] == str(backup)
    assert event.data["size"] == backup.stat().st_size
    assert event.data["digest"] == hashlib.sha256(backup.read_bytes()).hexdigest()
    assert ("command" in event.data) == kept.toy.url.startswith("postgresql")


def test_a_run_with_nothing_to_change_makes_none(kept: Kept) -> None:
    """A boot of a ready database, and one that only has to validate again; nor did the first boot."""
    assert kept.files() == []
    kept.run()
    kept.run()
    kept.toy.options["repair"] = "never"
    kept.run()
    assert len(kept.files()) == len(kept.events()) == 1
    assert kept.toy.types()[-1] == "health_validated"


def test_each_kind_of_change_has_one(kept: Kept) -> None:
    """A revision, a rollback, new seeds."""
    kept.run()
    kept.toy.initializer().attend(orders.roll_back(None))
    kept.toy.initializer().attend(orders.release(()))
    kept.run()
    kept.toy.with_seeds(7)
    kept.run()
    changes = [
        "migration_applied",
        "migration_reverted",
        "migration_applied",
        "seed_batch_applied",
    ]
    types = kept.toy.types()
    places = [number for number, kind in enumerate(types) if kind == "backup_made"]
    assert [types[number + 1] for number in places] == changes
    assert len(kept.files()) == len(changes)


def test_a_repair_has_one(kept: Kept) -> None:
    """Not if it is forbidden: then nothing changes."""
    shutil.rmtree(kept.toy.folder / "alembic")
    toy = kept.toy = Toy(kept.toy.folder, kept.toy.url, options=kept.toy.options | {"schema_from": "models"})
    _drop_journal(toy)
    toy.sql(*(f"DROP TABLE {name}" for name in ("t1", "t2", "t3", "alembic_version")))
    kept.run()
    toy.sql("DROP TABLE t3")
    toy.options["repair"] = "never"
    assert not toy.initializer().initialize().success
    assert not kept.events()
    toy.options["repair"] = "safe"
    kept.run()
    assert toy.types()[-4:-1] == ["defects_found", "backup_made", "repair_applied"]


def test_several_changes_of_one_run_have_one(kept: Kept) -> None:
    """Two revisions and seeds."""
    kept.toy.revision(5, "    op.execute(\"UPDATE t2 SET name = name || '?'\")")
    kept.toy.with_seeds(7)
    kept.run()
    assert len(kept.files()) == len(kept.events()) == 1


def test_it_is_off_by_default(kept: Kept) -> None:
    """Nothing is made, nothing is noted."""
    del kept.toy.options["backup"]
    kept.run()
    assert not kept.files() and not kept.events()


def test_tables_that_others_made_are_backed_up_before_a_first_boot(kept: Kept) -> None:
    """The database is not initdb's yet, but holds tables."""
    kept.toy.sql(*(f"DROP TABLE {name}" for name in ("t1", "t2", "t3", "alembic_version")))
    _drop_journal(kept.toy)
    kept.toy.sql("CREATE TABLE theirs (id INTEGER)", "INSERT INTO theirs VALUES (1)")
    kept.run()
    types = kept.toy.types()
    assert types[:4] == ["journal_created", "run_started", "database_inspected", "backup_made"]
    assert len(kept.files()) == 1


def _drop_journal(toy: Toy) -> None:
    names = ("init_journal", "init_journal_head", "init_journal_version")
    cascade = " CASCADE" if toy.url.startswith("postgresql") else ""
    toy.sql(*(f"DROP TABLE {name}{cascade}" for name in names))


def test_none_is_removed_or_overwritten(kept: Kept) -> None:
    """Within a second names are different too. What is not ours stays."""
    kept.folder.mkdir()
    (kept.folder / "notes.backup").write_text("mine")
    with freeze_time("2026-11-23T08:06:41Z"):
        for number in range(5, 8):
            kept.toy.revision(number, f"    op.execute(\"UPDATE t2 SET name = name || '{number}'\")")
            kept.run()
    files = [path for path in kept.files() if path.name != "notes.backup"]
    assert len(files) == 3 and {event.data["file"] for event in kept.events()} == set(map(str, files))
    assert (kept.folder / "notes.backup").read_text() == "mine"


def test_a_failure_names_the_first_since_ready(kept: Kept) -> None:
    """It is what one goes back to after a deployment that failed again and again. So does the status."""
    for number in range(2):
        kept.toy.revision(4, f"    raise ValueError({number})")
        outcome = kept.toy.initializer().attend()
        assert outcome.error is not None and outcome.error.reference == "revision-failed"
        said = outcome.error.advice[-1]
        first = kept.events()[0].data["file"]
        assert said.startswith("The backup from before the changes, made at ")
        assert said.endswith(f": {first}; to go back to it: initdb restore")
    assert len(kept.files()) == 2
    initializer = kept.toy.initializer()
    seen = initializer.look()
    assert status_of(seen, judge(seen), at_work=False).backup == first


def test_a_failure_is_retried_with_the_backup_that_is_there(kept: Kept) -> None:
    """A boot that retries a failure which passes makes no other one. A person's order and other code do."""
    kept.toy.revision(4, "    from initdb.errors import InitError\n    raise InitError('disk-full')")
    for _ in range(3):
        assert not kept.toy.initializer().initialize().success
    assert (len(kept.events("step_failed")), len(kept.events())) == (3, 1)
    assert not kept.toy.initializer().resume().success
    assert len(kept.events()) == 2
    kept.toy.revision(4, "    op.execute(\"UPDATE t2 SET name = name || '!'\")")
    kept.run()
    assert len(kept.events()) == 3


def test_rows_that_do_not_fit_without_a_backup(kept: Kept) -> None:
    """The error says how to make one before anything is corrected."""
    del kept.toy.options["backup"]
    kept.toy.revision(4, "    op.execute('INSERT INTO t2 (id, name) SELECT id, name FROM t2')")
    outcome = kept.toy.initializer().attend()
    assert outcome.error is not None and outcome.error.reference == "data-migration-failed"
    assert "Without a backup from before this run, make one" in outcome.error.advice[-1]


@pytest.mark.parametrize("command", ["pg_dump", "pg_dump --file={flie}", "pg_dump > {file}", "a 'b"])
def test_a_command_that_cannot_work_is_refused_at_once(command: str, tmp_path: Path) -> None:
    """Nothing was connected to."""
    with pytest.raises(InitError) as caught:
        Toy(tmp_path, "postgresql+psycopg2://nowhere/x").initializer(backup_command=command)
    assert caught.value.reference == "bad-setting"


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, "backup_command is not set"),
        ({"backup_command": "pg_dump --file={file}"}, "backup_folder is not set"),
    ],
)
def test_on_postgresql_it_has_to_be_set_up(tmp_path: Path, options: dict[str, str], missing: str) -> None:
    """Nothing was connected to. A container's own disk would lose the file, so no folder is assumed."""
    options = {"backup": "before-changes", **options}
    with pytest.raises(InitError) as caught:
        Toy(tmp_path, "postgresql+psycopg2://nowhere/x", options=options).initializer()
    assert caught.value.reference == "backup-not-set-up" and missing in caught.value.context[0]


def test_a_sqlite_backup_is_beside_the_file(kept_file: Kept) -> None:
    """Where no folder is set. Its name begins with that of the file, and it has its mode. It stands alone."""
    del kept_file.toy.options["backup_folder"]
    Path(kept_file.toy.url.removeprefix("sqlite:///")).chmod(0o640)
    kept_file.run()
    (event,) = kept_file.events()
    backup = Path(event.data["file"])
    assert backup.name.startswith("test.db.2") and backup.parent == kept_file.toy.folder
    assert stat.S_IMODE(backup.stat().st_mode) == 0o640
    assert {path.name for path in backup.parent.glob("test.db.*")} == {backup.name}
