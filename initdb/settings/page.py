"""Writes the settings into their page: `python -m initdb.settings.page docs/settings.md`."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from initdb.settings.setting import Setting
from initdb.settings.table import OTHER_VARIABLES, SETTINGS
from initdb.settings.values import Value

_BEGIN = "<!-- written by python -m initdb.settings.page: begin -->"
_END = "<!-- written by python -m initdb.settings.page: end -->"


def with_current_settings(page: str) -> str:
    """Write what is between the two markers of a page anew.

    Args:
        page: The Markdown.

    Raises:
        ValueError: The page has no markers.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"no {_BEGIN} … {_END} in the page")
    return f"{before}{_BEGIN}\n\n{_sections()}\n{_END}{after}"


def _sections() -> str:
    settings = "\n".join(map(_section, SETTINGS))
    variables = "".join(f"| `{name}` | {text} |\n" for name, text in OTHER_VARIABLES.items())
    head = "| Variable | What it says |\n| --- | --- |\n"
    return f"{settings}\n### Variables that are not settings\n\n{head}{variables}"


def _section(setting: Setting) -> str:
    allowed = ", ".join(f"`{word}`" for word in setting.choices) or setting.kind.allowed
    lines = [
        setting.help,
        "",
        f"- Allowed: {allowed}.{_default(setting.default, setting.unit)}",
        *(f"- If it is not set, `{name}` is read." for name in setting.other_variables),
        *(["- It may hold a password, so initdb never shows it."] if setting.secret else []),
        *(["- It is part of the code's fingerprint."] if setting.alters_work else []),
        f"- {_examples(setting)}",
    ]
    return f"### `{setting.name}`\n\n" + "\n".join(lines) + "\n"


def _default(value: Value, unit: str | None) -> str:
    if value is None or value == ():
        return ""
    return f" Default: {value:g} {unit}." if isinstance(value, int | float) else f" Default: `{value}`."


def _examples(setting: Setting) -> str:
    """The same value in a file, in a variable and as an option."""
    values = setting.example if isinstance(setting.example, tuple) else (setting.example,)
    in_file = json.dumps(setting.example, ensure_ascii=False)
    in_variable = ",".join(map(str, values))
    as_option = " ".join(f"{setting.option} {shlex.quote(str(value))}" for value in values)
    return f"`{setting.name} = {in_file}`, `{setting.variable}={in_variable}`, `{as_option}`"


def main(arguments: list[str]) -> None:
    """Rewrite the page whose path is the only argument."""
    (path,) = map(Path, arguments)
    path.write_text(with_current_settings(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
