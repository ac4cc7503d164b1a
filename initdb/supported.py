"""Says which installed library is older than initdb supports, once an import has failed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from initdb.errors import InitError

OLDEST: Mapping[str, str] = {"sqlalchemy": "2.0.36", "alembic": "1.18"}
"""Package → its oldest version, as initdb's own metadata demands it. Some ways to install get round that."""


def too_old() -> InitError | None:
    """The error for the first library that is too old; None if none is.

    It is asked only after an import has failed, since it reads the metadata of the installed packages.
    """
    from importlib.metadata import PackageNotFoundError, version

    for name, oldest in OLDEST.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            continue
        if is_older(found, oldest):
            said = f"{name} {found} is installed; initdb needs {oldest} or later"
            return InitError("library-too-old", said, fix=f"pip install '{name}>={oldest}', then: initdb run")
    return None


def is_older(found: str, oldest: str) -> bool:
    """Whether a version comes before another one.

    Example:
        >>> is_older("2.0.9", "2.0.36"), is_older("2.1.0b1", "2.0.36")
        (True, False)
    """
    return _numbers(found) < _numbers(oldest)


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: (2, 0, 36) of "2.0.36rc1"."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
