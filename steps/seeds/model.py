"""What a seed source and a row of it are. Plain data, without a database library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from initdb.errors.known_names import of_file

Kind = Literal["rows", "python rows", "python callable", "identity"]
OnConflict = Literal["skip", "update"]


@dataclass(frozen=True, slots=True)
class SeedSource:
    """One source of an application's first rows.

    Attributes:
        name: The file's name or the function's qualified name. It is the source's name in the ledger.
        kind: "rows" (a CSV, JSON or YAML file), "python rows" (a function that yields rows), "python
            callable" (a function that works on the connection) or "identity" (the rows of the built-in
            identity schema).
        table: The table that it fills, as the metadata names it ("roles", "auth.roles"); None if only its
            code knows.
        digest: The SHA-256 of its content, as 64 lowercase hexadecimal digits.
        key: The natural key that it gives; () for the table's own.
        on_conflict: What happens to a row that exists.
        path: The file, if the content is in one.
        function: The function, if the application passed one.
        free: Whether its name says nothing of its place among the files of its folder.
    """

    name: str
    kind: Kind
    table: str | None
    digest: str
    key: tuple[str, ...] = ()
    on_conflict: OnConflict = "skip"
    path: Path | None = None
    function: Callable[..., object] | None = None
    free: bool = False

    @property
    def names(self) -> dict[str, str]:
        """What stands for FILE, FOLDER and TABLENAME in an error that is about it."""
        found = of_file(self.path) if self.path is not None else {}
        return found | ({"TABLENAME": self.table.rpartition(".")[2]} if self.table else {})

    @property
    def file(self) -> Path:
        """The file of a source that is one.

        Raises:
            TypeError: The source is no file.
        """
        if self.path is None:
            raise TypeError(f"{self.name} is not a file")
        return self.path


class SeedRow(dict[str, object]):
    """A row, as column name → value, with its place ("roles.csv line 3") for error messages."""

    __slots__ = ("place",)

    def __init__(self, values: Mapping[str, object], place: str) -> None:
        super().__init__(values)
        self.place = place
