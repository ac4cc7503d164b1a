"""docs/errors.md, written from the catalogue: `python -m initdb.errors.document > docs/errors.md`."""

from __future__ import annotations

from collections.abc import Iterator

from initdb.errors.catalogue.index import SUBJECTS
from initdb.errors.pages import DATABASE_NAMES, outcome
from initdb.errors.rows import TITLES, Advice, ErrorRow

_HEAD = """\
# Errors

<!-- Written by `python -m initdb.errors.document`; edit the catalogue in initdb/errors instead. -->

Each error of initdb prints a reference, a message, the particulars of the case, what was kept, and the fix.
`initdb explain REFERENCE` prints its entry below on the terminal. Words in capitals such as REV, FILE and
DBURL stand for what the printed error says instead. A reference is never renamed or used for
something else, so scripts and old journals can rely on it.

Exit codes: 0 ready, 1 failed, 2 usage, 3 pending, held or not ready, 4 another process is at work and
`--no-wait` was given, 130 or 143 stopped by a signal.
"""


def document() -> str:
    """The page as Markdown: a table of contents by subject, then an entry for each reference."""
    parts = [_HEAD]
    for subject, rows in SUBJECTS.items():
        names = ", ".join(f"[{row.reference}](#{row.reference})" for row in rows)
        parts.append(f"- {subject}: {names}")
    parts[1:] = ["\n".join(parts[1:])]
    for subject, rows in SUBJECTS.items():
        parts.append(f"\n## {subject}")
        parts += ["\n\n".join(_entry(row)) for row in rows]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _entry(row: ErrorRow) -> Iterator[str]:
    yield f"### {row.reference}"
    yield _escaped(row.message)
    if row.causes:
        yield "Causes:"
        yield "\n".join(f"- {_escaped(cause)}" for cause in row.causes)
    for topic, title in TITLES.items():
        told = [advice for advice in row.advice if advice.topic == topic]
        if told:
            yield f"**{title}**"
            yield "\n".join(map(_advice, told))
    yield f"Kept: {_escaped(row.kept)}"
    yield f"Fix: {_escaped(row.fix)}"
    yield outcome(row)


def _advice(advice: Advice) -> str:
    first, *rest = advice.text.split("\n")
    label = f"{DATABASE_NAMES[advice.database]}: " if advice.database else ""
    lines = [f"- {label}{_escaped(first)}"]
    in_code = False
    for line in rest:
        is_code = line.startswith("    ")
        if is_code != in_code:
            lines += ["  ```", ""] if in_code else ["", "  ```text"]
        in_code = is_code
        lines.append(f"  {line.strip() if is_code else _escaped(line)}")
    return "\n".join(lines + ["  ```"] * in_code)


def _escaped(text: str) -> str:
    """Markdown that shows `text` as it is: only what would become markup is escaped."""
    for character in "\\`*_[]<>|":
        text = text.replace(character, f"\\{character}")
    return text


if __name__ == "__main__":
    print(document(), end="")
