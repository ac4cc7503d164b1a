"""Keeps the text of foreign exceptions out of reports. Who asks for it with --show-values sees it, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from initdb.errors.facts import fact_of
from initdb.errors.redact import text_of
from initdb.errors.safe import escape

Show = Callable[[str], None]
"""Prints lines for the person who asked."""


class _Shown:
    """Who asked, in this process, and what was shown already."""

    show: Show | None = None
    before: frozenset[str] = frozenset()


def kind_of(error: BaseException) -> str:
    """The type of an exception and the fact about it. Its text may hold values, and is withheld.

    Args:
        error: Whatever a driver, a library or the application's code raised.

    Example:
        >>> kind_of(ValueError("the token abc is wrong"))
        'ValueError'
    """
    withhold(error)
    fact = fact_of(error)
    return f"{type(error).__name__}: {fact}" if fact else type(error).__name__


def withhold(said: BaseException | str) -> None:
    """Show an exception, or a text, to the person who asked for it; nothing if nobody did.

    Args:
        said: As for `kind_of`; or what another program has printed.
    """
    show = _Shown.show
    if show is None:
        return
    text = said if isinstance(said, str) else _in_full(said)
    if text not in _Shown.before:
        _Shown.before |= {text}
        show(text)


def exit_of(error: SystemExit) -> str:
    """The call that ended a process: `sys.exit(3)`. What is no number is withheld.

    Args:
        error: What was raised.

    Example:
        >>> exit_of(SystemExit(3)), exit_of(SystemExit("the token abc is wrong"))
        ('sys.exit(3)', 'sys.exit(…)')
    """
    return f"sys.exit({error.code if isinstance(error.code, int) else '…'})"


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
