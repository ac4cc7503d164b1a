"""What a database's server says about itself: its clock, whether it accepts writes and keeps commits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """A server, or a SQLite file, at one moment.

    Attributes:
        clock: Its time, in seconds since 1970.
        read_only: Why nothing can be written to the database, as a sentence; empty if it can.
        cautions: Settings under which a committed transaction can be lost, and how an administrator changes
            them, as sentences. No session can change them.
    """

    clock: float
    read_only: str = ""
    cautions: tuple[str, ...] = ()
