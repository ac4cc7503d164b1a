"""Looks for the folder of the application: this one, or one above it in the same project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from initdb.cli.discovery.folder import Folder, look_into
from initdb.cli.discovery.reading import Contents, is_there, project_folder, read_contents
from initdb.settings import Settings


def look_from(here: Path, settings: Settings, environ: Mapping[str, str]) -> tuple[Contents, Folder]:
    """Look into the folder of the settings; without settings into the nearest one that holds an application.

    Args:
        here: The working directory.
        settings: The settings that were found from there.
        environ: The environment.

    Returns:
        The contents of the folder, and what they are. If no folder of the project holds an application that
        can be imported, it is the folder of the project.
    """
    if settings.folder is not None:
        return _look(settings.folder, environ)
    project = project_folder(here)
    for place in (here, *here.parents):
        contents, found = _look(place, environ)
        is_inside = place.name == "src" or is_there(place / "__init__.py")
        if place == project or (not is_inside and found.is_importable):
            return contents, found
    raise AssertionError("a project is above its folders")


def _look(place: Path, environ: Mapping[str, str]) -> tuple[Contents, Folder]:
    contents = read_contents(place, environ)
    return contents, look_into(contents)
