"""Files that a fault has left, judged once each: those that SQLite recovers to the same are one state."""

from __future__ import annotations

from tests.crash import trying
from tests.crash.layers.statements import name_of
from tests.crash.places import Files, SqlitePlace
from tests.crash.trying import Expected

GUARD = 8
"""Of files that SQLite recovers to a state that was resumed before, every so many are resumed too."""


class Judge:
    """Resumes from files and compares; remembers what came of it, by their bytes and by what they hold.

    Whoever opens a database first recovers it, by SQLite's own rules, before anything is read. So files whose
    recovery gives equal rows, schema and journal, and that leave the same kinds of files to recover from, are
    resumed once.
    """

    def __init__(self, place: SqlitePlace, expected: Expected) -> None:
        self._place, self._expected = place, expected
        self._by_bytes: dict[str, tuple[str, ...]] = {}
        self._by_content: dict[str, tuple[str, ...]] = {}

    def problems(self, files: Files, completed: bool = False) -> tuple[str, ...]:
        """What is wrong once a run has been resumed from them; `completed`: that run had come to its end."""
        name = f"{name_of(files)} {completed}"
        if name not in self._by_bytes:
            self._by_bytes[name] = self._judged(files, completed)
        return self._by_bytes[name]

    def _judged(self, files: Files, completed: bool) -> tuple[str, ...]:
        if completed:
            self._place.write(files)
            return trying.compared(self._place, self._expected)
        content = self._content(files)
        if content in self._by_content and len(self._by_bytes) % GUARD:
            return self._by_content[content]
        self._place.write(files)
        found = trying.problems_after(self._place, self._expected)
        self._by_content.setdefault(content, found)
        return found

    def _content(self, files: Files) -> str:
        self._place.write(files)
        left = sorted(name for name, content in files.items() if content)
        try:
            return f"{trying.digest(self._place)} {' '.join(left)}"
        except Exception as error:  # a database that cannot be read is a state as well
            return f"{error} {name_of(files)}"
