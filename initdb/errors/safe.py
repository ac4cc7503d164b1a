"""Makes any text fit to be printed and stored: no secrets, no control characters, no endless values."""

from __future__ import annotations

from initdb.errors.redact import scrub, text_of

LIMIT = 600
_HEAD = 440
_MOST = 20_000
"""What is looked at of a text; of what is left of it only the ends are shown."""


def escape(text: str) -> str:
    """`text` with what is not printable spelled out: ESC as `\\x1b`, a surrogate as `\\udc80`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shorten(text: str, limit: int = LIMIT) -> str:
    """At most `limit` characters of `text`: the middle is left out, since both ends identify it."""
    if len(text) <= limit:
        return text
    head = limit * _HEAD // LIMIT
    tail = limit - head - 3
    return f"{text[:head]} … {text[len(text) - tail :]}"


def safe_text(value: object, limit: int = LIMIT) -> str:
    """`value` as one line fit for a terminal, a log and a journal. Never raises; idempotent."""
    return shorten(escape(scrub(shorten(text_of(value), _MOST))), limit).strip()
