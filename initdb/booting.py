"""Says that an application is being loaded for a command, so that its own boot does not begin meanwhile.

A leaf: the command line sets it around the import or the factory of an application, the Flask face reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

quiet: ContextVar[bool] = ContextVar("initdb_booting_quiet", default=False)
"""Whether `init_app` is to bind and do nothing more: the command that loads the application does the work."""


@contextmanager
def loading() -> Iterator[None]:
    """For the length of the block, an application that calls `init_app` does not boot its database."""
    token = quiet.set(True)
    try:
        yield
    finally:
        quiet.reset(token)
