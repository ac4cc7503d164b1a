"""Makes any text safe to print and store: no secrets, no control characters, no endless values."""

from __future__ import annotations

from initdb.errors.redact import scrub, text_of

LIMIT = 600
_HEAD = 440
_MOST = 20_000
"""How many characters of a text are searched for secrets; far fewer of them are shown."""


def escape(text: str) -> str:
    """Spell out the characters that are not printable: ESC as `\\x1b`, a surrogate as `\\udc80`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shorten(text: str, limit: int = LIMIT) -> str:
    """At most `limit` characters of `text`. The middle is left out, because the ends identify the text best.

    Example:
        >>> shorten("SELECT id, sku, name, price FROM products WHERE price > 100", 30)
        'SELECT id, sku, name,  … > 100'
    """
    if len(text) <= limit:
        return text
    head = limit * _HEAD // LIMIT
    tail = limit - head - 3
    return f"{text[:head]} … {text[len(text) - tail :]}"


def safe_text(value: object, limit: int = LIMIT) -> str:
    """A value as one line that is safe on a terminal, in a log and in a journal. Never raises.

    Safe text stays as it is.

    Example:
        >>> safe_text("password=hunter2\\x1b[2J")
        'password=***'
        >>> safe_text("line 1\\nline 2")
        'line 1\\\\nline 2'
    """
    return shorten(escape(scrub(shorten(text_of(value), _MOST))), limit).strip()
