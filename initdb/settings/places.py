"""The kinds of values that say where something is: database URLs, files, folders, packages."""

from __future__ import annotations

import os
import re
from pathlib import Path

from initdb.settings.kinds import each, text_of, texts
from initdb.settings.values import Kind

_URL = re.compile(r"[\w+]+://", re.ASCII)
_RELATIVE_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:)([^?]+)(.*)", re.ASCII | re.DOTALL)
_IN_PACKAGE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?::[\w./-]+)+")
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_FILE_SUFFIXES = (".cfg", ".csv", ".ini", ".json", ".jsonl", ".py", ".sql", ".toml", ".tsv", ".yaml", ".yml")


def _path_text(value: object) -> str:
    """The text of a path. It need not be UTF-8; a NUL or a URL is refused."""
    text = os.fsdecode(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str) or not text.strip() or "\0" in text or "://" in text:
        raise ValueError
    return text


def _url(value: object, base: Path) -> str:
    """A database URL. The relative path of a SQLite file starts at `base`."""
    text = text_of(value)
    if not _URL.match(text):
        raise ValueError
    relative = _RELATIVE_SQLITE.fullmatch(text)
    if relative is None or base == Path.cwd():
        return text
    if "?" in str(base) or "%" in str(base):  # versions of SQLAlchemy read these in different ways
        raise ValueError
    return f"{relative[1]}{base / relative[2]}{relative[3]}"


def _file(value: object, base: Path) -> Path:
    return base / _path_text(value)


def _place(value: object, base: Path) -> str:
    """An absolute path, or the name of a package or of something in a package, unchanged."""
    text = _path_text(value)
    name = text.strip()
    if _IN_PACKAGE.fullmatch(name) or (_DOTTED.fullmatch(name) and not name.endswith(_FILE_SUFFIXES)):
        return name
    return str(base / text)


def _databases(value: object, base: Path) -> tuple[str, ...]:
    """A table of names and URLs, or a list of texts "name=URL". No name comes twice."""
    if isinstance(value, dict):
        value = [f"{name}={text_of(url)}" for name, url in value.items()]
    pairs = [text.partition("=") for text in texts(value, base)]
    found = {name.strip(): _url(url, base) for name, _, url in pairs}
    printable = all(name and name.isprintable() and "://" not in name for name in found)
    if not printable or len(found) < len(pairs):
        raise ValueError
    return tuple(f"{name}={url}" for name, url in found.items())


URL = Kind("url", "a database URL, such as sqlite:///app.db or postgresql://user@host/name", _url)
FILE = Kind("file", "the path of a file", _file)
DATABASES = Kind(
    "name=url", 'a table of names and URLs, or a list of texts "name=URL"', _databases, many=True
)
PLACE = Kind("path", 'a path, a package such as "shop.migrations", or "module:attribute"', _place)
PLACES = Kind("path", 'a list of paths, packages and "module:attribute"', each(_place), many=True)
