"""Masks the literals of SQL: what is left names tables, columns and operations, and holds no value.

Where a text can be read in two ways, what follows is left out: it rather hides too much than too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

HIDDEN = "…"
"""What stands in the place of a literal."""

_Kind = Literal["blank", "word", "name", "either", "literal", "sign", "rest"]

_HIGH = "\x80-\U0010ffff"
_START = rf"[A-Za-z_{_HIGH}]"
_WORD = rf"(?P<word>{_START}[A-Za-z0-9_${_HIGH}]*)"
_NUMBER = rf"(?P<number>\.?\d[\w.{_HIGH}]*)"
_PLAIN = r"'(?:[^']|'')*+'"
_ESCAPED = re.compile(r"'(?:[^'\\]|\\.|'')*+'", re.DOTALL)

# Sources: PostgreSQL manual, 4.1 "Lexical Structure"; https://sqlite.org/lang_expr.html#literal_values_constants_
_TOKENS = {
    "postgresql": re.compile(
        rf"""(?P<blank>[ \t\n\r\f\v]++ | --[^\r\n]*+)
      | (?P<comment>/\*)
      | (?P<escaped>[eE](?='))
      | (?P<string>(?:[uU]&|[bBxXnN])?{_PLAIN})
      | (?P<dollar>\$(?P<tag>(?:{_START}[A-Za-z0-9_{_HIGH}]*+)?+)\$)
      | (?P<name>(?:[uU]&)?"(?:[^"]|"")*+")
      | (?P<parameter>\$\d++)
      | {_WORD} | {_NUMBER}
      | (?P<open>['"\x00])
      | (?P<sign>.)""",
        re.VERBOSE | re.DOTALL,
    ),
    "sqlite": re.compile(
        rf"""(?P<blank>[ \t\n\r\f\ufeff]++ | --[^\n]*+)
      | (?P<comment>/\*)
      | (?P<string>[xX]?{_PLAIN})
      | (?P<either>"(?:[^"]|"")*+")
      | (?P<name>`(?:[^`]|``)*+` | \[[^\]]*+\])
      | (?P<parameter>\?\d++)
      | {_WORD} | {_NUMBER}
      | (?P<open>['"`\[\x00])
      | (?P<sign>.)""",
        re.VERBOSE | re.DOTALL,
    ),
}
_MARK = re.compile(r"/\*|\*/")

_TRUTH = frozenset({"TRUE", "FALSE"})
_BEFORE_NAME = frozenset(
    {".", "ADD", "COLUMN", "CONSTRAINT", "EXISTS", "FROM", "INDEX", "INTO", "JOIN", "REFERENCES", "RENAME"}
    | {"TABLE", "TO", "TRIGGER", "UPDATE", "VIEW"}
)
"""After these, SQLite reads a text between quotation marks as a name. Elsewhere it may be a string."""

_NO_NAME = frozenset({("DISTINCT", "FROM")})
"""`x IS DISTINCT FROM "y"`: here it may be a string."""

_UNPARSED = frozenset({"VALUES", "="})
"""What follows these in a statement that could not be parsed is taken for values."""

_ASSIGNS = frozenset({"SET", "PRAGMA"})
_DEFINES = frozenset({"ALTER", "CREATE"})
"""What such a statement gives to a parameter may be a word without quotes: `SET app.token TO abc`."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: _Kind
    text: str = ""

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind in ("word", "sign") else ""


def masked(sql: str, database: str | None, *, broken: bool = False) -> str:
    """SQL on one line, without its literals and comments. Never raises.

    Args:
        sql: One or more statements, with or without parameters.
        database: "sqlite" or "postgresql", whose rules differ. Of any other nothing is shown but the first
            word.
        broken: Whether the database could not parse it. Then the first string may end where it should not,
            so that what follows it is left out.

    Example:
        >>> masked("INSERT INTO users (name, pin) VALUES ('it''s me', 1234) -- for Ann", "postgresql")
        'INSERT INTO users (name, pin) VALUES (…, …)'
        >>> masked("ALTER ROLE app SET app.token TO hunter2", "postgresql")
        'ALTER ROLE app SET app.token TO …'
    """
    if database not in _TOKENS:
        first = re.match(r"\s*([A-Za-z]+)\b", sql)
        return f"{first[1]} {HIDDEN}" if first else HIDDEN
    text = "".join(_shown(_tokens(sql, database), broken=broken))
    return re.sub(rf"{HIDDEN}(?: ?{HIDDEN})+", HIDDEN, " ".join(text.split()))


def names_in(sql: str, database: str | None) -> frozenset[str]:
    """The words and the quoted names that are left of an SQL text when its literals are masked.

    Args:
        sql: As for `masked`.
        database: As for `masked`.

    Example:
        >>> sorted(names_in('SELECT "Sku" FROM shop.orders', "postgresql"))
        ['FROM', 'SELECT', 'Sku', 'orders', 'shop']
    """
    text = masked(sql, database).replace(HIDDEN, " ")
    found = re.finditer(rf'"((?:[^"]|"")+)"|`([^`]+)`|\[([^\]]+)\]|({_START}[A-Za-z0-9_${_HIGH}]*)', text)
    return frozenset(_bare(one) for one in found)


def _bare(found: re.Match[str]) -> str:
    return next(filter(None, found.groups()), "").replace('""', '"')


def _tokens(sql: str, database: str) -> Iterator[_Token]:
    """The tokens in their order. The last one is the rest, if that cannot be read for certain."""
    pattern, at = _TOKENS[database], 0
    while at < len(sql):
        found = pattern.match(sql, at)
        if found is None:  # a sign may be any character, so this is unreachable
            break
        token, end = _token(sql, found, database)
        yield token
        if token.kind == "rest":
            return
        at = end


def _token(sql: str, found: re.Match[str], database: str) -> tuple[_Token, int]:
    kind, at, end = found.lastgroup, found.start(), found.end()
    match kind:
        case "blank":
            return _Token("blank"), end
        case "comment":
            return _Token("blank"), _after_comment(sql, at, database)
        case "escaped":
            string = _ESCAPED.match(sql, end)
            return _literal(sql, string.end() if string else None)
        case "string" if database == "postgresql":
            # With standard_conforming_strings = off a backslash escapes in any string.
            other = _ESCAPED.match(sql, sql.index("'", at))
            return _literal(sql, end if other and other.end() == end else None)
        case "string":
            return _literal(sql, end)
        case "dollar" | "tag":
            close = sql.find(f"${found['tag']}$", end)
            return _literal(sql, close + len(found["tag"]) + 2 if close >= 0 else None)
        case "number":
            return _Token("literal"), end
        case "open":
            return _Token("rest"), len(sql)
        case "either" | "name" | "word":
            return _Token(kind, found[0]), end
    return _Token("sign", found[0]), end


def _literal(sql: str, end: int | None) -> tuple[_Token, int]:
    """A string that ends at `end`; the rest if that is not certain, or if a letter follows: `'O'Brien'`."""
    if end is None or re.match(rf"[\w{_HIGH}]", sql[end : end + 1]):
        return _Token("rest"), len(sql)
    return _Token("literal"), end


def _after_comment(sql: str, at: int, database: str) -> int:
    """The end of a comment. PostgreSQL's may be nested; one without an end reaches to the end of the text."""
    if database == "sqlite":
        end = sql.find("*/", at + 2)
        return len(sql) if end < 0 else end + 2
    depth = 0
    for mark in _MARK.finditer(sql, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(sql)


def _shown(tokens: Iterator[_Token], *, broken: bool) -> Iterator[str]:
    first, before = "", ("", "")
    sets = hides = False
    for token in tokens:
        word = token.word
        match token.kind:
            case "blank":
                yield " "
                continue
            case "rest":
                yield f" {HIDDEN}"
                return
            case "literal":
                yield HIDDEN
            case "name" | "either":
                named = token.kind == "name" or (before[1] in _BEFORE_NAME and before not in _NO_NAME)
                yield token.text if named and not hides else HIDDEN
            case _:
                yield HIDDEN if word in _TRUTH or (hides and token.kind == "word") else token.text
        if broken and (token.kind == "literal" or word in _UNPARSED):
            yield f" {HIDDEN}"
            return
        if word == ";":
            first, sets, hides = "", False, False
        elif token.kind == "word":
            first = first or word
            sets = sets or (word in _ASSIGNS and first in _ASSIGNS | _DEFINES)
        hides = hides or (sets and (word in ("=", "TO") or (first == "PRAGMA" and word == "(")))
        before = (before[1], word or token.kind)
