"""Judges this process: Python, the installed packages, PATH, the time zone. It imports no package."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import sys
import sysconfig
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from initdb.doctor.finding import Finding, ok, problem, warning
from initdb.supported import OLDEST, is_older

OLDEST_SQLITE = (3, 33)
"""The first SQLite with the table `sqlite_schema` (https://sqlite.org/releaselog/3_33_0.html)."""

PLUGIN = ("alembic.plugins", "alembic.autogenerate.initdb")
"""The group and the name of the entry point that hides the journal from autogenerate."""

_PACKAGES = ("sqlalchemy", "alembic", "flask", "flask-sqlalchemy", "flask-migrate")
_POSIX_ZONE = re.compile(r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)[+-]?\d")
"""The beginning of a time zone that is written out, as `CET-1CEST` (POSIX, chapter 8.3)."""


@dataclass(frozen=True, slots=True)
class Process:
    """What is true of this process.

    Attributes:
        python: Its version.
        packages: Package → its version; None if it is not installed.
        sqlite: The version of SQLite's library.
        plugin: Whether Alembic finds the plugin that hides the journal.
        on_path: What the word `initdb` means on PATH; None for nothing.
        is_ours: Whether that is this program.
        zone: The variable TZ; empty if it is not set.
        zone_known: Whether this system knows that time zone.
        options: The variable PGOPTIONS; empty if it is not set.
    """

    python: str
    packages: Mapping[str, str | None]
    sqlite: str
    plugin: bool
    on_path: str | None
    is_ours: bool
    zone: str = ""
    zone_known: bool = True
    options: str = ""


def gather_process() -> Process:
    """Gather it. Nothing is imported that could be missing or too old."""
    found, zone = shutil.which("initdb"), os.environ.get("TZ", "")
    group, name = PLUGIN
    return Process(
        python=".".join(map(str, sys.version_info[:3])),
        packages={package: _version(package) for package in ("initdb-journal", *_PACKAGES)},
        sqlite=sqlite3.sqlite_version,
        plugin=any(one.name == name for one in entry_points(group=group)),
        on_path=found,
        is_ours=found is not None and _is_ours(Path(found)),
        zone=zone,
        zone_known=_is_known(zone),
        options=os.environ.get("PGOPTIONS", ""),
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _is_ours(found: Path) -> bool:
    """Whether a program is the one that was installed with this package, or begins like it."""
    scripts = Path(sysconfig.get_path("scripts"), "initdb")
    if scripts.exists() and found.exists() and found.samefile(scripts):
        return True
    with found.open("rb") as file:
        return b"python" in file.read(200).partition(b"\n")[0]


def _is_known(zone: str) -> bool:
    """Whether the C library knows a time zone; it takes UTC for one that it does not know."""
    name = zone.removeprefix(":")
    if not name or _POSIX_ZONE.match(name) or name.startswith("/"):
        return not name.startswith("/") or Path(name).exists()
    return any(Path(folder, name).is_file() for folder in zoneinfo.TZPATH) or name in ("UTC", "GMT")


def judge_process(found: Process) -> Iterator[Finding]:
    """The findings about this process. Pure."""
    installed = {name: number for name, number in found.packages.items() if number is not None}
    listed = ", ".join(f"{name} {number}" for name, number in installed.items())
    yield ok("versions", f"Python {found.python}; {listed}; SQLite {found.sqlite}.")
    for name, oldest in OLDEST.items():
        number = installed.get(name)
        if number is None:
            yield problem(
                "versions", f"The package {name} is not installed.", f"pip install '{name}>={oldest}'"
            )
        elif is_older(number, oldest):
            said = f"{name} {number} is installed; initdb needs {oldest} or later."
            yield problem("versions", said, f"pip install '{name}>={oldest}'")
    if is_older(found.sqlite, ".".join(map(str, OLDEST_SQLITE))):
        yield problem(
            "versions",
            f"Python uses SQLite {found.sqlite}; initdb needs 3.33 or later for a SQLite database.",
            "Install a newer Python, or an image of a newer system: python -c 'import sqlite3;"
            " print(sqlite3.sqlite_version)'",
        )
    yield from _plugin(found)
    yield from _path(found)
    if found.options:
        yield warning(
            "settings",
            f"PGOPTIONS adds to every connection: {found.options}.",
            "If that is not meant: unset PGOPTIONS",
        )
    if not found.zone_known:
        yield warning(
            "time",
            f"This system does not know the time zone TZ={found.zone}: programs take UTC without a word.",
            "Correct it, or install the package tzdata of the system: export TZ=UTC",
        )


def _plugin(found: Process) -> Iterator[Finding]:
    if found.plugin:
        yield ok("versions", "Alembic's autogenerate finds the plugin that hides the journal from it.")
    else:
        yield warning(
            "versions",
            "Alembic's autogenerate does not find the plugin that hides the journal: alembic revision"
            " --autogenerate would write revisions that drop it.",
            "Install the package itself, not only its folder: pip install initdb-journal",
        )


def _path(found: Process) -> Iterator[Finding]:
    if found.on_path is not None and not found.is_ours:
        yield warning(
            "versions",
            f"Typed alone, initdb means {found.on_path}, which is another program.",
            "Type python -m initdb or flask initdb",
        )
