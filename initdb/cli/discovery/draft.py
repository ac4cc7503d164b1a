"""Makes the new text of a settings file, and what else `initdb init` proposes for a folder."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from initdb.cli.discovery.boot_line import with_boot_line
from initdb.cli.discovery.folder import Folder
from initdb.cli.discovery.toml_text import Values, with_settings

_SHARED = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file with its text before and after.

    Attributes:
        path: The absolute path.
        before: The text; None if there is no such file.
        after: The proposed text.
    """

    path: Path
    before: str | None
    after: str

    def diff(self, folder: Path) -> str:
        """The difference in the unified format.

        Args:
            folder: The paths in its first lines are seen from here.
        """
        name = str(self.path.relative_to(folder) if self.path.is_relative_to(folder) else self.path)
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            "/dev/null" if self.before is None else name,
            name,
        )
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
        )


def draft_settings(path: Path, before: bytes | None, values: Values) -> Draft | None:
    """Propose values for a settings file.

    Args:
        path: A pyproject.toml or an initdb.toml.
        before: Its content; None if there is no such file.
        values: Name → value. The file has none of these.

    Returns:
        The draft; None if the file is written in a way that takes no more values.
    """
    text = (before or b"").decode()
    after = with_settings(text, ("tool", "initdb") if path.name == _SHARED else (), values)
    return None if after is None else Draft(path, None if before is None else text, after)


def draft_boot(folder: Folder, sources: Mapping[str, bytes], app: str) -> tuple[str, Draft | None] | None:
    """Propose the line with which a Flask application boots its database.

    Args:
        folder: What is in the folder.
        sources: Its Python files.
        app: The application, as the setting `app` has it.

    Returns:
        What to do in words, and the draft if it is clear where the line goes; None if there is nothing to do.
    """
    if folder.boots or not folder.databases:
        return None
    by_name = {one.name: one for one in folder.applications}
    named = by_name.get(app)
    named = by_name.get(named.made_by, named) if named else None
    if named is None:
        return None
    where = f"of {named.attribute}() in {named.path}" if named.is_factory else f"in {named.path}"
    words = f"To boot the database with the application, call init_app(app, db) at the end {where}:"
    try:
        source = sources[named.path].decode("utf-8-sig")
    except UnicodeDecodeError:  # it declares another encoding
        return words, None
    after = with_boot_line(source, named, folder.names, folder.databases[0])
    return words, None if after is None else Draft(folder.path / named.path, source, after)
