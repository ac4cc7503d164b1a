"""Gives a name to whatever other people's code, a driver or the system raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def translated(meaning: Callable[[Exception], BaseException], *passed: type[BaseException]) -> Iterator[None]:
    """Raise what `meaning` gives for an error of the block.

    Args:
        meaning: From the error to the one to raise; the same error goes on as it is.
        passed: The classes of errors that go on without being asked about.

    Example:
        >>> try:
        ...     with translated(lambda error: RuntimeError(f"no number: {error}"), KeyError):
        ...         int("many")
        ... except RuntimeError as error:
        ...     print(error)
        no number: invalid literal for int() with base 10: 'many'
    """
    try:
        yield
    except passed:
        raise
    except Exception as error:  # it may be anything, and whatever it is gets a name
        found = meaning(error)
        if found is error:
            raise
        raise found from error
