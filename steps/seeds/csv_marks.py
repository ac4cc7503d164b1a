"""Whether a CSV file still begins with what was read of it."""

from __future__ import annotations

import hashlib
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

from initdb.events.knowledge import Mark

if TYPE_CHECKING:
    from hashlib import _Hash

_HASHED = 1 << 20
"""How many bytes of a file are hashed at once."""


def begins_with(path: Path, mark: Mark) -> bool:
    """Whether a file begins with the bytes up to a mark, and whether these end with a line.

    Args:
        path: The file.
        mark: What was read of it, or of an earlier content of it.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as raw:
        found, last = hashed(raw, mark.bytes)
        after = raw.read(1)
    return found.hexdigest() == mark.digest and (last in _ENDS or after in _ENDS)


_ENDS = (b"\n", b"\r", b"")


def hashed(raw: BufferedReader, length: int) -> tuple[_Hash, bytes]:
    """Hash the next bytes.

    Args:
        raw: The file.
        length: How many.

    Returns:
        The hash, and the last byte.
    """
    found, last = hashlib.sha256(), b""
    while length > 0 and (piece := raw.read(min(_HASHED, length))):
        found.update(piece)
        length, last = length - len(piece), piece[-1:]
    return found, last
