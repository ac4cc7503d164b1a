"""What a source of first rows is, and what a row of it is: plain data, no database library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["rows", "python rows", "python callable", "identity"]
OnConflict = Literal["skip", "update"]


@dataclass(frozen=True, slots=True)
class SeedSource:
    """One source of first rows.

    name: the file's name or the callable's qualified name; the ledger knows the source by it.
    kind: "rows" (a CSV, JSON or YAML file), "python rows" (a function that yields rows), "python callable" (a
        function that works on the connection), "identity" (the built-in identity schema's own rows).
    table: the table it fills, as the metadata names it ("roles", "auth.roles"); None where only its code
        knows.
    digest: SHA-256 of its content, 64 lowercase hex digits. key: the natural key it gives itself, () for the
        table's own.
    on_conflict: what becomes of a row that exists already. path, function: where the content is.
    """

    name: str
    kind: Kind
    table: str | None
    digest: str
    key: tuple[str, ...] = ()
    on_conflict: OnConflict = "skip"
    path: Path | None = None
    function: Callable[..., object] | None = None

    @property
    def file(self) -> Path:
        """The file of a source that is one; raises TypeError for another."""
        if self.path is None:
            raise TypeError(f"{self.name} is not a file")
        return self.path


class SeedRow(dict[str, object]):
    """A row, column name → value, that knows its place ("roles.csv line 3") for an error that names it."""

    __slots__ = ("place",)

    def __init__(self, values: Mapping[str, object], place: str) -> None:
        super().__init__(values)
        self.place = place
