"""What an examination found, as its JSON says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.cli.console import Console


@dataclass(frozen=True, slots=True)
class Examined:
    """The object of `initdb doctor --json`."""

    data: dict[str, Any]

    def of(self, level: str) -> list[str]:
        """The texts of the findings of a level."""
        return [one["text"] for one in self.data["findings"] if one["level"] == level]

    @property
    def problems(self) -> list[str]:
        return self.of("problem")

    @property
    def warnings(self) -> list[str]:
        return self.of("warning")

    def fix(self, part: str) -> str:
        """The fix of the one finding that has `part` in its text."""
        found = [one["fix"] for one in self.data["findings"] if part in one["text"] and one["level"] != "ok"]
        assert len(found) == 1, (part, self.data["findings"])
        return str(found[0])

    def sql(self, part: str) -> list[str]:
        """The statements in that fix."""
        statements = self.fix(part).rpartition(": ")[2]
        return [one.strip() for one in statements.replace("then:", "").split(";") if one.strip()]

    def says(self, level: str, part: str) -> bool:
        """Whether a finding of that level has `part` in its text."""
        return any(part in text for text in self.of(level))


def examine(console: Console, *words: str, **environ: str) -> Examined:
    """Call it, with these variables too."""
    before = dict(console.environ)
    console.environ.update(environ)
    try:
        found = console.object("doctor", *words)
    finally:
        console.environ.clear()
        console.environ.update(before)
    assert found["exit_code"] == (1 if found["problems"] else 0)
    return Examined(found)
