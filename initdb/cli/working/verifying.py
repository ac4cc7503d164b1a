"""`initdb journal verify`: checks the journal, and says what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from initdb.cli.calling.call import Call
from initdb.cli.working.archived import Archived
from initdb.cli.working.vouching import Given, Vouched, findings_of, id_of
from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.events.canonical import timestamp
from initdb.events.checkpoint import Checkpoint, checkpoint_of
from initdb.events.sessions import database_file, session
from initdb.events.verify import Finding
from initdb.settings import Settings
from initdb.statemachine.decide.audit import Audit, audit, journal_to_audit
from initdb.statemachine.security import tell_finding
from initdb.statemachine.site import owner_of, trusted_by
from initdb.steps.connect import reading


@dataclass(frozen=True, slots=True)
class Verification:
    """One call of the command.

    Attributes:
        call: The call.
        engine: The engine of the database.
        settings: The settings of its application.
    """

    call: Call
    engine: Engine
    settings: Settings

    def perform(self, against: Given, since: Checkpoint | None, archived: Archived) -> int:
        """Check the journal, and report.

        Args:
            against: The checkpoints to compare it with.
            since: One of them, up to which the journal was intact.
            archived: The rows in its archive.

        Returns:
            The exit code: 1 if something was found.

        Raises:
            InitError: There is no journal, or it cannot be read.
        """
        engine, settings = self.engine, self.settings
        nothing = InitError("journal-missing", url_text(engine.url), database=engine.dialect.name)
        # Connecting would create a SQLite file.
        if (file := database_file(engine)) is not None and not file.exists():
            raise nothing
        with reading(engine), session(engine) as connection:
            journal = journal_to_audit(
                connection, owner_of(settings), settings.journal_schema, trusted_by(settings)
            )
            if journal is None:
                raise nothing
            vouched = against.compare(connection, journal, archived)
            agreed = any(one.point == since and one.finding is None for one in vouched)
            found = audit(connection, journal, archived, since.seq if since and agreed else None)
            journal_id = id_of(connection, journal)
            unread = None if archived else journal.archived(connection) or None
        return self._report(found, against, vouched, journal_id, unread)

    def _report(
        self,
        found: Audit,
        against: Given,
        vouched: Sequence[Vouched],
        journal: str | None,
        unread: int | None,
    ) -> int:
        screen, engine = self.call.screen, self.engine
        findings = sorted((*found.findings, *findings_of(vouched)), key=lambda finding: finding.seq)
        code = 1 if findings or against.damaged else 0
        for said in against.damaged:
            screen.say((said, "bold red"))
        for finding in findings:
            screen.say((f"entry {finding.seq}", "bold red"), f" {finding.text}")
            tell_finding(finding.text, finding.seq, engine)
        self._conclude(found, len(findings) + len(against.damaged), bool(code))
        if unread is not None and not found.since:
            screen.say(f"entries 2 to {unread} are archived; to check them too, add: --archive FILE")
        if vouched:
            _tell(self.call, vouched)
        screen.emit(
            {
                "command": self.call.name,
                "outcome": "findings" if code else "intact",
                "exit_code": code,
                "database": {"kind": engine.dialect.name, "url": url_text(engine.url)},
                "entries": found.entries,
                "since": found.since,
                "archived": unread,
                "hash": found.hash,
                "checkpoint": None if code or found.hash is None else _point(found, journal),
                **_details(findings, against, vouched),
            }
        )
        return code

    def _conclude(self, found: Audit, number: int, is_bad: bool) -> None:
        since = f" since entry {found.since}" if found.since else ""
        if is_bad:
            self.call.screen.say(
                (f"{number} findings", "bold red"),
                f" in {found.entries} entries{since}: see initdb explain journal-tampered",
            )
        else:
            self.call.screen.say(
                ("intact", "bold green"),
                f": {found.entries} entries{since}, the last with hash {found.hash}",
            )


def _details(findings: Sequence[Finding], against: Given, vouched: Sequence[Vouched]) -> dict[str, object]:
    return {
        "findings": [{"seq": finding.seq, "text": finding.text} for finding in findings],
        "checkpoints": [one.data() for one in vouched],
        "damaged": list(against.damaged),
    }


def _point(found: Audit, journal: str | None) -> str | None:
    """A checkpoint of the last entry that was checked."""
    try:
        return checkpoint_of(journal, found.last, str(found.hash), timestamp(datetime.now(UTC))).line
    except ValueError:
        return None


def _tell(call: Call, vouched: Sequence[Vouched]) -> None:
    """Say how many checkpoints agree, and what their signatures are worth."""
    agree = sum(1 for one in vouched if one.finding is None)
    call.screen.say(f"{agree} of {len(vouched)} checkpoints agree with the journal")
    seals = [one.seal for one in vouched]
    if "unchecked" in seals:
        call.screen.warn("warning: no signature was checked; to check them, add: --public-key FILE")
    elif "unsigned" in seals and "good" not in seals:
        call.screen.warn(
            "warning: checkpoints without a signature prove as much as the place where they were kept"
        )
