"""Undoes what was begun, if the code that follows fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import ParamSpec

_Given = ParamSpec("_Given")


@contextmanager
def on_error(undo: Callable[_Given, object], *args: _Given.args, **kwargs: _Given.kwargs) -> Iterator[None]:
    """Call `undo` if the block raises anything, also KeyboardInterrupt; the exception goes on afterwards.

    Args:
        undo: The function to call.
        args: Its arguments.
        kwargs: Its keyword arguments.

    Example:
        >>> undone = []
        >>> with on_error(undone.append, "kept"):
        ...     pass
        >>> try:
        ...     with on_error(undone.append, "undone"):
        ...         raise ValueError
        ... except ValueError:
        ...     undone
        ['undone']
    """
    with ExitStack() as stack:
        stack.callback(undo, *args, **kwargs)
        yield
        stack.pop_all()
