"""Reads the layers that pyproject.toml allows, and the imports between them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PACKAGE = "initdb"


@dataclass(frozen=True)
class Layers:
    """One contract of layers: `rows` of rooms inside `container`, the highest first."""

    id: str
    container: str
    rows: tuple[tuple[str, ...], ...]

    @cached_property
    def height(self) -> dict[str, int]:
        """Room → the number of its row."""
        return {room: number for number, row in enumerate(self.rows) for room in row}


def contracts() -> tuple[Layers, ...]:
    """Those of type "layers", in their order."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = settings["tool"]["importlinter"]["contracts"]
    return tuple(
        Layers(one["id"], container, tuple(tuple(re.findall(r"\w+", row)) for row in one["layers"]))
        for one in found
        if one["type"] == "layers"
        for container in one["containers"]
    )


def imports() -> grimp.ImportGraph:
    """Every import of the package but those of its public names, which are made when one is first used."""
    graph = grimp.build_graph(PACKAGE)
    for name in graph.find_modules_directly_imported_by(PACKAGE):
        graph.remove_import(importer=PACKAGE, imported=name)
    return graph


def arrows(layers: Layers, graph: grimp.ImportGraph) -> set[tuple[str, str]]:
    """Which room of these imports which."""
    return {
        (room, other)
        for room in layers.height
        for module in (_module(layers, room), *graph.find_descendants(_module(layers, room)))
        for imported in graph.find_modules_directly_imported_by(module)
        if (other := _room(layers, imported)) != room and other in layers.height
    }


def _module(layers: Layers, room: str) -> str:
    return f"{layers.container}.{room}"


def _room(layers: Layers, module: str) -> str:
    """The room that a module lies in; empty where it lies in another container."""
    room = module.removeprefix(f"{layers.container}.").partition(".")[0]
    return room if module.startswith(f"{layers.container}.") else ""


def without_detours(layers: Layers, found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows that do not follow from others, which lead down over a room between."""
    height = layers.height
    down = {(one, other) for one, other in found if height[one] < height[other]}
    reached: dict[str, set[str]] = {}
    for room in sorted(height, key=lambda room: height[room], reverse=True):
        below = {other for one, other in down if one == room}
        reached[room] = below.union(*(reached[other] for other in below))
    follows = {(one, far) for one, near in down for far in reached[near]}
    return found - follows
