"""Says whose a file or a folder is, and who else may write it: by owner, group and mode."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass

ROOT = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What decides whether a file is trusted: mode, owner, group, and how many names it has."""

    mode: int
    owner: int
    group: int
    names: int = 1

    @classmethod
    def of(cls, found: os.stat_result) -> Seen:
        """What `stat` says of a file."""
        return cls(found.st_mode, found.st_uid, found.st_gid, found.st_nlink)

    @property
    def is_open(self) -> bool:
        """Whether every user may write it."""
        return bool(self.mode & stat.S_IWOTH)

    @property
    def is_shared(self) -> bool:
        """Whether its group may write it."""
        return bool(self.mode & stat.S_IWGRP)


def user_name(uid: int) -> str:
    """A user, as people name him: with his name where the system knows it."""
    try:
        return f"{pwd.getpwuid(uid).pw_name} ({uid})"
    except KeyError:
        return f"user {uid}"


def group_name(gid: int) -> str:
    """A group, as people name it: with its name where the system knows it."""
    try:
        return f"{grp.getgrgid(gid).gr_name} ({gid})"
    except KeyError:
        return f"group {gid}"


def is_known(uid: int) -> bool:
    """Whether a user of this system has the number, and so can be at work here."""
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def other_members(gid: int, owner: int) -> bool:
    """Whether somebody other than the owner, this process's user and root may be in a group.

    Group 0 is root's. A group without an entry that this process is in is that of its container (fsGroup).
    A user's private group has nobody else in it.

    Args:
        gid: The group.
        owner: The owner of the file.
    """
    if gid == ROOT:
        return False
    try:
        listed = set(grp.getgrgid(gid).gr_mem)
    except KeyError:
        return gid not in {owner, os.getegid(), *os.getgroups()}
    trusted = set(_names(owner, os.geteuid(), ROOT))
    return bool((listed | {one.pw_name for one in pwd.getpwall() if one.pw_gid == gid}) - trusted)


def _names(*uids: int) -> Iterator[str]:
    for uid in uids:
        if is_known(uid):
            yield pwd.getpwuid(uid).pw_name
