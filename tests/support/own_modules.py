"""Lets a command that runs in the tests' process leave no module behind, as one of its own process would."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_modules(folder: Path) -> Iterator[None]:
    """Afterwards the modules of a folder are forgotten, and sys.path is as before."""
    before = list(sys.path)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and Path(file).is_relative_to(folder):
                del sys.modules[name]
