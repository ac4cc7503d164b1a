"""Keeps the text of foreign exceptions out of reports. Who asks for it with --show-values sees it, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from initdb.errors.redact import text_of
from initdb.errors.safe import escape

Show = Callable[[str], None]
"""Prints lines for the person who asked."""


class _Shown:
    """Who asked, in this process, and what was shown already."""

    show: Show | None = None
    before: frozenset[str] = frozenset()


def kind_of(error: BaseException) -> str:
    """The type of an exception, which stands for it in a report. Its text may hold values, and is withheld.

    Args:
        error: Whatever a driver, a library or the application's code raised.

    Example:
        >>> kind_of(ValueError("the token abc is wrong"))
        'ValueError'
    """
    withhold(error)
    return type(error).__name__


def withhold(error: BaseException) -> None:
    """Show the text of an exception to the person who asked for it; nothing if nobody did.

    Args:
        error: As for `kind_of`.
    """
    show = _Shown.show
    if show is None:
        return
    text = _in_full(error)
    if text not in _Shown.before:
        _Shown.before |= {text}
        show(text)


@contextmanager
def shown_to(show: Show) -> Iterator[None]:
    """For the length of the block, somebody asks for the texts that are withheld.

    Args:
        show: Prints a text for them. It is kept nowhere.
    """
    before = _Shown.show, _Shown.before
    _Shown.show, _Shown.before = show, frozenset()
    try:
        yield
    finally:
        _Shown.show, _Shown.before = before


def _in_full(error: BaseException) -> str:
    """Type and text, with statement and parameters if SQLAlchemy knows them. Only control characters go."""
    lines = f"{type(error).__module__}.{type(error).__name__}: {text_of(error)}".splitlines()
    return "\n".join(escape(line) for line in lines if line.strip())
