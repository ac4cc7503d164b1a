"""The names that stand for what is known only where an error is raised: REV, FILE, DBURL and others.

The texts of the catalogue have the names in capitals. Who raises an error gives their values, and a person
reads the values. A name without a value stays as it is: so do all of them in `initdb explain`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from types import MappingProxyType

FIELDS: MappingProxyType[str, str] = MappingProxyType(
    {
        "REV": "the revision",
        "PREVIOUS": "the revision before it, or base",
        "FILE": "the file that the error is about",
        "FOLDER": "the folder of that file",
        "MOUNTPOINT": "the folder where the file system of that file is mounted",
        "TABLENAME": "the table",
        "BACKUP": "the name of a backup, or its path",
        "DBFILE": "the file of the SQLite database",
        "DBURL": "the PostgreSQL database, as psql takes it",
        "SERVERURL": "a database of the same server that is always there, as psql takes it",
        "DBNAME": "the name of the PostgreSQL database",
        "SCHEMANAME": "the schema of the journal",
        "APPNAME": "a short name for the application",
        "VERSIONTABLE": "the version table of this Alembic directory",
        "DBROLE": "the role that initdb works as",
        "OWNERROLE": "the role that owns what the error names",
        "SEQ": "the number of an entry of the journal",
        "HOST": "the host of the server",
        "PORT": "the port of the server",
        "OSUSER": "the operating system's user that this process runs as",
    }
)
"""Name → what it stands for."""

_FIELD = re.compile(
    rf"(?P<quote>[\"'])(?P<inner>{'|'.join(FIELDS)})(?P=quote)|\b(?<!:///)(?P<bare>{'|'.join(FIELDS)})\b"
    rf"|(?<=:///)(?P<path>{'|'.join(FIELDS)})\b"
)
_NO_PLACE = re.compile(r"[\"'\\$`\x00-\x1f]")
"""What cannot stand between quotation marks, in SQL as in a shell."""


def fill(text: str, names: Mapping[str, str]) -> str:
    """The text with the values of the names that it has.

    Between quotation marks and in a URL a value stands as it is; elsewhere it is one word of a shell. A value
    that would end the quotation is left out: its name stays.

    Args:
        text: A text of the catalogue.
        names: Name → value.

    Example:
        >>> fill('sqlite3 DBFILE \\'.schema "TABLENAME"\\'', {"DBFILE": "my app.db", "TABLENAME": "user"})
        'sqlite3 \\'my app.db\\' \\'.schema "user"\\''
    """

    def value(found: re.Match[str]) -> str:
        said = names.get(_name(found))
        if not said or (not found["bare"] and _NO_PLACE.search(said)):
            return found.group()
        mark = found["quote"] or ""
        return shlex.quote(said) if found["bare"] else f"{mark}{said}{mark}"

    return _FIELD.sub(value, text) if names else text


def fields_in(text: str) -> tuple[str, ...]:
    """The names that a text has, each once, in their order.

    Example:
        >>> fields_in("alembic upgrade PREVIOUS:REV --sql")
        ('PREVIOUS', 'REV')
    """
    return tuple(dict.fromkeys(map(_name, _FIELD.finditer(text))))


def _name(found: re.Match[str]) -> str:
    return found["inner"] or found["bare"] or found["path"]
