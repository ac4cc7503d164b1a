"""Finds the folder of a package, or of something in it, without importing the package."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from initdb.errors import InitError

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(:[^:]*)*", re.ASCII)


def is_package_name(text: str) -> bool:
    """Whether `text` can be "package", "package.inner" or "package:path/in/it"."""
    return _NAME.fullmatch(text) is not None


def is_in_package(text: str) -> bool:
    """Whether "package:path" names a folder that exists. Nothing is imported.

    Args:
        text: The name.
    """
    name, *parts = text.split(":")
    if not is_package_name(text):
        return False
    top, *inner = name.split(".")
    return any(root.joinpath(*inner, *parts).is_dir() for root in _locations(top))


def package_folder(text: str) -> Path:
    """The absolute folder that "package.inner" or "package:path" names (`a:b:c` is `b/c` in `a`).

    Only the finders of the top-level name are asked, and the folders below it are followed, so nothing runs.
    If an inner package is elsewhere, it is looked for by its own name, which imports its parents.

    Args:
        text: The name.

    Raises:
        InitError: `migrations-not-found`, if there is no such package, or no such folder in it.
    """
    name, *parts = text.split(":")
    top, *inner = name.split(".")
    roots = _locations(top)
    if not roots:
        raise InitError("migrations-not-found", f"{text}: there is no package {top} in this environment")
    packages = [root.joinpath(*inner) for root in roots]
    if not any(package.is_dir() for package in packages):
        packages = _locations(name) or packages
    folders = [package.joinpath(*parts).absolute() for package in packages]
    for folder in folders:
        if folder.exists():
            return folder
    raise InitError("migrations-not-found", f"{text}: {folders[0]} does not exist")


def _locations(name: str) -> list[Path]:
    try:
        spec = find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return []
    return [Path(location) for location in (spec and spec.submodule_search_locations) or ()]
