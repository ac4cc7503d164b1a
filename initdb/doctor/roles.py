"""Chooses the names of the four roles for a PostgreSQL database. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from initdb.doctor.objects import Objects

LONGEST = 63
"""The longest name that PostgreSQL keeps, in bytes."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The names of the roles.

    Attributes:
        owner: It owns the journal and the schemas.
        initializer: It works: it appends to the journal, and owns the tables of the application.
        application: It serves.
        auditor: It reads the journal.
    """

    owner: str
    initializer: str
    application: str
    auditor: str


PARTS = ("owner", "initializer", "application", "auditor")
"""What the roles are called."""


def roles_of(found: Objects, given: dict[str, str]) -> Roles:
    """Choose the names of the roles.

    The owner is, without a given name, the one that the journal has; else that of the database. A superuser
    is never chosen, nor a role that was given another part.

    Args:
        found: What is in the database.
        given: Part → name, for those that a person chose.

    Raises:
        ValueError: Two parts have one role, or a name is none for a role.
    """
    base = found.database.encode()[: LONGEST - len("_initializer")].decode(errors="ignore")
    names = {part: given.get(part) or f"{base}_{part}" for part in PARTS}
    if "owner" not in given:
        known = (*(part.owner for part in found.journal if part.kind == "table"), found.owner)
        fit = (one for one in known if one not in {*found.superusers, *names.values()})
        names["owner"] = next(fit, names["owner"])
    for name in names.values():
        if not name.isprintable() or len(name.encode()) > LONGEST or name.startswith("pg_"):
            raise ValueError(f"{name!r} is no name for a role of PostgreSQL")
    if len({*names.values()}) < len(PARTS):
        raise ValueError("Each of the four parts needs a role of its own")
    return Roles(**names)
