"""Computes the hash chain, which ties each entry of the journal to the entry before it."""

from __future__ import annotations

import hashlib

GENESIS = "0" * 64
"""The previous hash of the first entry."""

_DOMAIN = b"initdb-event-v1"


def link(prev_hash: str, text: str) -> str:
    """Compute the hash of an entry: SHA-256 over a constant, the previous hash and the entry's text.

    Args:
        prev_hash: The hash of the entry before; GENESIS for the first entry.
        text: The entry's canonical text, which is ASCII.

    Returns:
        64 lowercase hexadecimal digits.

    Example:
        >>> link(GENESIS, "{}")[:16]
        '5f37db3936969e8d'
    """
    return link_bytes(prev_hash, text.encode("ascii"))


def link_bytes(prev_hash: str, text: bytes) -> str:
    """The same of a text in bytes."""
    return hashlib.sha256(_DOMAIN + prev_hash.encode("ascii") + text).hexdigest()


def lock_key(*parts: str) -> int:
    """Compute a key for PostgreSQL's advisory locks from names: a signed integer of 64 bits."""
    digest = hashlib.sha256(
        "\x1f".join(("initdb-lock-v1", *parts)).encode("utf-8", "backslashreplace")
    ).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
