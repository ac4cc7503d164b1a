"""Seeds that are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ON_SQLITE, set_to
from tests.support.toy import Toy


def seed(toy: Toy, content: str, name: str = "20_t2.csv") -> Path:
    """A second seed file."""
    file = toy.seeds / name
    file.write_text(content)
    return file


@pytest.mark.parametrize(
    ("reference", "wrong", "right"),
    [
        pytest.param("seed-rejected", "id,name\nfive,a\n", "id,name\n5,a\n", marks=fixes("seed-rejected")),
        pytest.param(
            "seed-column-unknown", "id,nome\n5,a\n", "id,name\n5,a\n", marks=fixes("seed-column-unknown")
        ),
    ],
)
def test_a_file_that_does_not_fit(person: Person, ready: Toy, reference: str, wrong: str, right: str) -> None:
    """It is corrected, and what is printed goes on."""
    seed(ready, wrong)
    error = person.fails("initdb run", reference)
    if "help: See the table" in error:
        assert "name" in person.looks()[0].stdout
    seed(ready, right)
    person.follows("initdb resume")
    assert ready.sql("SELECT id FROM t2 WHERE id = 5") == [(5,)]


@fixes("seed-table-unknown")
def test_a_file_for_no_table(person: Person, ready: Toy) -> None:
    """The printed command lists the tables; the file is renamed."""
    file = seed(ready, "id,name\n5,a\n", "20_t9.csv")
    person.fails("initdb run", "seed-table-unknown")
    assert "t2" in person.looks()[0].stdout
    file.rename(ready.seeds / "20_t2.csv")
    person.follows("initdb resume")


@ON_SQLITE
@fixes("seed-file-unreadable")
def test_a_file_that_is_no_json(person: Person, ready: Toy) -> None:
    """The printed commands find the place."""
    seed(ready, '[{"id": 5, "name": "a"]', "20_t2.json")
    person.fails("initdb run", "seed-file-unreadable")
    assert "line 1" in person.type(person.printed("python -m json.tool")).stderr
    assert "text" in person.runs(person.printed("file '")).stdout
    seed(ready, '[{"id": 5, "name": "a"}]', "20_t2.json")
    person.follows("initdb resume")


NOTES = """    key = sa.Column('id', sa.Integer, primary_key=True)
    op.create_table('notes', key, sa.Column('text', sa.Text))"""


@ON_SQLITE
@fixes("seed-key-missing")
def test_a_table_without_a_key(person: Person, ready: Toy) -> None:
    """The key that is printed is named in a file that can."""
    ready.revision(4, NOTES)
    file = seed(ready, "text\nhello\n", "20_notes.csv")
    person.fails("initdb run", "seed-key-missing")
    file.unlink()
    seed(ready, json.dumps({"key": ["text"], "rows": [{"text": "hello"}]}), "20_notes.json")
    person.follows("initdb resume")


@ON_SQLITE
@fixes("seed-name-twice")
def test_two_files_of_one_name(person: Person, ready: Toy) -> None:
    """One is renamed."""
    (person.folder / "more").mkdir()
    shutil.copy(ready.seeds / "10_t1.csv", person.folder / "more")
    set_to(person, "seeds", '["seeds", "more"]')
    person.fails("initdb run", "seed-name-twice")
    (person.folder / "more" / "10_t1.csv").rename(person.folder / "more" / "11_t1.csv")
    person.follows("initdb run")


FUNCTION = "from sqlalchemy import text\n\n\ndef seed(connection):\n    {}\n"


@pytest.mark.parametrize(
    ("reference", "wrong"),
    [
        pytest.param("seed-callable-failed", "{}['stock']", marks=fixes("seed-callable-failed")),
        pytest.param("seed-failed", "connection.execute(text('INSERT INTO'))", marks=fixes("seed-failed")),
    ],
)
def test_a_function_that_fails(person: Person, ready: Toy, reference: str, wrong: str) -> None:
    """It is corrected."""
    seed(ready, FUNCTION.format(wrong), "30_stock.py")
    person.fails("initdb run", reference)
    seed(ready, FUNCTION.format("pass"), "30_stock.py")
    person.follows("initdb resume")


@ON_SQLITE
@fixes("seed-column-missing")
def test_a_row_without_its_key(person: Person, ready: Toy) -> None:
    """It gets the column."""
    rows = [{"id": 5, "name": "a"}, {"id": 6}]
    seed(ready, json.dumps(rows), "20_t2.json")
    person.fails("initdb run", "seed-column-missing")
    seed(ready, json.dumps([*rows[:1], {"id": 6, "name": "b"}]), "20_t2.json")
    person.follows("initdb resume")
