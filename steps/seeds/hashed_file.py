"""A file that is hashed while it is read."""

from __future__ import annotations

import hashlib
from io import FileIO, RawIOBase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE = 1 << 16


class HashedFile(RawIOBase):
    """A raw file that another one is read through."""

    def __init__(self, file: FileIO) -> None:
        """Read through `file`, which is open for bytes."""
        self._file, self._hash = file, hashlib.sha256()

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read into a buffer; give the number of bytes."""
        count = self._file.readinto(buffer)
        self._hash.update(memoryview(buffer)[: count or 0])
        return count

    def whole(self) -> str:
        """Read what is left, and give the SHA-256 of the whole file in hexadecimal digits."""
        while piece := self._file.read(_PIECE):
            self._hash.update(piece)
        return self._hash.hexdigest()
