"""Finds the seed sources that an application configures. None of them runs here.

Files are named `table.csv`, `.json`, `.yaml`, `.yml` or `name.py`, with or without a number in front:
`10_table.csv`, `10-table.csv`. Those with a number are ordered by it, then by name: `2_b.csv` comes before
`10_a.csv`. The others find their place by the models' foreign keys (`ordering`). A Python file defines either
`rows()` or `seed(connection)`. `rows()` yields dicts for the table in TABLE, or in the file's name.
`seed(connection)` works on the connection and does not commit. KEY and ON_CONFLICT are optional.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, cast

from initdb.errors import InitError, naming
from initdb.errors.known_names import of_file
from initdb.loading.objects import load_object
from initdb.loading.packages import is_package_name, package_folder
from initdb.steps.seeds.checking import check
from initdb.steps.seeds.documents import stated
from initdb.steps.seeds.functions import function_source, seed
from initdb.steps.seeds.model import SeedSource
from initdb.steps.seeds.options import options_of
from initdb.steps.seeds.scripts import read_script

__all__ = ["SeedSource", "Seeds", "check", "discover", "identity_source", "ignored", "seed"]

Seed: TypeAlias = "str | os.PathLike[str] | Callable[..., object] | SeedSource"
Seeds: TypeAlias = "Seed | Sequence[Seed] | None"

IDENTITY_VERSION = 1
"""The version of what identity seeding does besides its rows. If it rises, databases are seeded again."""

_NAME = re.compile(r"(?:(\d+)[_-])?(.+)\.(csv|json|yaml|yml|py)")


def discover(seeds: Seeds, *, folder: Path) -> tuple[SeedSource, ...]:
    """Find the sources, and read and hash their files. A module is imported only for "module:function".

    Args:
        seeds: None, one of these, or a sequence of them: a folder (`ignored` gives the files that do not
            count); a file; "package.name" or "package:path" of a folder or file; "module:function"; a
            callable.
        folder: Where relative paths begin.

    Returns:
        The sources, in the order of their names.

    Raises:
        InitError: `seeds-not-found`, `seed-file-unreadable`, `seed-name-twice`.
    """
    found = tuple(source for item in _items(seeds) for source in _sources(item, folder))
    names = [source.name for source in found]
    twice = next((source for source in found if names.count(source.name) > 1), None)
    if twice is not None:
        places = ", ".join(str(source.path or source.name) for source in found if source.name == twice.name)
        raise InitError("seed-name-twice", f"{twice.name}: {places}")
    return found


def ignored(seeds: Seeds, *, folder: Path) -> tuple[tuple[Path, str], ...]:
    """The files in the configured folders that are not seeds, each with the reason.

    Hidden files, and what Python puts into a package, are left out of this too.

    Args:
        seeds: As for `discover`.
        folder: As for `discover`.
    """
    folders = [path for item in _items(seeds) if (path := _path(item, folder)) is not None and path.is_dir()]
    return tuple(
        (file, reason)
        for path in folders
        for file in _listed(path)
        if not file.name.startswith((".", "__")) and (reason := _reason(file))
    )


def identity_source() -> SeedSource:
    """The seed source of the built-in identity schema. Its digest changes when a release adds rows."""
    from initdb.steps.identity import models, rows

    content = [(table, key, [sorted(row.items()) for row in found]) for table, key, found in rows.seed_rows()]
    digest = hashlib.sha256(repr((IDENTITY_VERSION, content)).encode()).hexdigest()
    return SeedSource("identity", "identity", ", ".join(models.TABLES), digest)


def _items(seeds: Seeds) -> Sequence[Seed]:
    if seeds is None:
        return ()
    return seeds if isinstance(seeds, list | tuple) else (seeds,)


def _sources(item: Seed, folder: Path) -> Iterator[SeedSource]:
    if isinstance(item, SeedSource):
        yield item
        return
    path = _path(item, folder)
    if path is None:
        yield function_source(_function(item, folder))
    elif path.is_dir():
        files = [file for file in _listed(path) if file.is_file() and _NAME.fullmatch(file.name)]
        yield from filter(None, map(_listed_source, sorted(files, key=_order)))
    elif path.is_file():
        yield _file_source(path)
    else:
        raise InitError("seeds-not-found", f"{item}: there is no such folder or file", f"Looked at {path}")


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise InitError("seeds-not-found", f"{folder}: {error.strerror}") from error


def _path(item: Seed, folder: Path) -> Path | None:
    """The path of a folder or file; None for a function."""
    if not isinstance(item, str | os.PathLike):
        return None
    path = folder / item
    text = os.fspath(item)
    if _exists(path) or not is_package_name(text) or not {":", "."} & set(text):
        return path
    try:
        return package_folder(text)
    except InitError:
        return None if ":" in text else path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise InitError("seeds-not-found", f"{path}: {error.strerror}") from error


def _function(item: object, folder: Path) -> Callable[..., object]:
    found = (
        load_object(item, reference="seeds-not-found", folder=folder, fresh=True)
        if isinstance(item, str)
        else item
    )
    if not callable(found):
        raise InitError(
            "seeds-not-found", f"{item}: it is a {type(found).__name__}, not a function, file or folder"
        )
    return cast(Callable[..., object], found)


def _reason(file: Path) -> str | None:
    """Why a file in a folder is not a seed source; None if it is one."""
    match = _NAME.fullmatch(file.name)
    if not file.is_file():
        return "it is not a file"
    if match is None:
        return "its name does not end in .csv, .json, .yaml, .yml or .py"
    if match[1] is None and match[3] == "py" and not _is_script(file):
        return "it defines neither rows() nor seed(connection), and its name has no number"
    return None


def _listed_source(file: Path) -> SeedSource | None:
    """The source of a file in a folder; None for a module without a number, which its seeds may import."""
    if _is_numbered(file):
        return _file_source(file)
    try:
        return replace(_file_source(file), free=True)
    except InitError:
        if file.suffix == ".py":
            return None
        raise


def _is_script(file: Path) -> bool:
    """Whether a Python file is a seed. A folder may hold what its seeds import."""
    try:
        read_script(file.name, file.read_bytes())
    except (InitError, OSError):
        return False
    return True


def _is_numbered(file: Path) -> bool:
    match = _NAME.fullmatch(file.name)
    return match is not None and match[1] is not None


def _order(file: Path) -> tuple[int, str]:
    match = _NAME.fullmatch(file.name)
    return (int(match[1]) if match and match[1] else 0, file.name)


def _file_source(path: Path) -> SeedSource:
    with naming(lambda: of_file(path)):
        return _read_source(path)


def _read_source(path: Path) -> SeedSource:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise InitError(
            "seed-file-unreadable", f"{path.name}: its name does not end in .csv, .json, .yaml, .yml or .py"
        )
    try:
        if match[3] != "py":
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found = {} if match[3] == "csv" else stated(path.name, path)
            options = options_of(path.name, found, match[2])
            return SeedSource(
                path.name, "rows", options.table, digest, options.key, options.on_conflict, path
            )
        content = path.read_bytes()
    except OSError as error:
        raise InitError("seed-file-unreadable", f"{path}: {error.strerror}") from error
    digest = hashlib.sha256(content).hexdigest()
    script = read_script(path.name, content)
    constants = {name.lower(): value for name, value in script.constants.items()}
    options = options_of(path.name, constants, match[2] if script.kind == "python rows" else None)
    return SeedSource(path.name, script.kind, options.table, digest, options.key, options.on_conflict, path)
