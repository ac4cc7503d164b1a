"""Removes secrets from text: passwords in URLs, in key=value pairs and in SQL, and password hashes."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

MARK = "***"
_WORD = r"(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key)[\w-]{0,40}"
_QUOTED = r"""'(?:[^'\\]|\\.|'')*(?:'|\Z)|"(?:[^"\\]|\\.|"")*(?:"|\Z)"""

_USERINFO = re.compile(r"://[^:/]*:")
_TOKEN = re.compile(r"\s*(\S*)")
_PORT = re.compile(r"\d{1,5}(?![^/?#\s\"'),;.\]])")
# The others are compiled when they are first needed: a boot on a ready database shows no error.
_NOT_A_PORT = r"(://[^:/\s\[]*):(?!\d{1,5}(?:\W|$)|[\s/]|$)\S*"
_KEY = rf"{_WORD}[\"']?\s*=+\s*|[\"'][\w.-]{{0,40}}{_WORD}[\"']\s*:\s*|{_WORD}\)=\("
_PAIR = rf"(?is)({_KEY})({_QUOTED}|(?:\\.|\S)+)"
_QUOTED_PAIR = rf"(?is)({_KEY})(?:{_QUOTED})"
_LINE = rf"(?im)^([ \t]*(?:-[ \t]+)?[\w.-]{{0,40}}{_WORD}[ \t]*:[ \t]+)\S.*$"
_SQL = rf"(?is)(\bpassword\s+)(?:e?(?:{_QUOTED})|\$(\w*)\$.*?(?:\$\2\$|\Z))"
_HASH = r"(\$(?:argon2(?:id?|d)|2[aby]|[156y])\$|\b(?:scrypt|pbkdf2):[\w:]+\$)[^\s'\")]+"
_VALUES = r"(?is)(\[parameters: |failing row contains \().*"
_SECRET_KEY = rf"(?i){_WORD}"
_SECRET_PARAMETER = rf"(?i)(?:{_WORD}|\bkey|\boptions)="
_PARAMETER = re.compile(
    r"(?:application_name|channel_binding|charset|connect_timeout|gssencmode|host|hostaddr|mode|port"
    r"|service|sslmode|target_session_attrs|timeout|uri)=[\w.,/:\[\]*+-]*"
)
"""The parameters that hold no secret: of libpq, of asyncpg, and of SQLite's file names."""


def url_text(url: object) -> str:
    """A URL for people to read, without its password. The user name stays. Never raises.

    Of its parameters only those stay that are known to hold no secret. What has no `://` is not shown at all:
    it may be a connection string of libpq, or a password in the wrong place.

    Args:
        url: A string, which need not be a URL, or SQLAlchemy's URL.

    Example:
        >>> url_text("postgresql://app:hunter2@db/shop?options=-cx.token%3Dabc&sslmode=require")
        'postgresql://app@db/shop?sslmode=require'
        >>> url_text("host=db password=hunter2")
        '***'
    """
    text = _whole(url)
    kind, mark, _ = text.partition("://")
    if not mark:
        return MARK if text else ""
    host, database = (str(getattr(url, name, None) or "") for name in ("host", "database"))
    if "@" in host or (host and "@" in database):
        return f"{kind}://{MARK}"  # SQLAlchemy has read the end of a password as these
    text = _hide_passwords(text, keep_user=True)
    begin = text.find("?", text.rfind("@") + 1)
    head, query = (text, "") if begin < 0 else (text[:begin], text[begin + 1 :])
    parts = [part for part in query.split("&") if part]
    if any(map(_is_torn, parts)) and not isinstance(url, str):
        return f"{kind}://{MARK}"
    kept = [part for part in parts if _PARAMETER.fullmatch(unquote_plus(part))]
    shown = "&".join(kept).replace("%2F", "/")
    return re.sub(_NOT_A_PORT, rf"\1:{MARK}", f"{head}?{shown}" if kept else head)


def _is_torn(part: str) -> bool:
    """Whether a parameter may be the end of a password without escapes, which SQLAlchemy has cut at a `?`."""
    return "@" in unquote_plus(part) and not re.search(_SECRET_KEY, part.partition("=")[0])


def holds_secret(url: object) -> bool:
    """Whether a URL, or what is given in the place of one, has a password, or a parameter that may be one.

    Args:
        url: As for `url_text`.

    Example:
        >>> holds_secret("postgresql://app@db/shop?sslmode=require"), holds_secret("host=db password=abc")
        (False, True)
    """
    text = _whole(url)
    if "://" not in text:
        return re.search(_SECRET_KEY, text) is not None
    query = text.partition("?")[2]
    return _hide_passwords(text, keep_user=True) != text or re.search(_SECRET_PARAMETER, query) is not None


def identity(url: object) -> str:
    """A text that tells one database from another, for hashing alone: it may hold a part of a secret.

    Args:
        url: As for `url_text`.
    """
    text = _exact(url)
    if text is None:
        text = _hide_passwords(text_of(url), keep_user=True)
    head, _, query = text.partition("?")
    kept = [part for part in query.split("&") if part and not re.search(_SECRET_KEY, part.partition("=")[0])]
    shown = "&".join(kept).replace("%2F", "/")
    return re.sub(_NOT_A_PORT, rf"\1:{MARK}", f"{head}?{shown}" if kept else head)


def scrub(text: str) -> str:
    """Remove the passwords of URLs, the values of `password=…` and similar pairs, password hashes, and the
    parameters of SQL statements.

    It rather removes too much than too little. In a URL it removes all from the user name to the last `@` in
    the text, because a password without escapes may contain any character.

    Example:
        >>> scrub("could not connect to postgresql://app:hunter2@db/shop with PASSWORD=hunter2")
        'could not connect to postgresql://***@db/shop with PASSWORD=***'
    """
    # First, or what is removed of a URL may begin or end inside such a value.
    text = re.sub(_QUOTED_PAIR, rf"\1{MARK}", text)
    text = re.sub(_VALUES, rf"\1{MARK}", _hide_passwords(text, keep_user=False))
    text = re.sub(_NOT_A_PORT, rf"\1:{MARK}", text)
    text = re.sub(_PAIR, rf"\1{MARK}", text)
    text = re.sub(_SQL, rf"\1{MARK}", text)
    text = re.sub(_LINE, rf"\1{MARK}", text)
    return re.sub(_HASH, rf"\1{MARK}", text)


def text_of(value: object) -> str:
    """`str(value)`; the name of the type in angle brackets for a value that cannot print itself."""
    found = _printed(lambda: value if isinstance(value, str) else str(value))
    return f"<{type(value).__name__}>" if found is None else found


def _whole(url: object) -> str:
    """The text of a URL, with its password."""
    render = getattr(url, "render_as_string", None)
    text = _printed(lambda: str(render(hide_password=False))) if callable(render) else None
    return text_of(url) if text is None else text


def _exact(url: object) -> str | None:
    """The text of a URL object, which knows its password; None for anything else."""
    render = getattr(url, "render_as_string", None)
    text = _printed(lambda: str(render(hide_password=True))) if callable(render) else None
    if text is None:
        return None
    return text.replace(f":{MARK}@", "@", 1) if getattr(url, "password", None) is not None else text


def _printed(text: Callable[[], str]) -> str | None:
    """What `text` returns; None if it raises."""
    try:
        return str.__str__(text())
    except Exception:  # somebody else's object may raise anything when it prints itself; the report goes on
        return None


def _hide_passwords(text: str, *, keep_user: bool) -> str:
    """Remove what is between the first `://user:` and the last `@`.

    A user name may contain an `@` (`app@corp:secret@host`); `user@host:5432` has no password.
    """
    last = text.rfind("@")
    start = 0
    while match := _USERINFO.search(text, start, max(last, 0)):
        start = match.end()
        token = _TOKEN.match(text, start)
        is_host = "@" in match.group() and _PORT.match(text, start)
        if is_host and token and "@" not in token.group(1):
            continue
        if keep_user:
            return text[: start - 1] + text[last:]
        return f"{text[: match.start()]}://{MARK}" + text[_end_of_value(text, last) :]
    return text


def _end_of_value(text: str, at: int) -> int:
    """Where the secret value ends that goes over a place in a text; the place itself if none does."""
    values = (found for one in (_VALUES, _PAIR, _SQL, _LINE) for found in re.finditer(one, text))
    return max((found.end() for found in values if found.end(1) <= at < found.end()), default=at)
