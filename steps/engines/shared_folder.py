"""Keeps root from a SQLite database beside which other users can put files: SQLite trusts them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.errors.known_names import of_file
from initdb.events.sessions import database_file
from initdb.settings import Settings
from initdb.whose import ROOT, Seen, group_name, other_members, user_name

_MOVE = (
    "Move the database to a folder that root alone may write, or allow it: "
    "INITDB_ALLOW_SHARED_FOLDER=true initdb run"
)
"""What is done where the folder is a shared one on purpose, such as /tmp: it must stay so."""


def refuse_shared(engine: Engine, settings: Settings) -> None:
    """As root, refuse a SQLite file in a folder that every user may write, unless the settings allow it.

    SQLite believes the files beside a database: a journal that somebody puts there makes root delete or
    overwrite files, also where root only reads. A sticky bit does not keep anybody from making one.

    Args:
        engine: The engine of the database.
        settings: `allow_shared_folder` allows it.

    Raises:
        InitError: "shared-folder".
    """
    file = database_file(engine)
    if file is None or os.geteuid() != ROOT or settings.allow_shared_folder:
        return
    for place in file.parents:
        seen = _seen(place)
        if seen and seen.is_open and (place == file.parent or not seen.mode & stat.S_ISVTX):
            names = {**of_file(file, "DBFILE"), "FOLDER": str(place)}
            said = f"Every user may write {place}."
            fix = _MOVE if seen.mode & stat.S_ISVTX else None
            raise InitError("shared-folder", said, fix=fix, database="sqlite", names=names)


def folder_cautions(engine: Engine, settings: Settings) -> Iterator[str]:
    """As root, warn of a database in the folder of another user, as a sentence.

    Args:
        engine: The engine of the database.
        settings: `allow_shared_folder` says that it is wanted.
    """
    file = database_file(engine)
    seen = _seen(file.parent) if file else None
    if file is None or seen is None or os.geteuid() != ROOT or settings.allow_shared_folder:
        return
    who = user_name(seen.owner) if seen.owner != ROOT else ""
    if not who and seen.is_shared and other_members(seen.group, seen.owner):
        who = group_name(seen.group)
    if who:
        yield (
            f"Root works on {file}, and {who} may write its folder: by files beside the database he can make "
            "SQLite change files of root. Let root own the folder, or work as its owner. If it is wanted, "
            "set allow_shared_folder."
        )


def _seen(folder: Path) -> Seen | None:
    try:
        return Seen.of(folder.stat())
    except OSError:
        return None
