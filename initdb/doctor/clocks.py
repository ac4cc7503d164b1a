"""Judges clocks and time zones: those of the server, of this process, and of the last entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from initdb.doctor.finding import Finding, ok, warning

MOST = 5.0
"""How many seconds two clocks may differ, besides the time of the answer."""

_SET = "On the machine whose clock is wrong: timedatectl set-ntp true"


@dataclass(frozen=True, slots=True)
class Clocks:
    """What clocks say at one moment.

    Attributes:
        before: This host's time before the database was asked, in seconds since 1970.
        after: The same when it had answered.
        database: The database's time.
        zone: The zone of the database's session; empty on SQLite.
        process_zone: The zone of this process.
    """

    before: float
    after: float
    database: float
    zone: str
    process_zone: str

    @property
    def ahead(self) -> float:
        """By how many seconds the database's clock is certainly ahead of this host's; negative if behind."""
        if self.database > self.after:
            return self.database - self.after
        return min(0.0, self.database - self.before)


def judge_clocks(found: Clocks, written_at: str) -> Iterator[Finding]:
    """The findings about clocks. Pure.

    Args:
        found: What the clocks say.
        written_at: The time of the journal's last entry; empty if there is none.
    """
    zone = f"; that of the database's session is {found.zone}" if found.zone else ""
    yield ok(
        "time", f"The time zone of this process is {found.process_zone}{zone}. The journal counts in UTC."
    )
    if abs(found.ahead) > MOST:
        how = "ahead of" if found.ahead > 0 else "behind"
        yield warning(
            "time", f"The database's clock is {abs(found.ahead):.0f} s {how} the clock of this host.", _SET
        )
    elif found.zone:
        yield ok("time", "The database's clock and that of this host agree.")
    last = _seconds(written_at)
    if last is not None and last - max(found.after, found.database) > MOST:
        said = f"The journal's last entry is of {written_at}, which is in the future: a clock was set back."
        yield warning("time", said, _SET)


def _seconds(at: str) -> float | None:
    try:
        return datetime.fromisoformat(at).astimezone(UTC).timestamp() if at else None
    except ValueError:
        return None
