"""Finds in a printed text what a person would take for a command."""

from __future__ import annotations

import re

SQL = ("ALTER ", "CREATE ", "DELETE ", "DROP ", "GRANT ", "INSERT ", "SELECT ", "SHOW ", "UPDATE ")
LOOKING = (
    *(
        "initdb status",
        "initdb plan",
        "initdb journal",
        "initdb validate",
        "initdb explain",
        "initdb alembic",
    ),
    *("SELECT ", "SHOW ", "psql ", "pg_isready ", "sqlite3 ", "alembic ", "ls ", "df ", "findmnt ", "fuser "),
    *("getent ", "file ", "python -", "git ", "pip ", "grep ", "ulimit ", "id "),
)
"""How commands begin that change nothing."""

_BEGINS = re.compile(r"(?:: |; |\bor |, then |`|^ *)(?=\S)")
_WORDS_AFTER = re.compile(r", (?=then\b|or\b|and\b|to\b|deploy\b|in\b|also\b|the\b|with\b|which\b)")


def command_at(line: str, start: int) -> str:
    """The command that begins at `start` of a line: to a semicolon, a note, or the sentence's end."""
    is_sql = line.startswith(SQL, start)
    quote, depth, at = "", 0, start
    while at < len(line):
        character = line[at]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and not (is_sql and character == "'"):
            quote = character
        elif character == "(" and (at == start or depth or is_sql or line[at - 1] not in " "):
            depth += 1
        elif character == ")":
            depth -= 1
            if depth < 0:
                break
        elif not depth and _ends(line, at, is_sql=is_sql):
            break
        at += 1
    return line[start:at].strip()


def _ends(line: str, at: int, *, is_sql: bool) -> bool:
    rest = line[at:]
    if rest[0] in ";`" or rest == "." or rest.startswith(". ") or _WORDS_AFTER.match(rest):
        return True
    return not is_sql and (rest.startswith((" (", " or: ", ": ")) or rest == ":")


def printed(text: str, begins: str) -> str:
    """The only command in a text that begins so. A text may have it several times, if it is the same.

    Raises:
        AssertionError: There is none, or there are several.
    """
    found = {
        command_at(line, place.start())
        for line in text.splitlines()
        if not line.startswith("more: ")
        for place in re.finditer(rf"(?<![\w./=-]){re.escape(begins)}", line)
    }
    assert len(found) == 1, f"{begins!r}: {sorted(found)} in\n{text}"
    return found.pop()


def looks(text: str) -> list[str]:
    """The commands after a colon or a semicolon that change nothing, in their order."""
    found = []
    for line in text.splitlines():
        for place in re.finditer(r"(?<=: )|(?<=; )|(?<=and: )", line):
            if line.startswith(LOOKING, place.start()):
                found.append(command_at(line, place.start()))
    return [command for command in dict.fromkeys(found) if "--follow" not in command]
