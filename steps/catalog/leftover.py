"""What an interrupted migration or index build has left in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from initdb.events.naming import readable


@dataclass(frozen=True, slots=True)
class Leftover:
    """A table that Alembic's batch mode was filling, or an index that was never finished.

    Attributes:
        kind: Which of the two.
        name: The name of the object.
        table: The table that it belongs to, or that was being rebuilt.
        schema: None for the connection's default schema.
    """

    kind: Literal["alembic-temporary-table", "invalid-index"]
    name: str
    table: str
    schema: str | None = None

    @property
    def text(self) -> str:
        """What it is, in one sentence."""
        if self.kind == "invalid-index":
            return (
                f"The index {self.name} of {self.table} is INVALID: its build failed, or is going on. If "
                f"nobody builds it: DROP INDEX CONCURRENTLY {readable(self.name, self.schema)};"
            )
        return (
            f"The table {self.name} was left by a migration that was rebuilding {self.table} and did not end."
        )
