"""A connection that writes down what is sent, and has no database behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy import ClauseElement, Dialect, Executable, Insert, TextClause, text
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.schema import ExecutableDDLElement

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


READS = "it reads the database"


class NotOnPaper(Exception):
    """What a revision does cannot be written down. The text says why."""


class _NoRows:
    """The result of a statement. Whatever is done with it asks for rows."""

    def __init__(self, ask: Callable[[], NoReturn]) -> None:
        self._ask = ask

    def __getattr__(self, name: str) -> Any:
        self._ask()

    def __iter__(self) -> Iterator[Any]:
        self._ask()

    def __bool__(self) -> bool:  # noqa: PLE0304 - it raises
        self._ask()

    def __len__(self) -> int:  # noqa: PLE0303 - it raises
        self._ask()

    def __getitem__(self, key: object) -> Any:
        self._ask()


class Paper(MockConnection):
    """A connection for offline mode.

    Args:
        dialect: Of the database; one like it is made.
        write: Gets the text of each statement, with its values in it.

    Attributes:
        refused: Why the revision cannot be written down, also if it hides the error; empty if it can.
    """

    def __init__(self, dialect: Dialect, write: Callable[[str], None]) -> None:
        # Otherwise some drivers double each percent sign.
        super().__init__(type(dialect)(paramstyle="named"), self._execute)  # type: ignore[call-arg]
        self._write = write
        self.refused = ""

    def put(self, statement: Executable | str) -> None:
        """Write a statement down. A text may have parameters only if they have values.

        Raises:
            SQLAlchemyError: A value is missing, or cannot be written as SQL.
        """
        one: Any = text(statement) if isinstance(statement, str) else statement
        if isinstance(one, ExecutableDDLElement):
            self._write(str(one.compile(dialect=self.dialect)))
            return
        if isinstance(one, Insert):
            one = one.inline()
        one.compile(dialect=self.dialect).construct_params()  # raises where a value is missing
        self._write(str(one.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True})))

    def _execute(self, statement: Executable, parameters: Parameters = None) -> _NoRows:
        for one in _with_values(statement, parameters):
            self.put(one)
        return _NoRows(self._ask)

    def exec_driver_sql(self, statement: str, parameters: object = None, *_: object) -> _NoRows:
        """Write a statement down as it is. One with values of its own cannot be."""
        if parameters:
            self._refuse("the driver puts values into a statement")
        self._write(statement)
        return _NoRows(self._ask)

    def scalar(self, statement: Executable, parameters: Parameters = None, **_: object) -> NoReturn:
        """There is no row."""
        self._ask()

    def scalars(self, statement: Executable, parameters: Parameters = None, **_: object) -> NoReturn:
        """There is no row."""
        self._ask()

    def begin_nested(self) -> contextlib.AbstractContextManager[None]:
        """A savepoint is not written down: nothing fails here."""
        return contextlib.nullcontext()

    def _ask(self) -> NoReturn:
        self._refuse(READS)

    def _refuse(self, why: str) -> NoReturn:
        self.refused = self.refused or why
        raise NotOnPaper(why)


def _with_values(statement: Any, parameters: Parameters) -> Iterator[Executable]:
    """The statement with its values in it; one for each row of values."""
    if not parameters:
        yield statement
        return
    for row in [parameters] if isinstance(parameters, Mapping) else parameters:
        if isinstance(statement, TextClause):
            yield statement.bindparams(**row)
        elif isinstance(statement, Insert):
            yield statement.values(row)
        else:
            assert isinstance(statement, ClauseElement)  # noqa: S101 - SQLAlchemy takes nothing else
            yield statement.params(dict(row))  # type: ignore[misc]
