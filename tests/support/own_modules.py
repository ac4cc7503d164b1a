"""Lets a command that runs in the tests' process leave no module behind, as one of its own process would."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_modules(folder: Path) -> Iterator[None]:
    """Give way to the modules of a folder. Afterwards they are forgotten, and sys.path is as before."""
    path, names = list(sys.path), {file.stem for file in folder.glob("*.py")}
    names |= {file.parent.name for file in folder.glob("*/__init__.py")}
    shadowed = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in names}
    importlib.invalidate_caches()
    before = set(sys.modules)
    try:
        yield
    finally:
        sys.path[:] = path
        inside = f"{folder}{os.sep}"
        for name in sys.modules.keys() - before:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(inside):
                del sys.modules[name]
        sys.modules.update(shadowed)
