"""What becomes of a seed that changes: each row of the table in docs/seeds.md, as a team does it."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table

from initdb.settings import Settings, load_settings
from initdb.statemachine.initializer import Initializer
from tests.support.toy import Toy

PAGE = Path(__file__).parents[2] / "docs" / "seeds.md"
pytestmark = pytest.mark.repository

NOTHING: list[str] = []


class Shop(Toy):
    """One table, whose key is its id, and seeds as each case writes them."""

    def metadata(self) -> MetaData:
        """The models."""
        metadata = MetaData()
        key = Column("id", Integer, primary_key=True, autoincrement=False)
        Table("t1", metadata, key, Column("name", String(40)))
        return metadata

    def write(self, **files: str) -> None:
        """Write files into the folder of the seeds; `__` stands for the dot."""
        self.seeds.mkdir(exist_ok=True)
        for name, content in files.items():
            (self.seeds / name.lstrip("_").replace("__", ".")).write_text(content)

    def run(self) -> list[str]:
        """The names of the seeds that a run applies."""
        result = self.initializer().initialize()
        assert result.success, result.errors
        lines = [one for one in result.steps_completed if one.startswith("seeded: ")]
        return [line.removeprefix("seeded: ") for line in lines]

    def stored(self) -> dict[int, str]:
        """The rows of the table."""
        return {int(row[0]): str(row[1]) for row in self.sql("SELECT id, name FROM t1")}

    def last(self) -> dict[str, object]:
        """What the last event of a seed says."""
        return next(
            dict(one.data) for one in reversed(list(self.initializer().entries())) if one.data.get("source")
        )


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Shop:
    """Ready, with two rows from a CSV file."""
    made = Shop(tmp_path, database_url, tables=1)
    made.write(_10_t1__csv="id,name\n1,one\n2,two\n")
    assert made.run() == ["10_t1.csv"]
    return made


def _add(shop: Shop) -> None:
    shop.write(_10_t1__csv="id,name\n1,one\n2,two\n3,three\n")
    assert shop.run() == ["10_t1.csv"]
    assert shop.stored() == {1: "one", 2: "two", 3: "three"}


def _edit_skipping(shop: Shop) -> None:
    shop.write(_10_t1__csv="id,name\n1,uno\n2,two\n")
    assert shop.run() == ["10_t1.csv"]
    assert shop.stored() == {1: "one", 2: "two"}
    assert (shop.last()["skipped"], shop.last()["differing"]) == (2, 1)


def _updating(name: str) -> str:
    return json.dumps({"on_conflict": "update", "key": "id", "rows": [{"id": 5, "name": name}]})


def _edit_updating(shop: Shop) -> None:
    for name in ("five", "cinco"):
        shop.write(_20_t1__json=_updating(name))
        assert shop.run() == ["20_t1.json"]
        assert shop.stored()[5] == name


def _edit_key(shop: Shop) -> None:
    shop.write(_10_t1__csv="id,name\n7,seven\n2,two\n")
    assert shop.run() == ["10_t1.csv"]
    assert shop.stored() == {1: "one", 2: "two", 7: "seven"}


def _remove_row(shop: Shop) -> None:
    shop.write(_10_t1__csv="id,name\n1,one\n")
    assert shop.run() == ["10_t1.csv"]
    assert shop.stored() == {1: "one", 2: "two"}


def _restore(shop: Shop) -> None:
    _add(shop)
    shop.sql("DELETE FROM t1 WHERE id = 3")
    shop.write(_10_t1__csv="id,name\n1,one\n2,two\n")
    assert shop.run() == NOTHING
    shop.write(_10_t1__csv="id,name\n1,one\n2,two\n3,three\n")
    assert shop.run() == NOTHING
    assert shop.stored() == {1: "one", 2: "two"}


def _rename(shop: Shop) -> None:
    (shop.seeds / "10_t1.csv").rename(shop.seeds / "30-t1.csv")
    assert shop.run() == ["30-t1.csv"]
    assert shop.stored() == {1: "one", 2: "two"}
    assert shop.initializer().look().edited == (), "it is not called removed"


def _remove_file(shop: Shop) -> None:
    (shop.seeds / "10_t1.csv").unlink()
    assert shop.run() == NOTHING
    assert shop.stored() == {1: "one", 2: "two"}


def _put_back(shop: Shop) -> None:
    content = (shop.seeds / "10_t1.csv").read_bytes()
    _remove_file(shop)
    shop.sql("DELETE FROM t1 WHERE id = 2")
    (shop.seeds / "10_t1.csv").write_bytes(content)
    assert shop.run() == NOTHING
    assert shop.stored() == {1: "one"}


def _reorder(shop: Shop) -> None:
    shop.write(_20_t1__json=_updating("five"))
    assert shop.run() == ["20_t1.json"]
    for names in (["20_t1.json", "10_t1.csv"], ["10_t1.csv", "20_t1.json"]):
        made = Initializer(
            metadata=shop.metadata(), seeds=[shop.seeds / name for name in names], settings=_settings(shop)
        )
        assert [one.name for one in made.site.application.seeds] == names
        assert not [one for one in made.initialize().steps_completed if one.startswith("seeded")]


def _settings(shop: Shop) -> Settings:
    return load_settings(folder=shop.folder, environ={}, options={"database_url": shop.url})


CALLABLE = """
from sqlalchemy import text

def seed(connection):
    number = connection.scalar(text("SELECT max(id) FROM t1")) + 1
    row = {{"id": number, "name": "{name}" + str(number)}}
    connection.execute(text("INSERT INTO t1 (id, name) VALUES (:id, :name)"), row)
"""


def _edit_function(shop: Shop) -> None:
    for times, name in enumerate(("a", "b"), start=1):
        shop.write(_50_more__py=CALLABLE.format(name=name))
        assert shop.run() == ["50_more.py"]
        assert shop.run() == NOTHING
        assert len(shop.stored()) == 2 + times


def _rename_function(shop: Shop) -> None:
    shop.write(_50_more__py=CALLABLE.format(name="a"))
    assert shop.run() == ["50_more.py"]
    (shop.seeds / "50_more.py").rename(shop.seeds / "40_more.py")
    assert shop.run() == ["40_more.py"]
    assert len(shop.stored()) == 4


def _edit_imported(shop: Shop) -> None:
    module = shop.folder / f"names_{uuid.uuid4().hex}.py"
    module.write_text("EIGHT = 'eight'\n")
    sys.path.insert(0, str(shop.folder))
    try:
        rows = f"from {module.stem} import EIGHT\n\ndef rows():\n    yield {{'id': 8, 'name': EIGHT}}\n"
        shop.write(_60_t1__py=rows)
        assert shop.run() == ["60_t1.py"]
        module.write_text("EIGHT = 'ocho'\n")
        assert shop.run() == NOTHING
    finally:
        sys.path.remove(str(shop.folder))
    assert shop.stored()[8] == "eight"


def _convert(shop: Shop) -> None:
    file = shop.seeds / "10_t1.csv"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert shop.run() == ["10_t1.csv"]
    assert shop.stored() == {1: "one", 2: "two"}
    assert shop.last()["skipped"] == 2


def _delete(shop: Shop) -> None:
    shop.sql("DELETE FROM t1 WHERE id = 1")
    assert shop.run() == NOTHING
    shop.write(_10_t1__csv="id,name\n1,one\n2,zwei\n")
    assert shop.run() == ["10_t1.csv"]
    assert shop.stored() == {1: "one", 2: "two"}


def _delete_and_add(shop: Shop) -> None:
    shop.sql("DELETE FROM t1 WHERE id = 1")
    shop.write(_10_t1__csv="id,name\n1,one\n2,two\n4,four\n")
    assert shop.run() == ["10_t1.csv"]
    assert shop.stored() == {2: "two", 4: "four"}


CASES: dict[str, Callable[[Shop], None]] = {
    "add a row to a file": _add,
    "edit a row of a seed that skips": _edit_skipping,
    "edit a row of a seed that updates": _edit_updating,
    "edit the key of a row": _edit_key,
    "remove a row from a file": _remove_row,
    "restore a file as it once was": _restore,
    "rename a file, or give it another number": _rename,
    "remove a file": _remove_file,
    "put a removed file back as it was": _put_back,
    "change the order of the setting `seeds`": _reorder,
    "edit a `seed(connection)`": _edit_function,
    "rename the file of a `seed(connection)`": _rename_function,
    "edit a module that a seed imports": _edit_imported,
    "convert the line endings of a file": _convert,
    "delete a row from the database": _delete,
    "delete a row, and add rows at the end of its CSV file": _delete_and_add,
}
"""What the page says that somebody does → the test of what the page says that the next run does."""


def test_every_row_of_the_page_has_its_case() -> None:
    """And no case is left over when a row is removed."""
    page = PAGE.read_text(encoding="utf-8")
    table = page.split("| What you do | What the next run does |\n|---|---|\n")[1].split("\n\n")[0]
    assert [row.split(" | ")[0].removeprefix("| ") for row in table.splitlines()] == list(CASES)


@pytest.mark.parametrize("case", CASES)
def test_a_change(shop: Shop, case: str) -> None:
    """It does what the page says, and afterwards the database is ready, and nothing is left to do."""
    CASES[case](shop)
    assert shop.initializer().verdict().kind == "ready"
