"""Identifiers that sort by the time they were made (RFC 9562, UUID version 7)."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime


def time_ordered(now: datetime) -> str:
    """A UUIDv7 of `now`: 48 bits of milliseconds, the rest random."""
    milliseconds = int(now.timestamp() * 1000) & (2**48 - 1)
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
