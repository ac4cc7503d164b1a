"""Draws the table as a state diagram of Mermaid."""

from __future__ import annotations

from initdb.statemachine.table import TABLE, Row, State


def mermaid() -> str:
    """Draw the table as a stateDiagram-v2 (https://mermaid.js.org/syntax/stateDiagram.html).

    Two triggers are only a comment: begin, which leads from every state to one, and note, which changes none.

    Example:
        >>> print(mermaid())
        stateDiagram-v2
        ...
            [*] --> unknown : begin
        ...
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
