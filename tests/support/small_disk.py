"""A disk that is soon full: a file system of a few megabytes in memory, mounted for one test."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BALLAST = "ballast"


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A mounted disk; `path` is its folder."""

    path: Path

    def fill(self, leave: int = 0) -> None:
        """Leave `leave` free bytes, to a page."""
        with contextlib.suppress(OSError), (self.path / _BALLAST).open("ab", buffering=0) as file:
            for block in (65536, 512, 1):
                with _until_full():
                    while True:
                        file.write(b"\0" * block)
            file.truncate(file.tell() - leave)

    def fill_inodes(self) -> None:
        """Make files until there can be no more; `free` removes them."""
        with _until_full():
            for number in range(1_000_000):
                (self.path / f"{_BALLAST}-{number}").touch()

    def allow(self, *, writing: bool) -> None:
        """Mount it again, writable or read-only."""
        how = f"remount,{'rw' if writing else 'ro'}"
        subprocess.run(["mount", "-o", how, str(self.path)], check=True, capture_output=True)

    def free(self) -> None:
        """Give back what `fill` and `fill_inodes` took."""
        for file in self.path.glob(f"{_BALLAST}*"):
            file.unlink()


@contextlib.contextmanager
def _until_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


@contextlib.contextmanager
def small_disk(
    folder: Path, megabytes: float, owner: str | None = None, inodes: int = 100_000
) -> Iterator[SmallDisk]:
    """Mount one on `folder`, which is made. Raises RuntimeError where that is not allowed: only root may."""
    folder.mkdir(exist_ok=True)
    size = f"size={round(megabytes * 1024)}k,nr_inodes={inodes},mode=755"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
    made = subprocess.run(mount, capture_output=True, text=True)
    if made.returncode:
        said = made.stderr.strip()
        raise RuntimeError(f"a test of full disks mounts one, which only root may: sudo make test ({said})")
    try:
        if owner and os.geteuid() == 0:
            shutil.chown(folder, owner)
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)
