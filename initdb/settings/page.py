"""Writes the table of settings into its page: ``python -m initdb.settings.page docs/settings.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from initdb.settings.setting import Setting
from initdb.settings.table import OTHER_VARIABLES, SETTINGS
from initdb.settings.values import Value

_BEGIN = "<!-- written by python -m initdb.settings.page: begin -->"
_END = "<!-- written by python -m initdb.settings.page: end -->"


def with_current_tables(page: str) -> str:
    """``page`` (Markdown) with what is between its two markers written anew; ValueError without markers."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"no {_BEGIN} … {_END} in the page")
    return f"{before}{_BEGIN}\n\n{_tables()}\n{_END}{after}"


def _tables() -> str:
    settings = _table(("Setting", "Default", "Allowed", "Variable", "What it says"), map(_row, SETTINGS))
    variables = [(f"`{name}`", text) for name, text in OTHER_VARIABLES.items()]
    others = _table(("Variable", "What it says"), variables)
    return f"{settings}\nVariables that are no settings:\n\n{others}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(setting: Setting) -> tuple[str, ...]:
    variables = (setting.variable, *setting.other_variables)
    allowed = ", ".join(f"`{word}`" for word in setting.choices) or setting.kind.allowed
    notes = [
        setting.help,
        *(["Alters work: a part of the code's fingerprint."] if setting.alters_work else []),
        *(["Never shown."] if setting.secret else []),
    ]
    return (
        f"`{setting.name}`",
        _default(setting.default, setting.unit),
        allowed,
        ", then ".join(f"`{name}`" for name in variables),
        " ".join(notes),
    )


def _default(value: Value, unit: str | None) -> str:
    if value is None or value == ():
        return ""
    return f"{value:g} {unit}" if isinstance(value, int | float) else f"`{value}`"


def main(arguments: list[str]) -> None:
    """Rewrites the tables in the page whose path is the only argument."""
    (path,) = map(Path, arguments)
    path.write_text(with_current_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
