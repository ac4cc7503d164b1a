"""The built-in identity schema as SQL text, by name."""

from __future__ import annotations

from initdb.steps.identity.ddl import Definition, definition
from initdb.steps.identity.models import IDENTITY

__all__ = ["Definition", "SchemaDefinition", "definition"]


class SchemaDefinition:
    """The identity schema as SQL text. `initdb.steps.identity.ddl` says what each database can execute.

    Each method takes a dialect, "sqlite" or "postgresql", and raises ValueError for any other.

    Example:
        >>> list(SchemaDefinition.get_table_definitions("postgresql"))[:3]
        ['tenants', 'users', 'roles']
        >>> SchemaDefinition.get_index_definitions()["ix_memberships_user_id"]
        'CREATE INDEX ix_memberships_user_id ON memberships (user_id)'
    """

    @staticmethod
    def get_table_definitions(dialect: str = "sqlite") -> dict[str, str]:
        """Each table's name with its CREATE TABLE, in order of dependency."""
        return definition(IDENTITY, dialect).tables

    @staticmethod
    def get_index_definitions(dialect: str = "sqlite") -> dict[str, str]:
        """Each index's name with its CREATE INDEX."""
        return definition(IDENTITY, dialect).indexes

    @staticmethod
    def get_constraint_definitions(dialect: str = "sqlite") -> dict[str, str]:
        """Each constraint's name with its ALTER TABLE … ADD CONSTRAINT; on SQLite its clause in the table."""
        return definition(IDENTITY, dialect).constraints
