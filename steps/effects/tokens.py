"""Splits SQL text into statements, and each statement into tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "name", "string", "number", "sign"]

_TOKEN = re.compile(
    r"""
    (?P<blank>  [\s\ufeff]+ | --[^\r\n]* )
  | (?P<string> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | (?P<tag>\$(?:[^\W\d]\w*)?\$) .*? (?P=tag) )
  | (?P<name>   "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\W\d][^\]]*\] )
  | (?P<word>   [^\W\d][\w$]* )
  | (?P<number> \d[\d.]*(?:[eE][+-]?\d+)? )
  | (?P<sign>   :: | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_MARK = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Attributes:
        kind: A word, a quoted name, a string, a number, or anything else.
        text: As it was written; of a quoted name and of a string what is between the quotes.
    """

    kind: Kind
    text: str

    @property
    def word(self) -> str:
        """A word or a sign in capitals; empty for everything else."""
        return self.text.upper() if self.kind in ("word", "sign") else ""

    @property
    def identifier(self) -> str | None:
        """The name that it stands for: as it is between quotes, or else in small letters."""
        if self.kind == "name":
            return self.text
        return self.text.lower() if self.kind == "word" else None


Statement = tuple[Token, ...]
"""The tokens of one statement, without comments and the semicolon."""


def statements(text: str) -> Iterator[Statement]:
    """The statements of an SQL text. A body between dollar quotes is one string.

    Args:
        text: For PostgreSQL or SQLite.

    >>> [[token.text for token in one] for one in statements("DROP TABLE \\"T\\"; -- done")]
    [['DROP', 'TABLE', 'T']]
    """
    found: list[Token] = []
    for token in _tokens(text):
        if token.word != ";":
            found.append(token)
        elif found:
            yield tuple(found)
            found = []
    if found:
        yield tuple(found)


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        if text.startswith("/*", at):
            at = _after_comment(text, at)
            continue
        found = _TOKEN.match(text, at)
        if found is None:  # `.` matches everything, so this is unreachable
            return
        at = found.end()
        match found.lastgroup:
            case "word" | "number" | "sign" as kind:
                yield Token(kind, found[0])
            case "name":
                yield Token("name", _unquoted(found[0]))
            case "string":
                yield Token("string", _bare(found[0], found["tag"]))


def _after_comment(text: str, at: int) -> int:
    """The end of a comment. PostgreSQL's may be nested; one without an end reaches to the end of the text."""
    depth = 0
    for mark in _MARK.finditer(text, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _unquoted(name: str) -> str:
    inner, quote = name[1:-1], name[-1]
    return inner.replace(quote * 2, quote) if quote != "]" else inner


def _bare(string: str, tag: str | None) -> str:
    if tag:
        return string[len(tag) : -len(tag)]
    return string[string.index("'") + 1 : -1].replace("''", "'")


def split(tokens: Sequence[Token], sign: str = ",") -> Iterator[Statement]:
    """The parts between the signs that are outside all parentheses.

    Args:
        tokens: Of one statement.
        sign: What separates the parts.
    """
    depth, part = 0, list[Token]()
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if depth == 0 and token.word == sign:
            yield tuple(part)
            part = []
        else:
            part.append(token)
    yield tuple(part)
