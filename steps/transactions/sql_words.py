"""Finds the words that an SQL text begins with, and whether a statement in it ends or begins a transaction.

It is written by hand: docs/decisions/0010-libraries.md says why sqlglot is not used, with measurements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BLANK = {"postgresql": re.compile(r"(?:\s|--[^\r\n]*)+"), "sqlite": re.compile(r"(?:[\s\ufeff]|--[^\n]*)+")}
_WORD = re.compile(r"[^\W\d][\w$]*")
_MARK = re.compile(r"/\*|\*/")

_ALONE = frozenset({"COMMIT", "END", "ABORT", "BEGIN"})
_WITH_TRANSACTION = frozenset({"START", "PREPARE"})
_ANY_END = re.compile(r"\b(?:COMMIT|END|ABORT|BEGIN|ROLLBACK|START|PREPARE)\b", re.IGNORECASE)
_SQL_BODY = re.compile(r"\bBEGIN\s+ATOMIC\b", re.IGNORECASE)
"""How a function's body without quotes begins. Its statements and its END are not the text's own."""

_UNTIL_SEMICOLON = re.compile(
    r"""(?:
        [^;'"$/\-\w]++
      | [eE]'(?:[^'\\]|\\.|'')*+' (?:\s*\n\s*'(?:[^'\\]|\\.|'')*+')*+
      | \w[\w$]*+
      | '(?:[^']|'')*+'
      | "(?:[^"]|"")*+"
      | \$(?P<tag>(?:[^\W\d]\w*+)?+)\$ .*? \$(?P=tag)\$ | \$
      | --[^\r\n]*+ | -
      | /(?!\*)
    )*+""",
    re.VERBOSE | re.DOTALL,
)
"""PostgreSQL's text up to a semicolon, a comment or a quote without its end (manual, section 4.1)."""


def transaction_word(text: str, database: str = "postgresql") -> str | None:
    """The word by which a statement in the text would end or begin a transaction.

    `ROLLBACK TO` a savepoint does not. A text for PostgreSQL may contain several statements; sqlite3 refuses
    such a text.

    Args:
        text: What is sent: quotes, comments, parameters of any driver.
        database: "postgresql" or "sqlite". Their rules for comments and blanks differ.

    Returns:
        The word in capitals, or None.

    >>> transaction_word("/* done */ commit")
    'COMMIT'
    >>> transaction_word("UPDATE t SET name = 'a; COMMIT'; ROLLBACK")
    'ROLLBACK'
    >>> transaction_word("ROLLBACK TO SAVEPOINT mine")
    """
    found = (_ending(_words(text, start, database)) for start in _statements(text, database))
    return next(filter(None, found), None)


def _ending(words: Iterator[str]) -> str | None:
    first = next(words, "")
    if first in _ALONE:
        return first
    if first == "ROLLBACK":
        second = next(words, "")
        to = next(words, "") if second in ("WORK", "TRANSACTION") else second
        return None if to == "TO" else first
    if first in _WITH_TRANSACTION and next(words, "") == "TRANSACTION":
        return f"{first} TRANSACTION"
    return None


def first_word(text: str, database: str = "postgresql") -> str:
    """The word that the text begins with, in capitals; empty if it begins with something else.

    Args:
        text: What is sent.
        database: "postgresql" or "sqlite".
    """
    return next(_words(text, lead(text, database), database), "")


def lead(text: str, database: str = "postgresql") -> int:
    """Where the first statement begins, after blanks, comments and semicolons; see `first_word`."""
    return _next_statement(text, 0, database)


def _statements(text: str, database: str) -> Iterator[int]:
    """Where each statement begins: the first one, and the later ones that may contain an ending word."""
    at = lead(text, database)
    yield at
    semicolon = text.find(";", at)
    if (
        database == "sqlite"
        or semicolon < 0
        or not _ANY_END.search(text, semicolon)
        or _SQL_BODY.search(text)
    ):
        return
    while (at := _after_statement(text, at)) < len(text):
        at = _next_statement(text, at, database)
        yield at


def _next_statement(text: str, at: int, database: str) -> int:
    at = _after_blank(text, at, database)
    while text.startswith(";", at):
        at = _after_blank(text, at + 1, database)
    return at


def _after_statement(text: str, at: int) -> int:
    """The place of the semicolon that ends the statement at `at`, or the end of the text."""
    while True:
        found = _UNTIL_SEMICOLON.match(text, at)
        at = found.end() if found else at
        if text.startswith("/*", at):
            at = _after_comment(text, at, "postgresql")
        else:
            return at if text.startswith(";", at) else len(text)


def _words(text: str, at: int, database: str) -> Iterator[str]:
    while found := _WORD.match(text, at):
        yield found[0].upper()
        at = _after_blank(text, found.end(), database)


def _after_blank(text: str, at: int, database: str) -> int:
    while True:
        blank = _BLANK[database].match(text, at)
        at = blank.end() if blank else at
        if not text.startswith("/*", at):
            return at
        at = _after_comment(text, at, database)


def _after_comment(text: str, at: int, database: str) -> int:
    """The end of a comment. PostgreSQL's may be nested; one without an end reaches to the end of the text."""
    if database == "sqlite":
        end = text.find("*/", at + 2)
        return len(text) if end < 0 else end + 2
    depth = 0
    for mark in _MARK.finditer(text, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)
