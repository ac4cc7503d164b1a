"""Writes the first event of a run: it begins, resumes the run of another process, or goes on."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import Connection

from initdb.errors import InitError
from initdb.errors.classify import classify, is_lock_timeout
from initdb.errors.redact import url_text
from initdb.events import naming
from initdb.events.advisory import holds
from initdb.events.baton import Baton
from initdb.events.database import database_of
from initdb.events.head import SCHEMA_VERSION, HeadBusy, HeadMoved
from initdb.events.knowledge import Knowledge, RunRecord
from initdb.events.payloads.form import Payload
from initdb.events.payloads.notes import JournalCreated, JournalUpgraded, RightsRevoked
from initdb.events.payloads.runs import Override, RunContinued, RunResumed, RunStarted
from initdb.events.statements import run
from initdb.events.undo import on_error
from initdb.statemachine.author import in_database
from initdb.statemachine.decide.verdict import Look, Verdict
from initdb.statemachine.loop.order import Order
from initdb.statemachine.loop.permission import permit
from initdb.statemachine.loop.stay import Stay
from initdb.statemachine.loop.translated import translated
from initdb.statemachine.loop.writer import Writer
from initdb.statemachine.site import Site, journal_of


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the first transaction of a run says and needs.

    Attributes:
        site: The application and its database.
        baton: The baton that this process holds.
        work: The connection of the work.
        seen: The look from which the run follows.
        verdict: The verdict from which the run follows.
        order: What a person asked for.
        writer: It writes the events of the run.
    """

    site: Site
    baton: Baton
    work: Connection
    seen: Look
    verdict: Verdict
    order: Order
    writer: Writer

    def go_on(self, stay: Stay) -> None:
        """Write that this process goes on with its own run.

        Args:
            stay: It says why the run was cut off, and how often.
        """
        said = RunContinued(reason=stay.why, lost=stay.fruitless, sessions=self._sessions())
        self._commit([said])
        self._empty_spool()

    def begin(self) -> None:
        """Write that a run begins, and what a person ordered. On the first boot, create the journal.

        Raises:
            InitError: "order-refused", "order-without-reason".
        """
        known, order = self.writer.knowledge, self.order
        permit(order.asks, order.why, self.site.settings, self.work)
        interrupted = known.last_run if known.last_run and known.last_run.ended is None else None
        events: list[Payload] = [self._started(interrupted)]
        if _overrules(order, known):
            events.append(
                Override(
                    overrides=order.override,
                    retry=order.retry,
                    reseed=order.reseed or None,
                    accepts=dict(order.accepts) or None,
                    reason=order.why,
                )
            )
        if self.seen.exists:
            self._commit(events)
        else:
            self._create_journal(events)
        self._empty_spool()

    def _commit(self, events: list[Payload]) -> None:
        with self.writer.open(self.work):
            made = (*self._upgraded(), *self._revoked())
            if made:
                self.writer.journal = self.writer.journal.judged_anew(self.work)
            self.writer.commit(self.work, *made, *events)

    def _empty_spool(self) -> None:
        self.site.spool.drop(self.writer.knowledge.notes)

    def _upgraded(self) -> list[Payload]:
        """Upgrade the journal's own tables in the open transaction, if they are of an older version."""
        head = self.writer.head
        if head is None or head.schema_version >= SCHEMA_VERSION:
            return []
        if theirs := self._owners():
            said = f"Its tables are of version {head.schema_version}, and this initdb needs {SCHEMA_VERSION}."
            owner = sorted(theirs)[0]
            url = self.work.engine.url.set(username=owner, password=None).render_as_string()
            fix = f"Let its owner do it once: initdb run --work-url '{url}'"
            raise InitError(
                "journal-not-owned", said, f"It belongs to {owner}.", fix=fix, database="postgresql"
            )
        from initdb.steps.upgrade_journal import upgrade

        version = upgrade(self.work, self.seen.journal.schema, head.schema_version)
        return [JournalUpgraded(from_=head.schema_version, to=version)]

    def _revoked(self) -> list[Payload]:
        """Take rights back that others have got on the journal, by a GRANT on all tables for example.

        Only the owner can. For any other role `initdb doctor` and `verify` name them.
        """
        loose = self.writer.journal.loose
        if not loose or self._owners():
            return []
        for statement in loose:
            run(self.work, naming.literal(statement))
        return [RightsRevoked(statements=loose)]

    def _owners(self) -> set[str]:
        """The other roles that own a part of the journal."""
        parts = database_of(self.work).parts(self.work, self.seen.journal.schema)
        return {part.owner for part in parts if not part.ours}

    def _started(self, interrupted: RunRecord | None) -> RunStarted:
        known, site = self.writer.knowledge, self.site
        same = known.last_run is not None and known.last_run.code == site.code
        started = RunStarted(
            reason=self.order.reason or self.verdict.reason,
            changed=tuple(self.verdict.changed),
            code=dict(site.code),
            attempt=known.tries + 1 if same else 1,
            sessions=self._sessions(),
            database=site.settings.database,
            why=self.order.why,
        )
        return _resumed(started, interrupted, known) if interrupted else started

    def _dropped_by(self) -> tuple[str, ...]:
        """The applied revisions that dropped the journal which was here before."""
        graph = self.site.application.graph
        if graph is None:
            return ()
        applied = graph.applied(self.seen.rows)
        return tuple(name for name, file in graph.files.items() if file.drops_journal and name in applied)

    def _sessions(self) -> dict[str, int | None]:
        """The server's processes of this run. From here on its events name the role of the work as well."""
        backend, role = in_database(self.work, self.work.dialect.name)
        self.writer.by = {**self.writer.by, **role}
        return {"baton": self.baton.backend(), "work": backend}

    def _create_journal(self, events: list[Payload]) -> None:
        """Create the journal and write the first events, in one transaction."""
        work, journal = self.work, self.seen.journal
        here = database_of(work)
        here.rollback(work)
        here.begin(work)
        with on_error(self.writer.rollback, work):
            try:
                here.lock_first(work, journal.key("first"))
            except HeadBusy:
                # Held by a stranger it means nothing: the unique index of CREATE TABLE lets only one go on.
                if here.name != "postgresql" or any(hold.counts for hold in holds(work, journal, "first")):
                    raise
            if journal_of(work, self.site.settings, self.site.tables)[1]:
                raise HeadMoved
            with translated(lambda error: _not_created(error, work)):
                made_schema = journal.create(work)
            self.writer.journal = journal.judged_anew(work)
            version = ".".join(map(str, work.dialect.server_version_info or ()))
            created = JournalCreated(
                journal=self.writer.run,
                application=journal.application,
                schema=journal.schema,
                database=work.dialect.name,
                server=version,
                dropped_by=self._dropped_by() or None,
                made_schema=made_schema,
            )
            self.writer.commit(work, created, *events)


def _overrules(order: Order, known: Knowledge) -> bool:
    """Whether a person overrules what the journal says."""
    said = order.retry or order.reseed or order.accepts
    return order.override is not None or bool(said) or (order.insist and known.crashes > 0)


def _resumed(started: RunStarted, interrupted: RunRecord, known: Knowledge) -> RunResumed:
    return RunResumed(
        **{one.name: getattr(started, one.name) for one in fields(started)},
        interrupted={
            "run": interrupted.run,
            "by": dict(interrupted.by),
            "state": known.state,
            "last": known.last_type,
            "at": known.last_at,
        },
    )


def _not_created(error: Exception, work: Connection) -> Exception:
    """What an error means that prevented the journal. A lock: another process creates the same tables."""
    if is_lock_timeout(error):
        return HeadBusy()
    return classify(error, doing="journal", database=work.dialect.name, target=url_text(work.engine.url))
