"""The one exception that a user of initdb sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ContextDecorator, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from initdb.errors.faces import Face, speaking
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
"""The topics whose short form is printed with an error. They help a person who cannot reach the database."""


class InitError(Exception):
    """A failure that a row of the catalogue describes; its text is what a terminal shows.

    Args:
        reference: The reference of the row.
        context: The particulars, one line each. Secrets and control characters are removed here, and long
            values are shortened.
        kept: What was kept, if more exact than in the row.
        fix: The fix, if more exact than in the row.
        database: "sqlite" or "postgresql"; chooses the advice.
        sqlstate: The SQLSTATE, or SQLite's name of the error.
        names: The values of the names in the texts: REV, FILE and the others of `initdb.errors.fields`.

    Raises:
        KeyError: The catalogue has no such reference.

    Example:
        >>> print(InitError("seed-rejected", "roles.csv line 3: roles.name 'admin' exists already"))
        error: seed-rejected
        <BLANKLINE>
          A seed row broke a constraint of the schema.
            roles.csv line 3: roles.name 'admin' exists already
        <BLANKLINE>
        kept: The schema and every batch before this one stand; this batch was rolled back.
        fix: Correct the row, then: initdb resume
        more: initdb explain seed-rejected
    """

    reference: str
    row: ErrorRow
    context: tuple[str, ...]
    database: str | None
    _face: Face | None = None

    def __init__(  # noqa: PLR0913 - all that an error may say beside its row
        self,
        reference: str,
        *context: str,
        kept: str | None = None,
        fix: str | None = None,
        database: str | None = None,
        sqlstate: str | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        row = _catalogue()[reference]
        general = Rendered(
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
        )
        self._set(row, general, names or {})

    @classmethod
    def from_rendered(cls, rendered: Rendered) -> InitError:
        """The error that was stored, word for word, even if this version does not know its reference.

        Args:
            rendered: The stored error, as `Rendered.from_data` reads it.
        """
        error = cls.__new__(cls)
        error._set(_catalogue().get(rendered.reference) or _unknown(rendered), rendered, None)
        return error

    def _set(self, row: ErrorRow, general: Rendered, names: Mapping[str, str] | None) -> None:
        """Set the attributes. `names` is None for a stored error, which stays word for word as it was."""
        self.args = (general.reference, *general.context)
        self.reference = general.reference
        self.row = row
        self.context = general.context
        self.database = general.database
        self._general, self._names = general, names
        self._rendered = _filled(general, names) if names else general

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this failure."""
        return self._rendered.exit_code

    @property
    def names(self) -> Mapping[str, str]:
        """The names that were filled in; none for a stored error."""
        return self._names or {}

    def with_context(self, *lines: str) -> InitError:
        """The same failure with more particulars."""
        said = self._general
        return self._again(replace(said, context=safe_lines((*said.context, *lines))), self._names)

    def with_advice(self, *lines: str) -> InitError:
        """The same failure with more advice after that of its row."""
        said = self._general
        return self._again(replace(said, advice=safe_lines((*said.advice, *lines))), self._names)

    def with_names(self, names: Mapping[str, str], database: str | None = None) -> InitError:
        """The same failure with more names filled in. What it has already stays.

        Args:
            names: As the argument of this name.
            database: As the argument of this name.

        Example:
            >>> error = InitError("revision-failed", names={"REV": "3f2a"}).with_names({"PREVIOUS": "base"})
            >>> error.rendered().advice[0]
            'See the statements that it sends: alembic upgrade base:3f2a --sql'
        """
        is_new = self.database is None and database is not None
        if self._names is None or not (is_new or names.keys() - self._names.keys()):
            return self
        general = self._general
        if is_new:
            general = replace(general, database=database, advice=short_advice(self.row, database))
        return self._again(general, {**names, **self._names})

    def _again(self, general: Rendered, names: Mapping[str, str] | None) -> InitError:
        error = InitError.__new__(InitError)
        error._set(self.row, general, names)
        error._face = self._face
        return error

    def rendered(self) -> Rendered:
        """The error as it is shown and stored."""
        return self._rendered

    def __str__(self) -> str:
        """The plain text, as on a terminal without colours."""
        if self._face is None:
            return render(self._rendered)
        with speaking(self._face):
            return render(self._rendered)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the rendered error, so that an unknown reference can be pickled too."""
        return (InitError.from_rendered, (self._rendered,))


@contextmanager
def naming(known: Callable[[], Mapping[str, str]]) -> Iterator[None]:
    """Fill in names where an error passes that does not know them itself.

    Args:
        known: Gives the names, as the argument `names` of `InitError`. It is called if there is an error.

    Raises:
        InitError: That of the block, with the names.
    """
    try:
        yield
    except InitError as error:
        said = error.with_names(known())
        if said is error:
            raise
        raise said.with_traceback(error.__traceback__) from error.__cause__


class raised_to(ContextDecorator):
    """Let an error leave for a program: its commands as that program types them, its causes without texts.

    Args:
        face: Gives the face. It is called if there is an error.

    Raises:
        InitError: That of the block.
    """

    def __init__(self, face: Callable[[], Face | None] = lambda: None) -> None:
        self._face = face

    def __enter__(self) -> None:
        """Nothing is kept."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Change the error, which goes on."""
        if isinstance(error, InitError):
            from initdb.errors.causes import stand_in_for_causes

            error._face = self._face() or error._face
            stand_in_for_causes(error)


def _filled(general: Rendered, names: Mapping[str, str]) -> Rendered:
    from initdb.errors.fields import fill

    return replace(
        general,
        message=safe_text(fill(general.message, names)),
        kept=safe_text(fill(general.kept, names)),
        fix=safe_text(fill(general.fix, names)),
        advice=safe_lines(fill(line, names) for line in general.advice),
    )


def short_advice(row: ErrorRow, database: str | None) -> tuple[str, ...]:
    """The short forms of the advice on SHORT_TOPICS that fits `database`, in the order of the topics."""
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
    """A row for a reference that only another version of initdb knows."""
    from initdb.errors.rows import ErrorRow

    return ErrorRow(
        rendered.reference,
        rendered.message,
        rendered.kept,
        rendered.fix,
        passing=rendered.passing,
        exit_code=rendered.exit_code,
    )
