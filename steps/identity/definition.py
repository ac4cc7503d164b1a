"""The built-in identity schema as SQL text, by name."""

from __future__ import annotations

from initdb.steps.identity.ddl import Definition, definition
from initdb.steps.identity.models import IDENTITY

__all__ = ["Definition", "SchemaDefinition", "definition"]


class SchemaDefinition:
    """The identity schema as SQL text; see `initdb.steps.identity.ddl` for what each database can execute.

    `dialect` is "sqlite" or "postgresql"; ValueError for any other.
    """

    @staticmethod
    def get_table_definitions(dialect: str = "sqlite") -> dict[str, str]:
        """Return table name -> CREATE TABLE, in order of dependency."""
        return definition(IDENTITY, dialect).tables

    @staticmethod
    def get_index_definitions(dialect: str = "sqlite") -> dict[str, str]:
        """Return index name -> CREATE INDEX."""
        return definition(IDENTITY, dialect).indexes

    @staticmethod
    def get_constraint_definitions(dialect: str = "sqlite") -> dict[str, str]:
        """Return constraint name -> ALTER TABLE ... ADD CONSTRAINT; on SQLite the clause in the table."""
        return definition(IDENTITY, dialect).constraints
