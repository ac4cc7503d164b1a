"""Knowledge while it is being computed, and what each type of event adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any, Self

from initdb.events.entry import Entry
from initdb.events.knowledge import (
    Applied,
    Backup,
    Doubt,
    Failure,
    Judgement,
    Knowledge,
    LastReady,
    RunRecord,
    SeedRecord,
)
from initdb.events.payloads import notes, runs, work
from initdb.events.payloads.form import Payload
from initdb.steps.seeds import ledger
from initdb.steps.survey import edits


@dataclass(slots=True)
class Gathering:
    """`Knowledge` that can still change. Its fields are the same, in mutable containers."""

    seq: int
    hash: str
    state: str
    journal: str | None
    application: str | None
    heads: tuple[str, ...]
    applied: dict[str, Applied]
    held: dict[str, str | None]
    seeds: dict[str, SeedRecord]
    judgements: tuple[Judgement, ...]
    catalog: str | None
    managed: bool
    adopted: bool
    last_run: RunRecord | None
    last_type: str | None
    last_at: str | None
    last_data: Mapping[str, Any]
    tries: int
    crashes: int
    doubt: Doubt | None
    retry: set[str]
    memo: Mapping[str, Any]
    version_table: str | None
    version_schema: str | None
    bases: set[str]
    last_ready: LastReady | None
    told: dict[str, str]
    accepted: dict[str, str]
    notes: set[str]
    inventory: int | None
    stamped: tuple[str, ...]
    backed_up: bool
    backup: Backup | None
    version: int

    @classmethod
    def of(cls, known: Knowledge) -> Self:
        """Make a mutable copy of knowledge."""
        return cls(**{name: _OPEN.get(name, _same)(getattr(known, name)) for name in _NAMES})

    def frozen(self) -> Knowledge:
        """Return the knowledge. Do not change this object afterwards, because they share containers."""
        return Knowledge(**{name: _SHUT.get(name, _same)(getattr(self, name)) for name in _NAMES})

    def equals(self, known: Knowledge) -> bool:
        """Whether this is what is known."""
        return bool(_ALL(self) == _ALL(known))

    def become(self, known: Knowledge) -> None:
        """Replace all of it by a copy of other knowledge."""
        for name in _NAMES:
            setattr(self, name, _OPEN.get(name, _same)(getattr(known, name)))

    def progress(self, said: work.Changed) -> None:
        """The database changed, so that all earlier conclusions are void."""
        self.forget_judgements()
        self.tries = self.crashes = 0
        self.heads = self.heads if said.heads is None else said.heads
        self.learn_version_place(said.version_table, said.version_schema)

    def forget_judgements(self) -> None:
        """Forget all conclusions, because the database is not the one that they are about."""
        self.judgements, self.catalog = (), None

    def learn_version_place(self, table: str | None, schema: str | None) -> None:
        """Remember where env.py says that its version table is."""
        self.version_table = table or self.version_table
        self.version_schema = schema or self.version_schema

    def end_run(self, how: str, during: str | None = None) -> None:
        """Record how the last run ended.

        Args:
            how: "ready", "failed" or "stopped".
            during: The work that a signal interrupted.
        """
        if self.last_run:
            self.last_run = replace(self.last_run, ended=how, during=during)

    def judge(self, catalog: str | None, judgement: Judgement) -> None:
        """Add a conclusion. Those on another catalogue are void; of each code only the last one counts.

        Args:
            catalog: The hash of the catalogue that it is about.
            judgement: The conclusion.
        """
        others = self.judgements if catalog == self.catalog else ()
        self.judgements = (*(one for one in others if one.code != judgement.code), judgement)
        self.catalog = catalog

    def is_as_applied(self, file: str) -> None:
        """Forget what was said of a file that was edited, since it was applied as it is."""
        self.told.pop(file, None)
        self.accepted.pop(file, None)

    def settle(self, subjects: Iterable[str]) -> None:
        """End the doubt, if it is about one of these revisions."""
        if self.doubt and self.doubt.subject in subjects:
            self.doubt = None


_NAMES = tuple(one.name for one in fields(Gathering))
_ALL = attrgetter(*_NAMES)


_OPEN: Mapping[str, Callable[[Any], Any]] = {
    "applied": dict,
    "held": dict,
    "seeds": dict,
    "retry": set,
    "told": dict,
    "accepted": dict,
    "notes": set,
    "bases": set,
}
_SHUT: Mapping[str, Callable[[Any], Any]] = {"retry": frozenset, "notes": frozenset, "bases": frozenset}
"""What makes the mutable container of a field, and what makes the immutable one again."""


def _same(value: Any) -> Any:
    return value


def _journal_created(known: Gathering, entry: Entry, said: notes.JournalCreated) -> None:
    known.journal, known.application = said.journal, said.application


def _run_begun(known: Gathering, entry: Entry, said: runs.RunStarted) -> None:
    before, resumed = known.last_run, entry.type == "run_resumed"
    same = before is not None and before.code == said.code
    cut_off = resumed or (before is not None and before.during is not None)
    # An order can fail even after its last revision. The same order given again goes on with it.
    goes_on = before is not None and before.reason == said.reason and (resumed or before.ended == "failed")
    known.tries = known.tries + 1 if same else 1
    known.crashes = (known.crashes if same else 0) + cut_off
    # What a killed process or a failure that passes has left half done goes on from the backup before it.
    known.backed_up = known.backed_up and same and (cut_off or said.reason == "retry")
    known.last_run = RunRecord(
        run=entry.run,
        seq=entry.seq,
        at=entry.at,
        by=entry.by,
        reason=said.reason,
        work=said.sessions,
        code=_texts(said.code),
        reverted=before.reverted if before and goes_on else frozenset(),
    )


def _run_continued(known: Gathering, entry: Entry, said: runs.RunContinued) -> None:
    """It is the same run with new sessions, so no process has died."""
    if known.last_run and known.last_run.run == entry.run:
        known.last_run = replace(known.last_run, work=said.sessions)


def _run_stopped(known: Gathering, entry: Entry, said: runs.RunStopped) -> None:
    """A signal interrupted the work, or the order of a person was carried out."""
    known.end_run("stopped", said.during)
    if said.during is None:
        known.crashes = 0


def _inspected(known: Gathering, entry: Entry, said: work.DatabaseInspected) -> None:
    if not said.conflict:
        known.heads = said.rows
    if said.rows and not known.managed and not known.adopted and known.doubt is None:
        # Alembic made the tables before initdb was used. Most likely they were seeded too.
        known.adopted = True
    if entry.dest == "empty" or said.started_over:
        known.applied, known.seeds, known.memo, known.doubt = {}, {}, {}, None
        known.last_ready, known.told, known.accepted = None, {}, {}
        known.bases = set()
        known.managed = known.adopted = False
    if said.outside or said.started_over:
        known.forget_judgements()
        known.inventory = None
    known.backed_up = known.backed_up or (said.there == 0 and not said.rows)
    known.told |= _texts(said.edited or {})
    if known.doubt is not None and known.doubt.step == "migrate":
        # Alembic writes a version row once the whole revision is applied.
        known.settle(said.outside)
    known.learn_version_place(said.version_table, said.version_schema)
    known.bases |= set(said.bases or ())


def _created(known: Gathering, entry: Entry, said: work.SchemaCreated) -> None:
    known.progress(said)
    known.managed, known.adopted = True, False
    known.inventory = None
    known.stamped = (said.heads or ()) if said.from_ == "models" else ()
    known.seeds = dict(ledger.forget(known.seeds, said.tables))


def _adopted(known: Gathering, entry: Entry, said: work.SchemaAdopted) -> None:
    known.progress(said)
    known.managed = known.adopted = True
    known.inventory = None


def _applied(known: Gathering, entry: Entry, said: work.MigrationApplied) -> None:
    known.progress(said)
    known.managed = True
    known.inventory = None
    known.applied[said.revision] = Applied(
        said.revision, said.digest, entry.run, entry.at, entry.by, marked=said.marked, file=said.file
    )
    known.is_as_applied(edits.of_revision(said.revision))
    known.held.pop(said.revision, None)
    known.memo = said.memo or {}
    known.retry.discard(said.revision)
    known.settle((said.revision,))


def _reverted(known: Gathering, entry: Entry, said: work.MigrationReverted) -> None:
    known.progress(said)
    known.managed = True
    known.inventory = None
    known.applied.pop(said.revision, None)
    known.held[said.revision] = said.digest
    known.settle((said.revision,))
    if known.last_run:
        known.last_run = replace(known.last_run, reverted=known.last_run.reverted | {said.revision})


def _released(known: Gathering, entry: Entry, said: notes.HoldReleased) -> None:
    for revision in said.revisions:
        known.held.pop(revision, None)


def _seeded(known: Gathering, entry: Entry, said: work.SeedBatchApplied) -> None:
    known.progress(said)
    known.seeds[said.source] = ledger.record(known.seeds.get(said.source), said, entry.at)
    if said.complete:
        known.is_as_applied(edits.of_seed(said.source))


def _repaired(known: Gathering, entry: Entry, said: work.RepairApplied) -> None:
    known.progress(said)
    known.seeds = dict(ledger.forget(known.seeds, said.tables))


def _validated(known: Gathering, entry: Entry, said: work.HealthValidated) -> None:
    known.backed_up = False
    if known.backup is not None:
        known.backup = replace(known.backup, is_past=True)
    judgement = Judgement(_texts(said.code or {}), warnings=said.warnings, env_py=said.env_py)
    known.judge(said.catalog, judgement)
    known.last_ready = LastReady(entry.at, said.env_py)
    known.is_as_applied(edits.ENV_PY)
    known.end_run("ready")
    known.tries = known.crashes = 0
    known.managed, known.adopted = True, False
    if said.told_stamped:
        known.stamped = ()


def _inventory_taken(known: Gathering, entry: Entry, said: notes.InventoryTaken) -> None:
    known.inventory = entry.seq


def _backed_up(known: Gathering, entry: Entry, said: notes.BackupMade) -> None:
    known.backed_up = True
    if known.backup is None or known.backup.is_past:
        known.backup = Backup(said.file or f"by {said.command}", entry.at)


def _restored(known: Gathering, entry: Entry, said: notes.DatabaseRestored) -> None:
    """What a backup has begun went on elsewhere, and ended there."""
    known.forget_judgements()
    known.inventory = None
    known.end_run("restored")
    known.tries = known.crashes = 0
    known.backed_up = False


def _failed(known: Gathering, entry: Entry, said: runs.StepFailed) -> None:
    """An order of a person that fails says nothing about the code."""
    if not said.asked:
        failure = Failure(
            seq=entry.seq,
            step=said.step,
            at=entry.at,
            error=said.error,
            code=_texts(said.code or {}),
            attempt=entry.attempt,
            clock=said.clock or 0.0,
            run=entry.run,
            by=entry.by,
        )
        known.judge(said.catalog, Judgement(failure.code, failure))
    known.end_run("failed")


def _begun(known: Gathering, entry: Entry, said: runs.StepStarted) -> None:
    """A step that begins again after an interruption is no progress: a crash loop must end."""
    doubt = Doubt(said.step, said.subject, entry.seq, said.digest, said.statements, said.xid, said.block)
    before = known.doubt
    again = before and (before.step, before.subject, before.done) == (doubt.step, doubt.subject, doubt.done)
    known.forget_judgements()
    known.doubt = doubt
    if not again:
        known.tries = known.crashes = 0


def _statement_begun(known: Gathering, entry: Entry, said: runs.StatementStarted) -> None:
    doubt = known.doubt
    if doubt is not None and doubt.subject == said.subject and doubt.block is not None:
        known.doubt = replace(doubt, block=(*doubt.block, said.mark))
        known.tries = known.crashes = 0


def _overridden(known: Gathering, entry: Entry, said: runs.Override) -> None:
    known.retry |= set(said.retry)
    known.settle(said.retry)
    for source in said.reseed or ():
        known.seeds.pop(source, None)
    known.accepted |= _texts(said.accepts or {})
    known.tries = known.crashes = 0


def _rewound(known: Gathering, entry: Entry, said: notes.HistoryRewound) -> None:
    known.forget_judgements()
    known.inventory = None


def _texts(code: Mapping[str, object]) -> Mapping[str, str]:
    return {part: str(digest) for part, digest in code.items()}


Folder = Callable[[Gathering, Entry, Any], None]

_EACH: tuple[tuple[type[Payload], Folder], ...] = (
    (notes.JournalCreated, _journal_created),
    (runs.RunStarted, _run_begun),
    (runs.RunResumed, _run_begun),
    (runs.RunContinued, _run_continued),
    (runs.RunStopped, _run_stopped),
    (work.DatabaseInspected, _inspected),
    (work.SchemaCreated, _created),
    (work.SchemaAdopted, _adopted),
    (work.MigrationApplied, _applied),
    (work.MigrationReverted, _reverted),
    (notes.HoldReleased, _released),
    (work.SeedBatchApplied, _seeded),
    (work.RepairApplied, _repaired),
    (work.HealthValidated, _validated),
    (notes.InventoryTaken, _inventory_taken),
    (notes.BackupMade, _backed_up),
    (notes.DatabaseRestored, _restored),
    (runs.StepFailed, _failed),
    (runs.StepStarted, _begun),
    (runs.StatementStarted, _statement_begun),
    (runs.Override, _overridden),
    (notes.HistoryRewound, _rewound),
)

FOLDERS: Mapping[str, Folder] = {kind.type: folder for kind, folder in _EACH}
"""Event type → what adds it to knowledge. Other types add nothing."""
