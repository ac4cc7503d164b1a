"""Revisions that fail while they run, or that are in doubt."""

from __future__ import annotations

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ini
from tests.support import forked
from tests.support.toy import Toy


@fixes("revision-failed")
def test_a_wrong_statement(person: Person, toy: Toy) -> None:
    """Its SQL is shown as printed; corrected, what is printed goes on."""
    ini(person, toy)
    file = toy.revision(3, "    op.execute('CREATE TIBLE t3 (id INTEGER)')")
    person.fails("initdb run", "revision-failed")
    assert "CREATE TIBLE t3" in person.looks()[0].stdout
    file.write_text(file.read_text().replace("CREATE TIBLE t3 (id", "CREATE TABLE t3 (name VARCHAR(40), id"))
    person.follows("initdb resume")


SAME = """    op.add_column("t1", sa.Column("label", sa.Text))
    op.execute("INSERT INTO t1 (id, name) VALUES (2, 'second')")
    op.execute("UPDATE t1 SET label = 'the same'")"""


@fixes("data-migration-failed")
def test_rows_that_do_not_fit(person: Person, toy: Toy) -> None:
    """They are corrected by hand."""
    toy.revision(2, SAME)
    toy.revision(3, "    op.create_index('one_label', 't1', ['label'], unique=True)")
    person.fails("initdb run", "data-migration-failed")
    toy.sql("UPDATE t1 SET label = 'another' WHERE id = 2")
    person.follows("initdb resume")


@fixes("revision-committed-itself")
def test_a_revision_that_commits(person: Person, toy: Toy) -> None:
    """The commit is taken out."""
    file = toy.revision(3, "    op.execute('COMMIT')")
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
def test_a_revision_that_died_outside_its_transaction(person: Person, toy: Toy, way: str) -> None:
    """A person looks, undoes or completes the work, and says so as printed."""
    toy.revision(3, BLOCK)
    assert forked.run("initdb", "run", cwd=person.folder, env=person.environ).returncode == 9
    (person.folder / "on").touch()
    file = toy.migrations / "versions" / "003_r3.py"
    file.write_text(file.read_text() + "# changed, so that it cannot be repeated\n")
    person.fails("initdb run", "revision-in-doubt")
    command = person.printed(f"initdb resume {way}")
    if way == "--retry":
        toy.sql("DROP TABLE half")
    person.runs(command)
    assert toy.sql("SELECT * FROM half") == []
    person.runs("initdb run")


@fixes("rollback-failed")
def test_a_way_back_that_fails(person: Person, toy: Toy) -> None:
    """Its SQL is shown as printed; corrected, it goes back."""
    ini(person, toy)
    file = toy.revision(3, "    pass", "    op.execute('DROP TIBLE t3')")
    person.runs("initdb run")
    person.fails("initdb rollback --yes", "rollback-failed")
    assert "DROP TIBLE t3" in person.looks()[0].stdout
    file.write_text(file.read_text().replace("DROP TIBLE t3", "SELECT 1"))
    command = person.printed("initdb rollback")
    person.runs("initdb resume --accept-edited")
    person.runs(f"{command} --yes")


DROPS = "    op.drop_table('init_journal_head')\n    op.drop_table('init_journal')"


@fixes("journal-dropped")
def test_a_revision_that_drops_the_journal(person: Person, toy: Toy) -> None:
    """The lines are taken out, as the page says."""
    file = toy.revision(3, DROPS)
    person.fails("initdb run", "journal-dropped")
    file.write_text(file.read_text().replace(DROPS, "    pass"))
    person.follows("initdb run")
