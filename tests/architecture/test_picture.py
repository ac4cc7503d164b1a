"""docs/architecture.md shows the rooms as they are today."""

from __future__ import annotations

from collections.abc import Iterable

import grimp
import pytest

from tests.architecture.contract import Layers, arrows, contracts, imports, without_detours
from tests.architecture.picture import DOCUMENT, picture, written

HOUSE = Layers("house", "house", (("roof",), ("attic", "loft"), ("cellar",)))


def house(*walls: tuple[str, str]) -> grimp.ImportGraph:
    """A package of these rooms, each with a module in it that has the imports."""
    graph = grimp.ImportGraph()
    for room in (*HOUSE.height, "garden"):
        graph.add_module(f"house.{room}")
        graph.add_module(f"house.{room}.floor")
    for one, other in walls:
        graph.add_import(importer=f"house.{one}", imported=f"house.{other}")
    return graph


@pytest.mark.repository
def test_the_pictures_are_those_of_today() -> None:
    """Anew: python -m tests.architecture."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == written(text, contracts(), imports())


@pytest.mark.parametrize(
    ("walls", "found"),
    [
        ([("roof.floor", "attic.floor")], [("roof", "attic")]),
        ([("roof.floor", "roof"), ("roof", "garden")], []),
        ([("attic", "loft"), ("loft.floor", "attic")], [("attic", "loft"), ("loft", "attic")]),
    ],
    ids=["from inside to inside", "at home and outside", "between neighbours"],
)
def test_an_import_is_an_arrow(walls: Iterable[tuple[str, str]], found: Iterable[tuple[str, str]]) -> None:
    """Of the rooms that the modules lie in."""
    assert arrows(HOUSE, house(*walls)) == set(found)


def test_what_follows_from_other_arrows_is_left_out() -> None:
    """But not what is between neighbours: they may follow from each other."""
    found = {("roof", "attic"), ("attic", "cellar"), ("roof", "cellar"), ("attic", "loft"), ("loft", "attic")}
    assert without_detours(HOUSE, found) == found - {("roof", "cellar")}


def test_a_contract_without_marks_is_named() -> None:
    """A new contract has to be given its place in the text."""
    with pytest.raises(ValueError, match="contract house"):
        written("# Architecture\n", (HOUSE,), house())


def test_a_picture_has_every_room() -> None:
    """Also those without an arrow."""
    drawn = picture(HOUSE, house(("roof", "cellar")))
    assert drawn.count("[") == len(HOUSE.height)
    assert drawn.count("-->") == 1
