"""Taking initdb out of a database: what `initdb eject` refuses."""

from __future__ import annotations

from sqlalchemy import make_url

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ON_POSTGRESQL, as_app
from tests.support.toy import Toy


@fixes("eject-unconfirmed")
def test_nobody_confirms(person: Person, ready: Toy) -> None:
    """The printed command does."""
    person.fails("initdb eject --to 'the history.jsonl'", "eject-unconfirmed")
    person.follows("initdb eject")
    assert (person.folder / "the history.jsonl").exists()


@fixes("export-refused")
def test_a_file_that_is_there(person: Person, ready: Toy) -> None:
    """Another one is named, as printed."""
    (person.folder / "history.jsonl").write_text("mine")
    person.fails("initdb eject --to history.jsonl --yes", "export-refused")
    person.follows("initdb eject")


@fixes("journal-needed")
def test_a_view_on_the_journal(person: Person, ready: Toy) -> None:
    """It is dropped."""
    ready.sql("CREATE VIEW recent_runs AS SELECT run FROM init_journal")
    person.fails("initdb eject --to history.jsonl --yes", "journal-needed")
    person.follows("DROP VIEW", "initdb eject")


@fixes("journal-not-owned")
@ON_POSTGRESQL
def test_the_journal_of_another_role(person: Person, ready: Toy, app: str) -> None:
    """Its owner does it, or a superuser gives it away."""
    as_app(person, ready)
    ready.sql(f"ALTER DATABASE {make_url(ready.url).database} OWNER TO postgres")
    ready.sql('GRANT ALL ON ALL TABLES IN SCHEMA public TO "shop app"')
    person.fails("initdb eject --to history.jsonl --yes", "journal-not-owned")
    person.follows("initdb eject")
    assert (person.folder / "history.jsonl").exists()
