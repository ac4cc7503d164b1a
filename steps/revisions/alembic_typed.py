"""How Alembic's own commands are typed for a directory, from the working directory."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from initdb.steps.revisions.locate import ENV, INI, TOML, MigrationPlace
from initdb.steps.revisions.options import Options, read_ini, read_toml


def alembic_typed(place: MigrationPlace) -> str | None:
    """The command, with {} for Alembic's own; None if no file tells Alembic where the directory is.

    Alembic finds alembic.ini and pyproject.toml only in the working directory, and a relative
    `script_location` only from there: where that fails, the command changes to the folder of the file.

    Args:
        place: The directory.
    """
    if place.ini is not None and (said := read_ini(place.ini)).script_location:
        return _typed(place.ini, said, INI)
    if place.toml is not None and (found := read_toml(place.toml)) is not None and found.script_location:
        return _typed(place.toml, found, TOML)
    return None


def _typed(file: Path, said: Options, usual: str) -> str:
    folder = file.parent
    here = folder.resolve() == Path.cwd().resolve()
    if here or _is_found_from_here(said.script_location or ""):
        option = "" if here and file.name == usual else f"-c {shlex.quote(relative(file))} "
        return f"alembic {option}{{}}"
    option = "" if file.name == usual else f"-c {shlex.quote(file.name)} "
    return f"(cd {shlex.quote(relative(folder))} && alembic {option}{{}})"


def _is_found_from_here(location: str) -> bool:
    if ":" in location and not Path(location).is_absolute():
        return True
    return (Path(location) / ENV).is_file()


def relative(path: Path) -> str:
    """The path from the working directory."""
    return os.path.relpath(path)
