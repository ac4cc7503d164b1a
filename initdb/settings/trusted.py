"""Judges whether a settings file that a search has found may be read: what it names is run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from initdb.errors import InitError
from initdb.errors.known_names import of_file
from initdb.whose import ROOT, Seen, is_known, other_members, user_name

CONFIG = "INITDB_CONFIG"
"""The variable that names the settings file. A file that is named is not judged."""

IN_CONTAINER = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that only root can have made, in a container of Docker or Podman."""


def refuse_untrusted(path: Path, file: Seen, environ: Mapping[str, str]) -> None:
    """Refuse a file that another user can have put there, or beside whose modules he can put his own.

    Args:
        path: The file.
        file: What its open descriptor says.
        environ: The environment. For root, SUDO_UID says who typed the command.

    Raises:
        InitError: settings-file-refused.
    """
    why = why_untrusted(path, file, Seen.of(path.parent.stat()), trusted_users(environ))
    if why is not None:
        raise InitError("settings-file-refused", why, names=of_file(path))


def trusted_users(environ: Mapping[str, str]) -> frozenset[int]:
    """This process's user, root, and for root the user who called sudo: he may do what root may.

    Args:
        environ: The environment.
    """
    caller = environ.get("SUDO_UID", "") if os.geteuid() == ROOT else ""
    also = {int(caller)} if caller.isascii() and caller.isdigit() else set()
    return frozenset({os.geteuid(), ROOT, *also})


def why_untrusted(path: Path, file: Seen, folder: Seen, trusted: frozenset[int]) -> str | None:
    """Why a settings file is not read, in words; None if it is.

    Args:
        path: The file.
        file: The file.
        folder: Its folder, from which modules are imported.
        trusted: The users whose files are read.
    """
    for place, seen in ((path, file), (path.parent, folder)):
        if seen.owner not in trusted and not is_mounted(path, seen.owner, trusted):
            return f"{place} belongs to {user_name(seen.owner)}; this process is {user_name(os.geteuid())}."
        if seen.is_open and not _in_container() and not _is_read_only(place):
            return f"Every user may write {place}."
    return None


def is_mounted(path: Path, owner: int, trusted: frozenset[int]) -> bool:
    """Whether an owner can only be somebody outside of this container, as of a folder mounted into it.

    No user in the container has his number; and nobody in it can have put a folder on the way to the file:
    each belongs to such an owner or to a trusted one, and others may not write it.

    Args:
        path: The file.
        owner: Its owner, or that of its folder.
        trusted: The users whose files are read.
    """
    return (
        _in_container()
        and not is_known(owner)
        and all(
            (above.owner in trusted or not is_known(above.owner))
            and not above.is_open
            and not (above.is_shared and other_members(above.group, above.owner))
            for above in map(Seen.of, (folder.stat() for folder in path.parent.resolve().parents))
        )
    )


def _in_container() -> bool:
    return any(mark.exists() for mark in IN_CONTAINER)


def _is_read_only(place: Path) -> bool:
    try:
        return bool(os.statvfs(place).f_flag & os.ST_RDONLY)
    except OSError:
        return False
