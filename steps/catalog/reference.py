"""A foreign key that the database does not guarantee."""

from __future__ import annotations

from dataclasses import dataclass

from initdb.steps.catalog.issue import Severity


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns of one table that refer to columns of another. Rows may refer to nothing.

    Attributes:
        label: What messages call the referring table.
        child: The referring table, quoted if necessary.
        parent: The table that it refers to, quoted if necessary.
        columns: The referring columns, quoted if necessary.
        keys: The columns that they refer to, quoted if necessary.
        severity: Of an issue about rows that refer to nothing.
    """

    label: str
    child: str
    parent: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    severity: Severity = "error"

    @property
    def query(self) -> str:
        """The query for rows of the child without one of the parent. A key with a NULL refers to nothing."""
        pairs = zip(self.columns, self.keys, strict=True)
        match = " AND ".join(f"p.{key} = c.{column}" for column, key in pairs)
        given = " AND ".join(f"c.{column} IS NOT NULL" for column in self.columns)
        return f"FROM {self.child} c WHERE {given} AND NOT EXISTS (SELECT FROM {self.parent} p WHERE {match})"
