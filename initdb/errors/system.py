"""What the operating system says of a failure: its words for the number, never a text that came with it."""

from __future__ import annotations

import os


def system_words(error: BaseException) -> str:
    """The system's words for the number of an error; empty if it has none.

    The file that an OSError names is left out: the application's code can write anything there.

    Args:
        error: Any exception.

    Example:
        >>> system_words(OSError(28, "anything"))
        'No space left on device'
    """
    number = error.errno if isinstance(error, OSError) else None
    # Those of TLS and of the name service are numbers of their own, and have rows of their own.
    others = any(base.__name__ in ("SSLError", "gaierror") for base in type(error).__mro__)
    return os.strerror(number) if isinstance(number, int) and number > 0 and not others else ""
