"""Which files count as edited since they were applied, and of which nothing is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command

from initdb.events.payloads.runs import Override
from initdb.statemachine import orders
from initdb.steps.survey.edits import Edit, sentences
from tests.env_py.project import Project, project
from tests.support.toy import Toy, migrated


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """Three revisions that make a table each, one seed file; nothing done yet."""
    return migrated(tmp_path, database_url)


@pytest.fixture
def ready(toy: Toy) -> Toy:
    """The same, ready."""
    assert toy.initializer().initialize().success
    return toy


def _comment(path: Path) -> None:
    path.write_text(path.read_text() + "# a comment\n")


def _revision(toy: Toy, number: int) -> Path:
    return toy.migrations / "versions" / f"00{number}_r{number}.py"


def _named(toy: Toy) -> list[str]:
    return [edit.key for edit in toy.initializer().look().edited]


def test_nothing_is_edited_at_first(ready: Toy) -> None:
    """Neither before the first boot nor after it; a file that is new was not applied."""
    assert _named(ready) == []
    ready.revision(4, "    pass")
    ready.with_seeds(2, table="t2")
    assert _named(ready) == []


def test_a_renamed_revision_is_not_edited(ready: Toy) -> None:
    """Its identifier is its name."""
    _revision(ready, 2).rename(_revision(ready, 2).with_name("second.py"))
    assert _named(ready) == []


def test_an_adopted_database_has_no_hashes(toy: Toy, tmp_path: Path) -> None:
    """Plain Alembic applied the revisions; what they were then nobody knows, so nothing is said of them."""
    old = project(toy.folder, toy.url, revisions=3)
    command.upgrade(old.config(), "heads")
    for number in (1, 2, 3):
        _comment(_revision(toy, number))
    result = toy.initializer().initialize()
    assert result.success, result.errors
    assert result.warnings == []
    for number in (1, 2):
        _revision(toy, number).unlink()
    _revision(toy, 3).write_text(_revision(toy, 3).read_text().replace("'r2'", "None"))
    assert _named(toy) == []


def test_what_models_made_has_no_hashes(tmp_path: Path, database_url: str) -> None:
    """The revisions were stamped, not run."""
    made = Toy(tmp_path, database_url, options={"schema_from": "models"}).with_revisions()
    assert made.initializer().initialize().success
    _comment(_revision(made, 1))
    assert _named(made) == []


def test_older_code_does_not_call_edited_what_it_does_not_know(ready: Toy) -> None:
    """In a rolling deployment the old code lacks the new files, and may have an old one as it was."""
    old = ready.initializer()
    ready.revision(4, "    pass")
    assert ready.initializer().initialize().success
    assert [old.look().unknown, old.look().edited] == [("r4",), ()]
    result = old.initialize()
    assert result.success
    assert [one for one in result.warnings if "edited" in one or "removed" in one] == []


def test_two_codes_that_are_ready_do_not_call_each_other_edited(ready: Toy) -> None:
    """Both have judged the database: neither env.py is an edit, whichever was ready last."""
    old = ready.initializer()
    _comment(ready.migrations / "env.py")
    new = ready.initializer()
    assert [edit.key for edit in new.look().edited] == ["env.py"]
    assert new.initialize().success
    assert old.look().edited == new.look().edited == ()
    before = ready.types()
    assert old.initialize().warnings == new.initialize().warnings == []
    assert ready.types() == before


def test_an_env_py_that_never_was_ready_is_no_edit(toy: Toy) -> None:
    """It failed, and was corrected: it is tried again by itself, and there is nothing to say."""
    env = toy.migrations / "env.py"
    right = env.read_text()
    env.write_text(right.replace("run()\n", "raise LookupError\n"))
    assert not toy.initializer().initialize().success
    env.write_text(right)
    result = toy.initializer().initialize()
    assert (result.success, result.warnings) == (True, [])


def test_a_seed_that_is_as_it_once_was_is_no_edit(ready: Toy) -> None:
    """Its content is applied, and is not applied again."""
    ready.with_seeds(6)
    assert _named(ready) == ["seed 10_t1.csv"]
    assert ready.initializer().initialize().success
    ready.with_seeds(5)
    assert _named(ready) == []
    assert ready.sql("SELECT count(*) FROM t1") == [(7,)]


def test_the_last_seed_can_be_removed(ready: Toy) -> None:
    """An empty folder of seeds is a folder of seeds."""
    (ready.seeds / "10_t1.csv").unlink()
    assert _named(ready) == ["seed 10_t1.csv"]
    result = ready.initializer().initialize()
    assert result.success
    assert "The seed 10_t1.csv, applied at" in result.warnings[0]


def test_code_that_names_no_seeds_says_nothing_of_them(ready: Toy) -> None:
    """As a command that does not know what the application passes to init_app."""
    (ready.seeds / "10_t1.csv").unlink()
    ready.seeds.rmdir()
    assert _named(ready) == []


def test_an_emptied_database_begins_anew(ready: Toy) -> None:
    """What was applied to the tables that are gone does not count, also where it would be a failure."""
    ready.sql("DROP TABLE t1", "DROP TABLE t2", "DROP TABLE t3", "DROP TABLE alembic_version")
    _comment(_revision(ready, 1))
    _comment(ready.migrations / "env.py")
    result = ready.initializer(when_edited="fail").initialize()
    assert result.success, result.errors
    assert _named(ready) == []


def test_a_revision_that_was_rolled_back_may_be_edited(ready: Toy) -> None:
    """It is not applied any more; that is how a bad one is corrected."""
    assert ready.initializer().attend(orders.roll_back(None)).ending == "done"
    _comment(_revision(ready, 3))
    assert _named(ready) == []
    assert ready.initializer(when_edited="fail").initialize().success
    assert _named(ready) == []
    _comment(_revision(ready, 3))
    assert _named(ready) == ["revision r3"]


def test_other_line_endings_do_not_end_a_hold(ready: Toy) -> None:
    """A checkout on another system must not apply what was rolled back. An edit does."""
    assert ready.initializer().attend(orders.roll_back(None)).ending == "done"
    file = _revision(ready, 3)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert ready.initializer().initialize().outcome == "held"
    _comment(file)
    assert ready.initializer().initialize().outcome == "ready"


def test_what_was_accepted_stays_accepted_if_the_run_fails(ready: Toy) -> None:
    """The order is in the journal before the work; the next boot does not ask again."""
    _comment(ready.migrations / "env.py")
    ready.with_seeds(6)
    (ready.seeds / "20_t2.py").write_text("def seed(connection):\n    raise ValueError('not yet')\n")
    strict = ready.initializer(when_edited="fail")
    assert "files-edited" in strict.initialize().errors[0]
    assert "seed-callable-failed" in strict.resume(accept_edited=True).errors[0]
    (ready.seeds / "20_t2.py").write_text("def seed(connection):\n    return 0\n")
    result = ready.initializer(when_edited="fail").initialize()
    assert result.success, result.errors
    said = [Override.read(one.data) for one in ready.initializer().entries() if one.type == "override"]
    assert [sorted(one.accepts or {}) for one in said] == [["env.py", "seed 10_t1.csv"]]


def test_the_setting_is_noticed_on_a_ready_database(ready: Toy) -> None:
    """A database that was ready with a warning is not, once the setting says that it is a failure."""
    _comment(_revision(ready, 1))
    assert ready.initializer().initialize().success
    assert "files-edited" in ready.initializer(when_edited="fail").initialize().errors[0]
    assert ready.initializer().initialize().success


def test_a_directory_that_env_py_chooses(tmp_path: Path, database_url: str) -> None:
    """Its revisions are known once env.py was asked: a run names them, and may refuse them."""
    made: Project = project(tmp_path, database_url)
    made.env("""
        context.script.version_locations = [context.script.dir + "/versions"]
        with create_engine(url).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    assert made.initializer().site.application.env_chooses
    assert made.initializer().initialize().success
    _comment(_revision(made, 1))
    result = made.initializer().initialize()
    assert (result.success, "(revision r1) was edited" in " ".join(result.warnings)) == (True, True)
    assert "files-edited" in made.initializer(when_edited="fail").initialize().errors[0]


def test_a_ready_boot_reads_files_again_only_if_they_differ(
    ready: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It compares hashes."""
    initializer = ready.initializer()
    read: list[str] = []
    real = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        read.append(path.name)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert initializer.initialize().success
    assert read == []
    _comment(_revision(ready, 1))
    changed = ready.initializer()
    read.clear()
    assert [edit.key for edit in changed.look().edited] == ["revision r1"]
    assert read == ["001_r1.py"]


def _edit(number: int, now: str | None = "b" * 64) -> Edit:
    return Edit("revision", f"r{number}", f"{number}.py", "2026-01-01T00:00:00.000000Z", "a" * 64, now)


@pytest.mark.parametrize(
    ("count", "named", "more"), [(0, 0, ""), (1, 1, ""), (6, 6, ""), (7, 5, "2 more"), (50, 5, "45 more")]
)
def test_of_many_files_the_first_are_named(count: int, named: int, more: str) -> None:
    """A log is read by people."""
    said = sentences([_edit(number) for number in range(count)])
    assert sum("(revision r" in one for one in said) == named
    assert [one.partition(" files")[0] for one in said if " more files" in one] == ([more] if more else [])


def test_what_the_next_run_settles_needs_no_accepting() -> None:
    """An edited seed is applied again, and env.py is the one of the next ready."""
    env = Edit("env.py", "env.py", "alembic/env.py", "2026-01-01T00:00:00.000000Z", "a" * 64, "b" * 64)
    seed = Edit("seed", "a.csv", "a.csv", "2026-01-01T00:00:00.000000Z", "a" * 64, "b" * 64)
    assert not any("accept" in one for one in sentences([env, seed]))
    for edit in (_edit(1), _edit(1, None), Edit("seed", "a.csv", "a.csv", seed.at, seed.was, None)):
        assert "initdb resume --accept-edited" in sentences([edit])[-1]
