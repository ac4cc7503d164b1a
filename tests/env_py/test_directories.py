"""Where revisions are and in which order: folders, branches, merges, a folder that env.py chooses."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command

from initdb.managers.open_look import open_look
from initdb.statemachine import orders
from tests.env_py.project import Project, brought_to_ready, project, state
from tests.support.crash import killed_after
from tests.support.toy import table_up

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = {name!r}
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {needs!r}


def upgrade():
    op.create_table({name!r}, sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table({name!r})
"""


def write(
    folder: Path,
    name: str,
    down: str | tuple[str, ...] | None = None,
    labels: str | None = None,
    needs: str | tuple[str, ...] | None = None,
) -> None:
    """One revision, which makes a table of its own name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(REVISION.format(name=name, down=down, labels=labels, needs=needs))


@pytest.fixture
def bare(tmp_path: Path, database_url: str) -> Project:
    """No revision yet."""
    return project(tmp_path, database_url, revisions=0)


def forked_and_merged(versions: Path) -> None:
    """Base, two branches of two, their merge, and one more."""
    write(versions, "a0")
    write(versions, "b1", "a0")
    write(versions, "b2", "b1")
    write(versions, "c1", "a0")
    write(versions, "c2", "c1")
    write(versions, "d0", ("b2", "c2"))
    write(versions, "e0", "d0")


def labelled(versions: Path) -> None:
    """Two histories with labels; one needs a revision of the other."""
    write(versions, "a1", labels="shop")
    write(versions, "a2", "a1")
    write(versions, "b1", labels="stock", needs="a1")
    write(versions, "b2", "b1", needs="a2")
    write(versions, "a3", "a2", needs="b1")


@pytest.mark.parametrize("history", [forked_and_merged, labelled])
def test_branches_are_applied_in_plain_alembics_order(
    bare: Project, plain_url: str, history: Callable[[Path], None]
) -> None:
    """The order is that of `alembic upgrade heads`, and so are the rows of the version table."""
    history(bare.migrations / "versions")
    brought_to_ready(bare, plain_url)
    assert sorted(bare.applied()) == sorted(one.stem for one in (bare.migrations / "versions").glob("*.py"))


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("history", [forked_and_merged, labelled])
def test_killed_between_branches_the_rest_is_applied(
    tmp_path: Path, sqlite_url: str, history: Callable[[Path], None], count: int
) -> None:
    """Half of one branch and half of the other: the version table has two rows meanwhile."""
    made = project(tmp_path, sqlite_url, revisions=0)
    history(made.migrations / "versions")
    killed_after(made, "migration_applied", count)
    brought_to_ready(made, f"sqlite:///{tmp_path / 'plain.db'}")
    assert sorted(made.applied()) == sorted(one.stem for one in (made.migrations / "versions").glob("*.py"))


def test_a_merge_is_rolled_back_to_two_heads_and_on_to_base(bare: Project) -> None:
    """Each step is one event; the merge leaves two rows behind."""
    forked_and_merged(bare.migrations / "versions")
    assert bare.initializer().initialize().success
    assert bare.initializer().attend(orders.roll_back("d0")).ending == "done"
    assert bare.initializer().attend(orders.roll_back(None)).ending == "done"
    assert bare.sql("SELECT version_num FROM alembic_version ORDER BY 1") == [("b2",), ("c2",)]
    refused = bare.initializer().attend(orders.roll_back(None))
    assert refused.error is not None
    assert refused.error.reference == "rollback-refused"
    outcome = bare.initializer().attend(orders.roll_back("base"))
    assert outcome.ending == "done", outcome.error
    reverted = [str(entry.data["revision"]) for entry in bare.events("migration_reverted")]
    assert reverted[:2] == ["e0", "d0"]
    assert sorted(reverted) == ["a0", "b1", "b2", "c1", "c2", "d0", "e0"]
    assert bare.sql("SELECT count(*) FROM alembic_version") == [(0,)]
    assert bare.initializer().initialize().outcome == "held"
    bare.initializer().attend(orders.release([]))
    result = bare.initializer().initialize()
    assert result.success, result.errors
    assert bare.sql("SELECT version_num FROM alembic_version") == [("e0",)]


def test_a_rollback_to_a_revision_leaves_the_other_branch_alone(bare: Project) -> None:
    """Only what rests on it is reverted."""
    versions = bare.migrations / "versions"
    write(versions, "a1", labels="shop")
    write(versions, "a2", "a1")
    write(versions, "b1", labels="stock")
    assert bare.initializer().initialize().success
    outcome = bare.initializer().attend(orders.roll_back("a1"))
    assert outcome.ending == "done", outcome.error
    assert bare.sql("SELECT version_num FROM alembic_version ORDER BY 1") == [("a1",), ("b1",)]


def test_revisions_in_several_folders(bare: Project, plain_url: str) -> None:
    """version_locations of an alembic.ini, absolute and relative to it."""
    write(bare.folder / "shop" / "versions", "a1")
    write(bare.folder / "stock" / "versions", "b1", needs="a1")
    ini = bare.folder / "alembic.ini"
    ini.write_text(
        "[alembic]\nscript_location = %(here)s/alembic\npath_separator = os\n"
        f"version_locations = {bare.folder / 'shop' / 'versions'}{os.pathsep}%(here)s/stock/versions\n"
    )
    bare.given = ini
    result = bare.initializer().initialize()
    assert result.success, result.errors
    assert bare.applied() == ["a1", "b1"]
    plain = bare.config(plain_url)
    plain.set_main_option("path_separator", "os")
    plain.set_main_option(
        "version_locations", os.pathsep.join(str(bare.folder / one / "versions") for one in ("shop", "stock"))
    )
    command.upgrade(plain, "heads")
    assert state(bare.url) == state(plain_url)


@pytest.mark.parametrize("where", ["beside the ini", "elsewhere"])
def test_a_relative_script_location(made: Project, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Taken from the working directory, and where it is not there, from the folder of the ini."""
    made.given = made.folder / "alembic.ini"
    made.given.write_text("[alembic]\nscript_location = alembic\n")
    monkeypatch.chdir(made.folder if where == "beside the ini" else made.folder.parent)
    made.revision(2, "    1 / 0")
    error = made.failure()
    assert "002_r2.py line 11" in error, error
    assert made.applied() == ["r1"]


def test_a_folder_that_env_py_chooses(bare: Project, plain_url: str) -> None:
    """Known only once env.py has run: its revisions are applied, also one that is added later."""
    dialect = "sqlite" if bare.url.startswith("sqlite") else "postgresql"
    versions = bare.migrations / "versions"
    for name in ("sqlite", "postgresql"):
        write(versions / name, f"r1_{name}")
        write(versions / name, f"r2_{name}", f"r1_{name}")
    bare.env("""
        import pathlib

        engine = create_engine(url, poolclass=pool.NullPool)
        context.script.version_locations = [
            str(pathlib.Path(context.script.dir) / "versions" / engine.dialect.name)
        ]
        with engine.connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """)
    killed_after(bare, "migration_applied")
    brought_to_ready(bare, plain_url)
    assert bare.applied() == [f"r1_{dialect}", f"r2_{dialect}"]
    write(versions / dialect, f"r3_{dialect}", f"r2_{dialect}")
    with open_look(bare.initializer()) as opened:
        assert opened.facts.pending == (f"r3_{dialect}",)
    result = bare.initializer().initialize()
    assert result.success, result.errors
    assert bare.applied() == [f"r{number}_{dialect}" for number in (1, 2, 3)]
    assert bare.initializer().attend(orders.roll_back(None)).ending == "done"
    assert bare.initializer().initialize().outcome == "held"


def test_an_env_py_that_chooses_a_folder_and_fails(bare: Project) -> None:
    """Its failure is the run's: recorded once, and shown again without a second attempt."""
    bare.env("""
        context.script.version_locations = ["somewhere"]
        raise RuntimeError("no such tenant")
        """)
    error = bare.failure()
    assert "env-py-failed" in error
    assert "RuntimeError" in error
    assert "env.py line" in error
    assert "no such tenant" not in error
    before = bare.types()
    assert before[-1] == "step_failed"
    assert bare.failure() == error
    assert bare.types() == before


BROKEN = {
    "a syntax error": ("revision-unparsable", "revision = 'r4'\ndown_revision = 'r2'\ndef upgrade(:\n"),
    "no down_revision": ("revision-unparsable", "revision = 'r4'\ndef upgrade(): pass\n"),
    "a down_revision that nobody has": ("revision-missing", "revision = 'r4'\ndown_revision = 'r9'\n"),
    "two heads": ("multiple-heads", "revision = 'r4'\ndown_revision = 'r1'\n"),
    "an id that is taken": ("revision-duplicate", "revision = 'r1'\ndown_revision = None\n"),
    "a circle": ("broken-history", "revision = 'r4'\ndown_revision = 'r4'\n"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_history_changes_nothing_at_all(made: Project, kind: str) -> None:
    """It is read before the database is touched: not even a journal is made."""
    reference, source = BROKEN[kind]
    (made.migrations / "versions" / "004.py").write_text(source)
    ended = made.initializer().attend()
    assert ended.error is not None and ended.error.reference == reference
    assert any("004.py" in line for line in ended.error.context)
    if made.url.startswith("sqlite"):
        assert not (made.folder / "test.db").exists()
    else:
        assert made.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_a_revision_that_cannot_be_imported_changes_no_table(made: Project) -> None:
    """Alembic imports all of them before it runs the first."""
    path = made.revision(2, table_up(2))
    path.write_text("import no_such_module\n" + path.read_text())
    error = made.failure()
    assert "error: revision-failed" in error
    assert "no_such_module" in error
    assert "002_r2.py line 1" in error
    assert made.applied() == []
