"""Draws a contract as a Mermaid picture, and lists its rooms in a table."""

from __future__ import annotations

import ast
from pathlib import Path

import grimp

from tests.architecture.contract import ROOT, Layers, arrows, without_detours

DOCUMENT = ROOT / "docs" / "architecture.md"
_MARK = "<!-- written by python -m tests.architecture, contract {id}: {end} -->"


def written(text: str, layers: tuple[Layers, ...], graph: grimp.ImportGraph) -> str:
    """`text` with a picture and a table between the marks of each contract."""
    for one in layers:
        begin, end = (_MARK.format(id=one.id, end=end) for end in ("begin", "end"))
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{DOCUMENT.name} has no marks for the contract {one.id}:\n{begin}\n{end}")
        text = f"{before}{begin}\n\n{picture(one, graph)}\n\n{table(one)}\n\n{end}{after}"
    return text


def picture(layers: Layers, graph: grimp.ImportGraph) -> str:
    """The rooms row by row, then the arrows."""
    drawn = without_detours(layers, arrows(layers, graph))
    rooms = [f'    {room}["{_label(layers, room)}"]' for row in layers.rows for room in row]
    order = layers.height
    lines = [
        f"    {one} --> {other}"
        for one, other in sorted(
            drawn, key=lambda arrow: (order[arrow[0]], arrow[0], order[arrow[1]], arrow[1])
        )
    ]
    return "\n".join(["```mermaid", "flowchart TD", *rooms, *lines, "```"])


def table(layers: Layers) -> str:
    """What each room says of itself, the highest first."""
    lines = ["| Room | What it is for |", "| --- | --- |"]
    for row in layers.rows:
        lines += [f"| `{_label(layers, room)}` | {_about(_source(layers, room))} |" for room in row]
    return "\n".join(lines)


def _label(layers: Layers, room: str) -> str:
    return f"{room}/" if _source(layers, room).name == "__init__.py" else f"{room}.py"


def _source(layers: Layers, room: str) -> Path:
    folder = ROOT.joinpath(*layers.container.split("."), room)
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def _about(source: Path) -> str:
    """The first paragraph of its docstring."""
    said = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return " ".join(said.split("\n\n")[0].split()).replace("|", "\\|")
