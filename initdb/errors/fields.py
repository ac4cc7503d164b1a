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
        "DBFILE": "the file of the SQLite database",
        "DBURL": "the PostgreSQL database, as psql takes it",
        "SERVERURL": "a database of the same server that is always there, as psql takes it",
        "DBNAME": "the name of the PostgreSQL database",
        "SCHEMANAME": "the schema of the journal",
        "DBROLE": "the role that initdb works as",
        "HOST": "the host of the server",
        "PORT": "the port of the server",
        "OSUSER": "the operating system's user that this process runs as",
    }
)
"""Name → what it stands for."""

_FIELD = re.compile(
    rf"(?P<quote>[\"'])(?P<inner>{'|'.join(FIELDS)})(?P=quote)|\b(?P<bare>{'|'.join(FIELDS)})\b"
)
_NO_PLACE = re.compile(r"[\"'\\$`\x00-\x1f]")
"""What cannot stand between quotation marks, in SQL as in a shell."""


def fill(text: str, names: Mapping[str, str]) -> str:
    """The text with the values of the names that it has.

    Between quotation marks a value stands as it is, and elsewhere as one word of a shell. A value that would
    end the quotation is left out: its name stays.

    Args:
        text: A text of the catalogue.
        names: Name → value.

    Example:
        >>> fill('sqlite3 DBFILE \\'.schema "TABLENAME"\\'', {"DBFILE": "my app.db", "TABLENAME": "user"})
        'sqlite3 \\'my app.db\\' \\'.schema "user"\\''
    """

    def value(found: re.Match[str]) -> str:
        said = names.get(found["inner"] or found["bare"])
        if not said or (found["inner"] and _NO_PLACE.search(said)):
            return found.group()
        mark = found["quote"] or ""
        return f"{mark}{said}{mark}" if mark else shlex.quote(said)

    return _FIELD.sub(value, text) if names else text


def fields_in(text: str) -> tuple[str, ...]:
    """The names that a text has, each once, in their order.

    Example:
        >>> fields_in("alembic upgrade PREVIOUS:REV --sql")
        ('PREVIOUS', 'REV')
    """
    return tuple(dict.fromkeys(found["inner"] or found["bare"] for found in _FIELD.finditer(text)))
