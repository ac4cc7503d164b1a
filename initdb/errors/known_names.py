"""The values that the URL of a database, or the path of a file, gives to the names in an error's texts."""

from __future__ import annotations

import os
import pwd
import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode

from initdb.errors.files import sqlite_path
from initdb.errors.redact import MARK, url_text

_OF_SQLALCHEMY = frozenset(
    {"prepared_statement_cache_size", "async_fallback", "prepared_statement_name_func"}
)
"""Parameters of a URL that libpq does not know."""


def of_database(target: str) -> dict[str, str]:
    """The names that the URL of a database gives.

    Args:
        target: The URL, or the path of a SQLite file.
    """
    if target.startswith("postgres"):
        shown = url_text(target)
        return {} if MARK in shown else _of_server(shown)
    file = sqlite_path(target)
    return of_file(file, "DBFILE") if file is not None else {}


def of_file(path: Path, name: str = "FILE") -> dict[str, str]:
    """The names that a file gives.

    Args:
        path: The file. It need not exist.
        name: What it is called: FILE or DBFILE.
    """
    absolute = path.absolute()
    above = (folder for folder in absolute.parents if os.path.ismount(folder))
    return {
        name: str(absolute),
        "FOLDER": str(absolute.parent),
        "MOUNTPOINT": str(next(above, absolute.anchor)),
        "OSUSER": _user(),
    }


def _of_server(target: str) -> dict[str, str]:
    head, _, query = target.partition("?")
    _, _, rest = head.partition("://")
    server, _, database = rest.partition("/")
    user, _, address = server.rpartition("@")
    role = unquote(user.partition(":")[0])
    host, port = _host(address)
    more = {key: value for key, value in parse_qsl(query) if key not in _OF_SQLALCHEMY}
    found = {
        "DBROLE": role or more.get("user", ""),
        "DBNAME": unquote(database) or more.get("dbname", ""),
        "HOST": host or more.get("host", ""),
        "PORT": port or more.get("port", ""),
    }
    shown = f"?{urlencode(more, safe='/,:', quote_via=quote)}" if more else ""
    where = f"{quote(role, safe='')}@{address}" if role else address
    url, other = (f"postgresql://{where}/{name}{shown}" for name in (quote(unquote(database)), "postgres"))
    role = found["DBROLE"] or os.environ.get("PGUSER") or _user()
    usual = {"DBROLE": role, "DBNAME": role, "PORT": os.environ.get("PGPORT") or "5432"}
    return {
        "DBURL": url,
        "SERVERURL": other,
        **{name: value or usual.get(name, "") for name, value in found.items()},
    }


def _host(address: str) -> tuple[str, str]:
    """The host and the port of an address; an IPv6 address has brackets."""
    found = re.fullmatch(r"(?:\[([^\]]*)\]|([^:,]*))(?::(\d+))?", address)
    return (found[1] or found[2] or "", found[3] or "") if found else ("", "")


def _user() -> str:
    """The name of this process's user, or its number if it has none."""
    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
