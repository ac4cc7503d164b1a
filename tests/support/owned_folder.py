"""A temporary folder that is locked while its process lives, so that the next one can tell what was left."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

_PREFIX = "initdb-tests-"
_GRACE = 60.0
"""Seconds in which a new folder may not be locked yet."""


class OwnedFolder:
    """A new folder in `parent`, readable by everyone; first removes those of processes that are gone."""

    def __init__(self, parent: Path) -> None:
        """Makes and locks the folder."""
        for left in parent.glob(f"{_PREFIX}*"):
            _remove_if_abandoned(left)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self.path.chmod(0o755)
        self._lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Removes the folder with everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _remove_if_abandoned(folder: Path) -> None:
    try:
        if time.time() - folder.stat().st_ctime < _GRACE:
            return
        lock = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(lock)
