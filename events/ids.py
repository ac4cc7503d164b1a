"""Makes identifiers that sort by the time at which they were made: UUID version 7 (RFC 9562)."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime


def time_ordered(now: datetime) -> str:
    """Make a UUIDv7: 48 bits of milliseconds, then random bits.

    Args:
        now: The time that the identifier says.

    Example:
        >>> from datetime import UTC
        >>> time_ordered(datetime(2026, 11, 23, 8, 6, 41, tzinfo=UTC))
        '01a20771-6268-7...'
    """
    milliseconds = int(now.timestamp() * 1000) & (2**48 - 1)
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
