"""Turns errors of other people's code into the loop's own: a signal to look again, or an error to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from initdb.errors import InitError
from initdb.errors.translated import translated as errors_translated
from initdb.events.head import JournalSignal
from initdb.statemachine.loop.signals import Stopped


@contextmanager
def translated(meaning: Callable[[Exception], Exception]) -> Iterator[None]:
    """Raise what `meaning` gives for an error of the block that is not the loop's own.

    Args:
        meaning: From the error to a JournalSignal or an InitError.

    Raises:
        JournalSignal, InitError: From the block as they are, or as `meaning` gives them.
        Stopped: From the block, as it is.

    Example:
        >>> from initdb.events.head import HeadBusy
        >>> try:
        ...     with translated(lambda error: HeadBusy(str(error))):
        ...         raise TimeoutError("locked")
        ... except HeadBusy as error:
        ...     print(error)
        locked
    """
    with errors_translated(meaning, InitError, JournalSignal, Stopped):
        yield
