"""Tells whether two names mean the same object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from initdb.steps.catalog.found import Key
from initdb.steps.catalog.port import Catalogue


@dataclass(frozen=True, slots=True)
class Names:
    """Compares names as the database does.

    Attributes:
        catalogue: The database's catalogue.
    """

    catalogue: Catalogue

    def fold(self, name: str) -> str:
        """The name in the form in which names are compared."""
        return self.catalogue.fold(name)

    def folded(self, names: Iterable[str | None]) -> tuple[str | None, ...]:
        """The names in the form in which they are compared, in their order; None stays None."""
        return tuple(None if name is None else self.fold(name) for name in names)

    def key(self, key: Key) -> Key:
        """A table's schema and name in the form in which they are compared."""
        schema, name = key
        return (None if schema is None else self.fold(schema), self.fold(name))

    def pairs(self, pairs: Iterable[tuple[str, str | None]]) -> frozenset[tuple[str | None, ...]]:
        """A foreign key's pairs of columns in the form in which they are compared."""
        return frozenset(self.folded(pair) for pair in pairs)
