"""Reads in PostgreSQL's message which privilege a role lacks, and says the statement that gives it."""

from __future__ import annotations

import re

# Source: PostgreSQL's src/backend/catalog/aclchk.c, aclcheck_error. In other languages nothing is found.
_DENIED = re.compile(
    r"permission denied for (table|view|materialized view|relation|sequence|schema|database) (.+)"
)
_OWNER = re.compile(
    r"must be owner of (table|view|materialized view|relation|sequence|schema|database|type) (.+)"
)
_PRIVILEGES = {
    "sequence": "USAGE, SELECT, UPDATE ON SEQUENCE",
    "schema": "USAGE, CREATE ON SCHEMA",
    "database": "CONNECT, CREATE ON DATABASE",
}
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def grant_for(message: str) -> str | None:
    """The statement for an administrator, with DBROLE for the role; None if the message does not say enough.

    Args:
        message: The first line of an error with the SQLSTATE 42501.

    Example:
        >>> grant_for("permission denied for table orders")
        'GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO "DBROLE"'
        >>> grant_for("must be owner of view Totals")
        'ALTER VIEW "Totals" OWNER TO "DBROLE"'
    """
    if found := _OWNER.fullmatch(message.strip()):
        kind = found[1].upper().replace("RELATION", "TABLE")
        return f'ALTER {kind} {_quoted(found[2])} OWNER TO "DBROLE"'
    if found := _DENIED.fullmatch(message.strip()):
        what = _PRIVILEGES.get(found[1], "SELECT, INSERT, UPDATE, DELETE ON")
        return f'GRANT {what} {_quoted(found[2])} TO "DBROLE"'
    return None


def _quoted(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
