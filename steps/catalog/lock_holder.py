"""Describes in one sentence which process holds a lock that another process waits for."""

from __future__ import annotations

from dataclasses import dataclass

from initdb.errors.safe import safe_text


@dataclass(frozen=True, slots=True)
class LockHolder:
    """A process or a prepared transaction, and what it has locked. What is not known is empty.

    Attributes:
        locked: Tables of PostgreSQL, or the file of a SQLite database. Empty if not asked.
        pid: The process: the server's for PostgreSQL, the operating system's for SQLite.
        prepared: The name of a prepared transaction, which belongs to no process any more.
        application: PostgreSQL's application_name, or the command of the process.
        role: The database's user.
        since: When its transaction began, in UTC.
        doing: What it does, such as "idle in transaction".
    """

    locked: tuple[str, ...]
    pid: int | None = None
    prepared: str = ""
    application: str = ""
    role: str = ""
    since: str = ""
    doing: str = ""

    def sentence(self) -> str:
        """What it has locked, which process it is, and since when.

        >>> LockHolder(("orders",), 4711, "", "psql", "alice", "2026-05-01T09:30:00Z").sentence()
        'orders is locked by process 4711 (psql, user alice), in a transaction since 2026-05-01T09:30:00Z'
        """
        names = " and ".join(filter(None, (", ".join(self.locked[:-1]), self.locked[-1])))
        return safe_text(f"{names} {'is' if len(self.locked) == 1 else 'are'} locked by {self.who()}")

    def who(self) -> str:
        """Which process it is, and since when.

        >>> LockHolder((), prepared="left", role="alice").who()
        "the prepared transaction 'left' (user alice); to end it: ROLLBACK PREPARED 'left'"
        """
        said = f"the prepared transaction '{self.prepared}'" if self.prepared else f"process {self.pid}"
        known = ", ".join(filter(None, [self.application, f"user {self.role}" if self.role else ""]))
        said += f" ({known})" if known else ""
        said += f", in a transaction since {self.since}" if self.since else ""
        said += f", {self.doing}" if self.doing and self.doing != "active" else ""
        if self.prepared:
            quoted = self.prepared.replace("'", "''")
            said += f"; to end it: ROLLBACK PREPARED '{quoted}'"
        return safe_text(said)
