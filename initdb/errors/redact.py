"""Takes secrets out of text: passwords in URLs, in key=value pairs and in SQL, and password hashes."""

from __future__ import annotations

import re

MARK = "***"
_WORD = r"(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key)[\w-]{0,40}"
_QUOTED = r"""'(?:[^'\\]|\\.|'')*(?:'|\Z)|"(?:[^"\\]|\\.|"")*(?:"|\Z)"""

_USERINFO = re.compile(r"://[^:/]*:")
_PORT = re.compile(r"\d{1,5}(?![^/?#\s\"'),;.\]])")
_NOT_A_PORT = re.compile(r"(://[^:/\s\[]*):(?!\d{1,5}(?:\W|$)|[\s/]|$)\S*")
_PAIR = re.compile(
    rf"(?is)({_WORD}[\"']?\s*=+\s*|[\"'][\w.-]{{0,40}}{_WORD}[\"']\s*:\s*|{_WORD}\)=\()({_QUOTED}|(?:\\.|\S)+)"
)
_LINE = re.compile(rf"(?im)^([ \t]*(?:-[ \t]+)?[\w.-]{{0,40}}{_WORD}[ \t]*:[ \t]+)\S.*$")
_SQL = re.compile(rf"(?is)(\bpassword\s+)(?:e?(?:{_QUOTED})|\$(\w*)\$.*?(?:\$\2\$|\Z))")
_HASH = re.compile(r"(\$(?:argon2(?:id?|d)|2[aby]|[156y])\$|\b(?:scrypt|pbkdf2):[\w:]+\$)[^\s'\")]+")
_VALUES = re.compile(r"(?is)(\[parameters: |failing row contains \().*")
_SECRET_KEY = re.compile(rf"(?i){_WORD}")


def url_text(url: object) -> str:
    """`url` (a string, or SQLAlchemy's URL) without its password, wherever it stands, for people to read.

    The user name stays. Strings that are no URL are taken as well; never raises.
    """
    text = _exact(url)
    if text is None:
        text = _hide_passwords(str(url), keep_user=True)
    head, _, query = text.partition("?")
    kept = [part for part in query.split("&") if part and not _SECRET_KEY.search(part.partition("=")[0])]
    shown = "&".join(kept).replace("%2F", "/")
    return _NOT_A_PORT.sub(rf"\1:{MARK}", f"{head}?{shown}" if kept else head)


def scrub(text: str) -> str:
    """`text` without the passwords of URLs, the values of `password=…` and its like, password hashes,
    and the parameters of SQL statements.

    Takes away rather too much than too little: in a URL all from the user name to the last `@` of the text,
    because a password that was written without escapes may hold any character.
    """
    text = _VALUES.sub(rf"\1{MARK}", _hide_passwords(text, keep_user=False))
    text = _NOT_A_PORT.sub(rf"\1:{MARK}", text)
    text = _PAIR.sub(rf"\1{MARK}", text)
    text = _SQL.sub(rf"\1{MARK}", text)
    text = _LINE.sub(rf"\1{MARK}", text)
    return _HASH.sub(rf"\1{MARK}", text)


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
        user_has_at = "@" in match.group()
        token = text[start:].split(maxsplit=1)[0] if text[start:].strip() else ""
        if user_has_at and _PORT.match(text, start) and "@" not in token:
            continue
        before = text[: start - 1] if keep_user else f"{text[: match.start()]}://{MARK}"
        return before + text[last:]
    return text
