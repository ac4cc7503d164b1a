"""Version rows that others have changed."""

from __future__ import annotations

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.support.toy import ENV, Toy

OFFLINE = """
if context.is_offline_mode():
    context.configure(url=config.get_main_option("sqlalchemy.url"), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run()
"""


def ini(person: Person, toy: Toy) -> None:
    """As in a project that Alembic alone has migrated: alembic.ini, and an env.py that can also print."""
    url = toy.url.replace("%", "%%")
    (person.folder / "alembic.ini").write_text(
        f"[alembic]\nscript_location = alembic\nsqlalchemy.url = {url}\n"
    )
    (toy.migrations / "env.py").write_text(ENV.format(options="").rstrip().removesuffix("run()") + OFFLINE)


@fixes("history-conflict")
@pytest.mark.parametrize("way", ["--retry", "--mark-applied"])
def test_a_version_row_that_was_set_back(person: Person, toy: Toy, way: str) -> None:
    """Somebody else has rolled back: with the tables, or only the row."""
    person.runs("initdb run")
    toy.sql("UPDATE alembic_version SET version_num = 'r2'")
    if way == "--retry":
        toy.sql("DROP TABLE t3")
    person.fails("initdb run", "history-conflict")
    person.looks()
    person.follows(f"initdb resume {way}")
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]


@fixes("history-conflict")
@pytest.mark.parametrize("way", ["--retry", "--mark-applied"])
def test_version_rows_of_two_revisions(person: Person, toy: Toy, way: str) -> None:
    """Both are lost: the commands name both, in their order."""
    person.runs("initdb run")
    toy.sql("UPDATE alembic_version SET version_num = 'r1'")
    if way == "--retry":
        toy.sql("DROP TABLE t3", "DROP TABLE t2")
    person.fails("initdb run", "history-conflict")
    person.follows(f"initdb resume {way}")
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]
    person.runs("initdb run")


@fixes("version-rows-overlap")
def test_a_row_too_many(person: Person, toy: Toy) -> None:
    """The statement that is printed leaves the newest row."""
    person.runs("initdb run")
    ini(person, toy)
    toy.sql("INSERT INTO alembic_version VALUES ('r1')")
    person.fails("initdb run", "version-rows-overlap", code=1)
    person.looks()
    person.follows("DELETE FROM", "initdb run")
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]
