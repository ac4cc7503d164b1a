"""Loads Python files from bytes that are read once and hashed, never from a compiled cache."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader, SourcelessFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import TypeAlias

Check: TypeAlias = Callable[[str], object]
"""Is called with the SHA-256 of the bytes before they run. It may raise."""


class FreshSource(SourceFileLoader):
    """Compiles what it reads. Python's own loader believes a cache of equal time and size."""

    def __init__(self, name: str, path: str, check: Check = str) -> None:
        super().__init__(name, path)
        self._check, self.digest = check, ""

    def get_code(self, fullname: str) -> CodeType:
        """See `importlib.abc.InspectLoader`."""
        data = self.get_data(self.path)
        self.digest = _checked(data, self._check)
        code: CodeType = self.source_to_code(data, self.path)
        return code


class FreshBytecode(SourcelessFileLoader):
    """Loads a compiled file that has no source, as Alembic does with `sourceless = true`."""

    def __init__(self, name: str, path: str, check: Check = str) -> None:
        super().__init__(name, path)
        self._check, self.digest = check, ""

    def get_data(self, path: str) -> bytes:
        """See `importlib.abc.ResourceLoader`."""
        data: bytes = super().get_data(path)
        self.digest = _checked(data, self._check)
        return data


def _checked(data: bytes, check: Check) -> str:
    digest = hashlib.sha256(data).hexdigest()
    check(digest)
    return digest


def load_file(name: str, path: Path, check: Check = str) -> tuple[ModuleType, str]:
    """Run a file as a module. It is not entered into `sys.modules`.

    Args:
        name: The name of the module.
        path: A .py file; or a .pyc, if that itself is what was hashed.
        check: See `Check`.

    Returns:
        The module, and the SHA-256 of its bytes, as 64 lowercase hexadecimal digits.

    Raises:
        OSError, SyntaxError: The file cannot be read or compiled.
        BaseException: What the file or `check` raises.
    """
    loader: FreshSource | FreshBytecode
    if path.suffix == ".py":
        loader = FreshSource(name, str(path), check)
    else:
        loader = FreshBytecode(name, str(path), check)
    spec = spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise ImportError(f"cannot load {path}")
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module, loader.digest


def import_fresh(name: str) -> ModuleType:
    """Import a module from its source. One that was imported already stays as it is.

    Args:
        name: Its full name.

    Raises:
        BaseException: What importing it raises.
    """
    with _found_fresh(name):
        return importlib.import_module(name)


@contextlib.contextmanager
def _found_fresh(name: str) -> Iterator[None]:
    finder = _Finder(name)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder:
    """Finds one module as the others do, and gives it the loader that reads the source."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What `importlib` asks each finder (https://docs.python.org/3/reference/import.html)."""
        if name != self._name:
            return None
        for finder in sys.meta_path:
            found = None if finder is self else finder.find_spec(name, path, target)
            if found is not None:
                if type(found.loader) is SourceFileLoader:
                    found.loader = FreshSource(found.loader.name, found.loader.path)
                return found
        return None
