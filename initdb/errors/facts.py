"""What can be said of any exception besides its type: facts of the system and of the source, never a text."""

from __future__ import annotations

import os
from types import CodeType


def fact_of(error: BaseException) -> str:
    """The system's words for a number, an exit code, or a name of the source; empty if there is none.

    A name counts if the line that ran has it as a name, and not in a string: the module that is not there,
    the attribute, the variable. The file of an OSError is left out, since code can write anything there.

    Args:
        error: Any exception.

    Example:
        >>> fact_of(OSError(28, "anything"))
        'No space left on device'
        >>> try:
        ...     import no_such_module
        ... except ImportError as error:
        ...     fact_of(error)
        'no_such_module'
        >>> fact_of(ImportError("anything", name="anything"))
        ''
    """
    if isinstance(error, SystemExit):
        return str(error.code) if isinstance(error.code, int) else ""
    if isinstance(error, OSError):
        return _of_system(error)
    codes = _codes(error)
    name = getattr(error, "name", None)
    if isinstance(name, str) and codes and _has(codes[-1], name):
        return name
    if isinstance(error, KeyError) and codes and codes[-1] is type(os.environ).__getitem__.__code__:
        return f"the environment variable {error.args[0]}"
    return ""


def _of_system(error: OSError) -> str:
    # Those of TLS and of the name service are numbers of their own, and have rows of their own.
    others = any(base.__name__ in ("SSLError", "gaierror") for base in type(error).__mro__)
    number = error.errno
    return os.strerror(number) if isinstance(number, int) and number > 0 and not others else ""


def _codes(error: BaseException) -> list[CodeType]:
    found, step = [], error.__traceback__
    while step is not None:
        found.append(step.tb_frame.f_code)
        step = step.tb_next
    return found


def _has(code: CodeType, name: str) -> bool:
    """Whether the code has the name, or a module below it, as a name."""
    return any(one == name or one.startswith(f"{name}.") for one in code.co_names)
