"""What a program sees below an InitError: stand-ins for foreign exceptions, with their types and no texts.

Python's own hook, the logger of a framework or a service that collects errors prints causes, and a driver's
text has the statement and its parameters.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import TracebackType

from initdb.errors.facts import fact_of

_DEEPEST = 20
"""How many causes of causes are kept."""

LEFT_OUT = "its text is left out, since it may hold values"

_MOST = 12
"""How many lines of code one stand-in names, the innermost ones."""


class StandIn(Exception):
    """Stands for another exception, whose name its class has. It says where that was raised."""


def stand_in_for_causes(error: BaseException) -> None:
    """Replace all that an error leads to, and forget through which of our functions it came.

    Their frames hold values as well, in local variables that collectors of errors print.

    Args:
        error: An error that is about to leave for the program that called us. It is changed.
    """
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    error.__cause__ = _stand_in(cause, _DEEPEST)
    error.__context__ = None
    error.__traceback__ = None


def _stand_in(error: BaseException | None, left: int) -> BaseException | None:
    if error is None or not left or isinstance(error, StandIn):
        return error if left else None
    below = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    named = _class_of(type(error))(_text(error))
    named.__cause__ = _stand_in(below, left - 1)
    return named


def _class_of(kind: type[BaseException]) -> type[StandIn]:
    return type(kind.__name__, (StandIn,), {"__module__": kind.__module__, "__qualname__": kind.__qualname__})


def _text(error: BaseException) -> str:
    """The fact about an exception, and the lines that it came through, the innermost last."""
    fact = fact_of(error)
    places = list(_places(error.__traceback__))[-_MOST:]
    said = [f"{fact}; " if fact else "", LEFT_OUT]
    return "".join((*said, *(f"\n  at {place}" for place in places)))


def _places(step: TracebackType | None) -> Iterator[str]:
    while step is not None:
        code = step.tb_frame.f_code
        yield f"{os.fspath(code.co_filename)}, line {step.tb_lineno}, in {code.co_qualname}"
        step = step.tb_next


def frames_of(error: BaseException) -> str:
    """A traceback without texts and without lines of source, which may hold literals: types and places.

    Args:
        error: Any exception.
    """
    lines, step, left = ["Traceback, without texts and values:"], error, _DEEPEST
    while left:
        lines += [f"{type(step).__module__}.{type(step).__qualname__}: {_text(step)}"]
        below = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
        if below is None:
            break
        lines += ["caused by:"]
        step, left = below, left - 1
    return "\n".join(lines) + "\n"
