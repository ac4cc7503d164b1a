"""Does something as another user of this machine, in a process of its own. The tests run as root."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def as_user(uid: int, do: Callable[[], object], *, gid: int | None = None, groups: Sequence[int] = ()) -> Any:
    """What a function returns to a user who has no entry in /etc/passwd, as JSON can hold it.

    Args:
        uid: The user.
        do: The function. It runs in a forked process.
        gid: The user's group; by default it has the number of the user.
        groups: The supplementary groups.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setgid(uid if gid is None else gid)
            os.setuid(uid)
            answer = {"returned": do()}
        except BaseException:
            answer = {"raised": traceback.format_exc()}
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        found = json.loads(answers.read())
    os.waitpid(child, 0)
    assert "returned" in found, found["raised"]
    return found["returned"]


def enterable(folder: Path) -> None:
    """Let every user enter a folder, and those above it."""
    for place in (folder, *folder.parents):
        if not place.stat().st_mode & 0o001:
            place.chmod(place.stat().st_mode | 0o011)
