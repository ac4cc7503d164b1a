"""The hash chain that ties each entry of the journal to the one before it."""

from __future__ import annotations

import hashlib

GENESIS = "0" * 64
_DOMAIN = b"initdb-event-v1"


def link(prev_hash: str, text: str) -> str:
    """SHA-256 over domain, previous hash and stored text (all ASCII), as 64 lowercase hexadecimal digits."""
    return hashlib.sha256(_DOMAIN + prev_hash.encode("ascii") + text.encode("ascii")).hexdigest()


def lock_key(*parts: str) -> int:
    """A signed 64-bit key for PostgreSQL's advisory locks, made from names."""
    digest = hashlib.sha256(
        "\x1f".join(("initdb-lock-v1", *parts)).encode("utf-8", "backslashreplace")
    ).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
