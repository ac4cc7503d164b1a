"""The one exception that a user of initdb sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from initdb.errors.rendering import Rendered, render, safe_lines
from initdb.errors.safe import safe_text

if TYPE_CHECKING:
    from initdb.errors.rows import ErrorRow, Topic

SHORT_TOPICS: tuple[Topic, ...] = (
    "credential-verification",
    "troubleshooting",
    "permission-fix",
    "user-permissions",
    "alternative-configuration",
    "configuration-example",
)
"""The topics whose short form is printed with the error: the needs of who cannot reach the database."""


class InitError(Exception):
    """A failure that a row of the catalogue describes.

    reference: the row. context: the particulars, a line each; made safe here (secrets, control characters,
        length).
    kept, fix: instead of the row's own, where the case allows to be more exact.
    database: "sqlite" or "postgresql", chooses the advice.
    sqlstate: SQLSTATE or SQLite's error name, if there is one.
    Raises KeyError for a reference without a row.
    """

    reference: str
    row: ErrorRow
    context: tuple[str, ...]
    database: str | None

    def __init__(
        self,
        reference: str,
        *context: str,
        kept: str | None = None,
        fix: str | None = None,
        database: str | None = None,
        sqlstate: str | None = None,
    ) -> None:
        row = _catalogue()[reference]
        self._set(
            row,
            Rendered(
                reference=reference,
                message=row.message,
                context=safe_lines(context),
                kept=row.kept if kept is None else safe_text(kept),
                fix=row.fix if fix is None else safe_text(fix),
                sqlstate=sqlstate,
                passing=row.passing,
                advice=short_advice(row, database),
                database=database,
                exit_code=row.exit_code,
            ),
        )

    @classmethod
    def from_rendered(cls, rendered: Rendered) -> InitError:
        """The failure that was stored as `rendered`, word for word, even if its reference is unknown here."""
        error = cls.__new__(cls)
        error._set(_catalogue().get(rendered.reference) or _unknown(rendered), rendered)
        return error

    def _set(self, row: ErrorRow, rendered: Rendered) -> None:
        self.args = (rendered.reference, *rendered.context)
        self.reference = rendered.reference
        self.row = row
        self.context = rendered.context
        self.database = rendered.database
        self._rendered = rendered

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this failure."""
        return self._rendered.exit_code

    def rendered(self) -> Rendered:
        """The failure as it is told and stored."""
        return self._rendered

    def __str__(self) -> str:
        """Plain text, as on a terminal without colours."""
        return render(self._rendered)

    def __reduce__(self) -> tuple[object, ...]:
        """By its rendering, so that a failure with an unknown reference can be pickled too."""
        return (InitError.from_rendered, (self._rendered,))


def short_advice(row: ErrorRow, database: str | None) -> tuple[str, ...]:
    """The first lines of the row's advice on reaching and using `database`, in the order of SHORT_TOPICS."""
    return tuple(
        advice.short
        for topic in SHORT_TOPICS
        for advice in row.advice
        if advice.topic == topic and advice.fits(database)
    )


def _catalogue() -> Mapping[str, ErrorRow]:
    from initdb.errors.catalogue.index import CATALOGUE

    return CATALOGUE


def _unknown(rendered: Rendered) -> ErrorRow:
    """A row for a reference that another version of initdb knows."""
    from initdb.errors.rows import ErrorRow

    return ErrorRow(
        rendered.reference,
        rendered.message,
        rendered.kept,
        rendered.fix,
        passing=rendered.passing,
        exit_code=rendered.exit_code,
    )
