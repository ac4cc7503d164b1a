"""Revisions that fail while they run, or that are in doubt."""

from __future__ import annotations

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ini
from tests.support import forked
from tests.support.toy import Toy


@fixes("revision-failed")
def test_a_wrong_statement(person: Person, ready: Toy) -> None:
    """Its SQL is shown as printed; corrected, what is printed goes on."""
    ini(person, ready)
    file = ready.revision(4, "    op.execute('CREATE TIBLE t4 (id INTEGER)')")
    person.fails("initdb run", "revision-failed")
    assert "CREATE TIBLE t4" in person.looks()[0].stdout
    file.write_text(file.read_text().replace("CREATE TIBLE t4 (id", "CREATE TABLE t4 (name VARCHAR(40), id"))
    person.follows("initdb resume")


SAME = """    op.add_column("t1", sa.Column("label", sa.Text))
    op.execute("UPDATE t1 SET label = 'the same'")"""


@fixes("data-migration-failed")
def test_rows_that_do_not_fit(person: Person, ready: Toy) -> None:
    """They are corrected by hand."""
    ready.revision(4, SAME)
    ready.revision(5, "    op.create_index('one_label', 't1', ['label'], unique=True)")
    person.fails("initdb run", "data-migration-failed")
    ready.sql("UPDATE t1 SET label = name")
    person.follows("initdb resume")


@fixes("revision-committed-itself")
def test_a_revision_that_commits(person: Person, ready: Toy) -> None:
    """The commit is taken out."""
    file = ready.revision(4, "    op.execute('COMMIT')")
    person.fails("initdb run", "revision-committed-itself")
    file.write_text(file.read_text().replace("op.execute('COMMIT')", "pass"))
    person.follows("initdb resume")


BLOCK = """    with op.get_context().autocommit_block():
        op.execute('CREATE TABLE half (id INTEGER)')
        import pathlib, os
        if not pathlib.Path('on').exists():
            os._exit(9)
"""


@fixes("revision-in-doubt")
@pytest.mark.parametrize("way", ["--retry", "--mark-applied"])
def test_a_revision_that_died_outside_its_transaction(person: Person, ready: Toy, way: str) -> None:
    """A person looks, undoes or completes the work, and says so as printed."""
    ready.revision(4, BLOCK)
    assert forked.run("initdb", "run", cwd=person.folder, env=person.environ).returncode == 9
    (person.folder / "on").touch()
    file = ready.migrations / "versions" / "004_r4.py"
    file.write_text(file.read_text() + "# changed, so that it cannot be repeated\n")
    person.fails("initdb run", "revision-in-doubt")
    command = person.printed(f"initdb resume {way}")
    if way == "--retry":
        ready.sql("DROP TABLE half")
    person.runs(command)
    assert ready.sql("SELECT * FROM half") == []
    person.runs("initdb run")


@fixes("rollback-failed")
def test_a_way_back_that_fails(person: Person, ready: Toy) -> None:
    """Its SQL is shown as printed; corrected, it goes back."""
    ini(person, ready)
    file = ready.revision(4, "    pass", "    op.execute('DROP TIBLE t4')")
    person.runs("initdb run")
    person.fails("initdb rollback --yes", "rollback-failed")
    assert "DROP TIBLE t4" in person.looks()[0].stdout
    file.write_text(file.read_text().replace("DROP TIBLE t4", "SELECT 1"))
    command = person.printed("initdb rollback")
    person.runs("initdb resume --accept-edited")
    person.runs(f"{command} --yes")


DROPS = "    op.execute('DROP VIEW init_runs')\n    op.execute('DROP VIEW init_failures')\n"
DROPS += "    op.drop_table('init_journal_head')\n    op.drop_table('init_journal')"


@fixes("journal-dropped")
def test_a_revision_that_drops_the_journal(person: Person, ready: Toy) -> None:
    """The lines are taken out, as the page says."""
    file = ready.revision(4, DROPS)
    person.fails("initdb run", "journal-dropped")
    file.write_text(file.read_text().replace(DROPS, "    pass"))
    person.follows("initdb run")
