"""Judges by the catalogue alone whose journal it is, and where a new one may stand. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from initdb.errors import InitError
from initdb.events.head import NAMES

OWN_SCHEMA = "initdb"
"""The schema of a new journal, where somebody else's things stand under its names in the default schema."""

MOST = 4
"""How many objects an error names."""


@dataclass(frozen=True, slots=True)
class Named:
    """A relation, function or type whose name is one of a journal's.

    Attributes:
        schema: Its schema.
        kind: What it is: table, view, function, …
        name: Its name.
        owner: Its owner.
        owners: Every role that may change it: its owner, and that of its schema.
        holds: The tables of the application that its owner owns too, or as whose owner it may act.
    """

    schema: str
    kind: str
    name: str
    owner: str = ""
    owners: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What it is, where, and whose, in words."""
        return f"{self.kind} {self.schema}.{self.name}" + (f" of {self.owner}" if self.owner else "")


@dataclass(frozen=True, slots=True)
class Place:
    """A schema in which a journal could be created.

    Attributes:
        schema: Its name.
        exists: Whether it is there.
        owner: Its owner; empty if it is not there.
        may_create: Whether this role may create it, or create in it.
        stranger: A role that may act as its owner, and that nothing speaks for; empty if there is none.
    """

    schema: str
    exists: bool = True
    owner: str = ""
    may_create: bool = True
    stranger: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What a database has under a journal's names.

    Attributes:
        default: The schema in which a table would be made; None if there is none.
        named: Each thing, those of the default schema first.
        strangers: The owners that are not trusted, each with a role that may act as it and is a stranger.
    """

    default: str | None
    named: tuple[Named, ...] = ()
    strangers: Mapping[str, str] = field(default_factory=dict)

    @property
    def owners(self) -> frozenset[str]:
        """The roles that `strangers` was asked about."""
        return frozenset(role for one in self.named for role in one.owners)

    def schemas(self) -> dict[str, bool]:
        """The schemas that have a head which nobody else may have made, and whether each has entries too."""
        tables: dict[str, list[Named]] = {}
        for one in self.named:
            if one.name in NAMES and one.kind == "table":
                tables.setdefault(one.schema, []).append(one)
        return {
            schema: any(one.name == NAMES[0] for one in found)
            for schema, found in tables.items()
            if any(one.name == NAMES[1] for one in found) and not any(map(self.is_strange, found))
        }

    def is_strange(self, one: Named) -> bool:
        """Whether a stranger may have made a thing, or may change it."""
        return not self.strangers.keys().isdisjoint(one.owners)

    def strange(self, schema: str | None = None) -> tuple[Named, ...]:
        """What strangers have under a journal's names, in one schema or in all."""
        return tuple(one for one in self.named if schema in (None, one.schema) and self.is_strange(one))

    def refuse_strange(self, wanted: str | None, tables: Collection[str] | None) -> None:
        """Refuse a journal that strangers may have made, if it may yet be that of this application.

        It may be if its owner owns tables of the application too: both were restored as another role. A
        neighbour who has only made the journal does not stop a boot.

        Args:
            wanted: The setting `journal_schema`.
            tables: The tables of the application; None if they are not known.

        Raises:
            InitError: `journal-of-a-stranger`.
        """
        for one in self.strange():
            if one.name != NAMES[0] or one.kind != "table" or wanted not in (None, one.schema):
                continue
            if tables is None or one.holds:
                said = [f"The {one} is not trusted."]
                whose = next(role for role in one.owners if role in self.strangers)
                said.append(
                    f"{self.strangers[whose]} may act as its owner, and is no role of this application."
                )
                if one.holds:
                    said.append(
                        f"{one.owner} also owns, or may act as the owner of, {', '.join(one.holds[:MOST])}."
                    )
                names = {"SCHEMANAME": one.schema, "OWNERROLE": one.owner}
                raise InitError("journal-of-a-stranger", *said, database="postgresql", names=names)


def place(around: Around, places: Mapping[str, Place], wanted: str | None) -> str | None:
    """Choose the schema of a new journal.

    Args:
        around: What there is already.
        places: The default schema, `OWN_SCHEMA` and the wanted one, by name.
        wanted: The setting `journal_schema`.

    Returns:
        The schema; None if no setting names one, and there is no default.

    Raises:
        InitError: `journal-place-taken`, if strangers have things there under a journal's names.
    """
    if wanted is None and around.default is None:
        return None
    first = wanted or str(around.default)
    taken = _why_taken(around, places.get(first), first)
    own = places.get(OWN_SCHEMA)
    if not taken:
        return first
    if wanted is None and own is not None and own.may_create and not _why_taken(around, own, OWN_SCHEMA):
        return OWN_SCHEMA
    raise InitError("journal-place-taken", *taken, database="postgresql", names={"SCHEMANAME": first})


def _why_taken(around: Around, there: Place | None, schema: str) -> list[str]:
    """Why a journal cannot stand in a schema, one line each."""
    said = []
    if there is not None and there.stranger:
        said.append(f"The schema {schema} belongs to {there.owner}, as which {there.stranger} may act.")
    strange = around.strange(schema)
    said += [f"The {one} is in the way." for one in strange[:MOST]]
    if len(strange) > MOST:
        said.append(f"So are {len(strange) - MOST} more.")
    return said
