"""The machine's table drawn as a Mermaid state diagram."""

from __future__ import annotations

from initdb.statemachine.table import TABLE, Row, State


def mermaid() -> str:
    """A `stateDiagram-v2` (https://mermaid.js.org/syntax/stateDiagram.html) of the table, without a newline
    at the end.

    What leads from every state to one (begin), or leaves every state as it is (note), is a comment.
    """
    labels: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        if row.trigger not in ("begin", "note"):
            labels.setdefault((row.source, row.dest), []).append(_label(row))
    lines = [
        "stateDiagram-v2",
        "    %% begin leads from every state to unknown; note leaves every state as it is",
        f"    [*] --> {State.unknown} : begin",
    ]
    for (source, dest), told in labels.items():
        lines.append(f"    {source} --> {dest} : {' / '.join(dict.fromkeys(told))}")
    return "\n".join(lines)


def _label(row: Row) -> str:
    guard = f" [{row.guard.__name__.replace('_', ' ')}]" if row.guard else ""
    return f"{row.trigger}{guard}"
