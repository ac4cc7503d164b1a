"""Programs that tests take from Debian packages; if one is missing, the error says what installs it."""

from __future__ import annotations

import shutil
from pathlib import Path

_PLACES = "/usr/sbin:/usr/local/sbin"


def program(name: str, package: str) -> Path:
    """Where the program is. Raises RuntimeError where the package is missing."""
    found = shutil.which(name) or shutil.which(name, path=_PLACES)
    if found is None:
        raise _missing(package)
    return Path(found)


def library(pattern: str, package: str) -> Path:
    """Where the library is, as a glob below /usr/lib. Raises RuntimeError where the package is missing."""
    found = next(iter(sorted(Path("/usr/lib").glob(pattern))), None)
    if found is None:
        raise _missing(package)
    return found


def _missing(package: str) -> RuntimeError:
    return RuntimeError(
        f"the tests need the Debian package {package}: apt-get update && apt-get install -y {package}"
    )
