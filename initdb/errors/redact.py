"""Takes secrets out of text: passwords in URLs, in key=value pairs and in SQL, and password hashes."""

from __future__ import annotations

import re

MARK = "***"
_WORD = r"(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key)[\w-]{0,40}"
_QUOTED = r"""'(?:[^'\\]|\\.|'')*(?:'|\Z)|"(?:[^"\\]|\\.|"")*(?:"|\Z)"""

_USERINFO = re.compile(r"://[^:/]*:")
_TOKEN = re.compile(r"\s*(\S*)")
_PORT = re.compile(r"\d{1,5}(?![^/?#\s\"'),;.\]])")
# The rest is compiled when it is first needed: a boot on a ready database tells no failure.
_NOT_A_PORT = r"(://[^:/\s\[]*):(?!\d{1,5}(?:\W|$)|[\s/]|$)\S*"
_KEY = rf"{_WORD}[\"']?\s*=+\s*|[\"'][\w.-]{{0,40}}{_WORD}[\"']\s*:\s*|{_WORD}\)=\("
_PAIR = rf"(?is)({_KEY})({_QUOTED}|(?:\\.|\S)+)"
_LINE = rf"(?im)^([ \t]*(?:-[ \t]+)?[\w.-]{{0,40}}{_WORD}[ \t]*:[ \t]+)\S.*$"
_SQL = rf"(?is)(\bpassword\s+)(?:e?(?:{_QUOTED})|\$(\w*)\$.*?(?:\$\2\$|\Z))"
_HASH = r"(\$(?:argon2(?:id?|d)|2[aby]|[156y])\$|\b(?:scrypt|pbkdf2):[\w:]+\$)[^\s'\")]+"
_VALUES = r"(?is)(\[parameters: |failing row contains \().*"
_SECRET_KEY = rf"(?i){_WORD}"


def url_text(url: object) -> str:
    """`url` (a string, or SQLAlchemy's URL) without its password, wherever it stands, for people to read.

    The user name stays. Strings that are no URL are taken as well; never raises.
    """
    text = _exact(url)
    if text is None:
        text = _hide_passwords(text_of(url), keep_user=True)
    head, _, query = text.partition("?")
    kept = [part for part in query.split("&") if part and not re.search(_SECRET_KEY, part.partition("=")[0])]
    shown = "&".join(kept).replace("%2F", "/")
    return re.sub(_NOT_A_PORT, rf"\1:{MARK}", f"{head}?{shown}" if kept else head)


def scrub(text: str) -> str:
    """`text` without the passwords of URLs, the values of `password=…` and its like, password hashes,
    and the parameters of SQL statements.

    Takes away rather too much than too little: in a URL all from the user name to the last `@` of the text,
    because a password that was written without escapes may hold any character.
    """
    text = re.sub(_VALUES, rf"\1{MARK}", _hide_passwords(text, keep_user=False))
    text = re.sub(_NOT_A_PORT, rf"\1:{MARK}", text)
    text = re.sub(_PAIR, rf"\1{MARK}", text)
    text = re.sub(_SQL, rf"\1{MARK}", text)
    text = re.sub(_LINE, rf"\1{MARK}", text)
    return re.sub(_HASH, rf"\1{MARK}", text)


def text_of(value: object) -> str:
    """`str(value)`; the name of its type if it cannot print itself: telling an error must not fail."""
    try:
        return str.__str__(value if isinstance(value, str) else str(value))
    except Exception:
        return f"<{type(value).__name__}>"


def _exact(url: object) -> str | None:
    """The text of a URL object, which knows which part of it is the password; None for anything else."""
    render = getattr(url, "render_as_string", None)
    if not callable(render):
        return None
    try:
        text = str(render(hide_password=True))
    except Exception:  # a URL that cannot render itself is treated as the text it prints
        return None
    return text.replace(f":{MARK}@", "@", 1) if getattr(url, "password", None) is not None else text


def _hide_passwords(text: str, *, keep_user: bool) -> str:
    """`text` without what stands between the first `://user:` and the last `@`.

    A user name may hold an `@` itself (`app@corp:secret@host`); `user@host:5432` has no password.
    """
    last = text.rfind("@")
    start = 0
    while match := _USERINFO.search(text, start, max(last, 0)):
        start = match.end()
        token = _TOKEN.match(text, start)
        is_host = "@" in match.group() and _PORT.match(text, start)
        if is_host and token and "@" not in token.group(1):
            continue
        before = text[: start - 1] if keep_user else f"{text[: match.start()]}://{MARK}"
        return before + text[last:]
    return text
