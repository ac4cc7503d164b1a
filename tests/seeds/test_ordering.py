"""Seeds whose names have no number are applied in an order that the foreign keys allow."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, text

from initdb import Initializer
from initdb.settings import load_settings
from initdb.steps.seeds.model import SeedSource
from initdb.steps.seeds.ordering import by_parents


def models() -> MetaData:
    """country ← city ← shop ← shop (its parent); note stands alone."""
    made = MetaData()
    Table("note", made, Column("id", Integer, primary_key=True))
    Table("shop", made, *_columns("city"), Column("parent_id", ForeignKey("shop.id")))
    Table("city", made, *_columns("country"))
    Table("country", made, *_columns())
    return made


def _columns(*parents: str) -> list[Column[object]]:
    refers: list[Column[object]] = [Column(f"{name}_id", ForeignKey(f"{name}.id")) for name in parents]
    return [Column("id", Integer, primary_key=True), Column("name", String(40), unique=True), *refers]


def source(table: str, number: int | None = None) -> SeedSource:
    """The source of a file."""
    name = f"{table}.csv" if number is None else f"{number}_{table}.csv"
    return SeedSource(name, "rows", table, "digest", free=number is None)


@pytest.mark.parametrize("tables", list(permutations(["shop", "country", "city", "note"])))
def test_parents_come_first(tables: tuple[str, ...]) -> None:
    """In whatever order the files are listed. Tables that nothing ties together go by name."""
    ordered = [one.table for one in by_parents([source(table) for table in tables], models())]
    assert ordered == ["country", "note", "city", "shop"]


def test_numbers_stay_in_their_order() -> None:
    """A file without a number is put before the first one that needs it, and else behind them all."""
    numbered = [source("shop", 10), source("note", 20)]
    ordered = by_parents([source("note"), source("city"), source("country"), *numbered], models())
    assert [one.name for one in ordered] == [
        "country.csv",
        "city.csv",
        "10_shop.csv",
        "20_note.csv",
        "note.csv",
    ]


def test_without_models_names_decide() -> None:
    """Numbers first."""
    ordered = by_parents([source("b"), source("a"), source("c", 5)], None)
    assert [one.name for one in ordered] == ["5_c.csv", "a.csv", "b.csv"]


def test_tables_that_refer_to_each_other() -> None:
    """A circle has no order, and is no endless loop."""
    made = MetaData()
    Table("a", made, Column("id", Integer, primary_key=True), Column("b_id", ForeignKey("b.id")))
    Table("b", made, Column("id", Integer, primary_key=True), Column("a_id", ForeignKey("a.id")))
    assert len(by_parents([source("b"), source("a")], made)) == 2


def test_a_folder_as_people_write_it(tmp_path: Path, database_url: str) -> None:
    """Without a number anywhere, and with files that are no seeds: those are named, once."""
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "shop.csv").write_text("id,name,city_id\n1,Corner,1\n")
    (seeds / "city.csv").write_text("id,name,country_id\n1,Bern,1\n")
    (seeds / "country.json").write_text('[{"id": 1, "name": "CH"}]')
    (seeds / "notes.txt").write_text("to do")
    settings = load_settings(folder=tmp_path, environ={}, options={"database_url": database_url})
    first = Initializer(metadata=models(), seeds=seeds, settings=settings)
    result = first.initialize()
    assert result.success, result.errors
    with first.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM shop")).scalar() == 1
    (said,) = [one for one in result.warnings if "notes.txt" in one]
    assert "is no seed: its name does not end in .csv" in said
    again = Initializer(metadata=models(), seeds=seeds, settings=settings).initialize()
    assert again.success and not again.warnings
