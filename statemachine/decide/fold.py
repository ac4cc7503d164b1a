"""The fold: from entries of the journal to knowledge. Pure, deterministic, defined for every prefix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from initdb.events.entry import Entry
from initdb.events.knowledge import Applied, Doubt, Failure, Judgement, Knowledge, RunRecord
from initdb.steps.seeds import ledger

Folder = Callable[[Knowledge, Entry], Knowledge]


def fold(entries: Iterable[Entry], knowledge: Knowledge | None = None) -> Knowledge:
    """What `entries` say, on top of what was known before them."""
    known = knowledge or Knowledge()
    for entry in entries:
        known = step(known, entry)
    return known


def step(known: Knowledge, entry: Entry) -> Knowledge:
    """One entry more. The stored destination is trusted; a type nobody knows moves the head and no more."""
    known = replace(
        known,
        seq=entry.seq,
        hash=entry.hash,
        state=entry.dest or known.state,
        last_type=entry.type,
        last_at=entry.at,
        last_data=entry.data,
        version=max(known.version, entry.v),
    )
    note = entry.data.get("note")
    if isinstance(note, str):
        known = replace(known, notes=known.notes | {note})
    folder = FOLDERS.get(entry.type)
    return folder(known, entry) if folder else known


def _names(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float:
    return value if isinstance(value, (int, float)) else 0


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _progress(known: Knowledge, entry: Entry) -> Knowledge:
    """The database changed: what any code concluded before is void."""
    data = entry.data
    heads = _names(data["heads"]) if "heads" in data else known.heads
    moved = replace(known, judgements=(), catalog=None, tries=0, crashes=0, heads=heads)
    return _version_place(moved, data)


def _journal_created(known: Knowledge, entry: Entry) -> Knowledge:
    journal, application = _text(entry.data.get("journal")), _text(entry.data.get("application"))
    return replace(known, journal=journal, application=application)


def _run_begun(known: Knowledge, entry: Entry) -> Knowledge:
    data = entry.data
    code, reason = _mapping(data.get("code")), str(data.get("reason", ""))
    before = known.last_run
    same = before is not None and before.code == code
    crashed = entry.type == "run_resumed"
    cut_off = crashed or (before is not None and before.during is not None)
    # An order may fail after its last revision, too: said again it is the same one.
    goes_on = before is not None and before.reason == reason and (crashed or before.ended == "failed")
    run = RunRecord(
        run=entry.run,
        seq=entry.seq,
        at=entry.at,
        by=entry.by,
        reason=reason,
        work=_mapping(data.get("sessions")),
        code=code,
        reverted=before.reverted if before and goes_on else frozenset(),
    )
    return replace(
        known,
        last_run=run,
        tries=known.tries + 1 if same else 1,
        crashes=(known.crashes if same else 0) + cut_off,
    )


def _run_continued(known: Knowledge, entry: Entry) -> Knowledge:
    """The same run on other sessions: nobody has died."""
    run = known.last_run
    if run is None or run.run != entry.run:
        return known
    return replace(known, last_run=replace(run, work=_mapping(entry.data.get("sessions"))))


def _ended(known: Knowledge, how: str) -> Knowledge:
    return replace(known, last_run=replace(known.last_run, ended=how)) if known.last_run else known


def _run_stopped(known: Knowledge, entry: Entry) -> Knowledge:
    """A signal cut it off in the middle of its work; or a person's order was carried out."""
    ended, during = _ended(known, "stopped"), _text(entry.data.get("during"))
    if during is None or ended.last_run is None:
        return replace(ended, crashes=0)
    return replace(ended, last_run=replace(ended.last_run, during=during))


def _inspected(known: Knowledge, entry: Entry) -> Knowledge:
    data = entry.data
    rows = _names(data.get("rows"))
    if not data.get("conflict"):
        known = replace(known, heads=rows)
    if rows and not known.managed and not known.adopted:
        # Alembic made it before initdb came: whatever seeded it has most likely been here as well.
        known = replace(known, adopted=True)
    if entry.dest == "empty" or data.get("started_over"):
        known = replace(known, applied={}, seeds={}, managed=False, adopted=False, memo={}, doubt=None)
    if data.get("outside") or data.get("started_over"):
        known = replace(known, judgements=(), catalog=None)
    return _version_place(known, data)


def _version_place(known: Knowledge, data: Mapping[str, Any]) -> Knowledge:
    """Where env.py says that its version table is."""
    return replace(
        known,
        version_table=_text(data.get("version_table")) or known.version_table,
        version_schema=_text(data.get("version_schema")) or known.version_schema,
    )


def _schema_made(known: Knowledge, entry: Entry) -> Knowledge:
    tables = _names(entry.data.get("tables"))
    adopted = entry.type == "schema_adopted"
    seeds = known.seeds if adopted else ledger.forget(known.seeds, tables)
    return replace(_progress(known, entry), managed=True, adopted=adopted, seeds=seeds)


def _migration_applied(known: Knowledge, entry: Entry) -> Knowledge:
    data = entry.data
    revision = str(data.get("revision"))
    applied = Applied(
        revision, _text(data.get("digest")), entry.run, entry.at, entry.by, marked=bool(data.get("marked"))
    )
    return replace(
        _progress(known, entry),
        managed=True,
        applied={**known.applied, revision: applied},
        held={name: digest for name, digest in known.held.items() if name != revision},
        memo=_mapping(data.get("memo")),
        doubt=None if known.doubt and known.doubt.subject == revision else known.doubt,
        retry=known.retry - {revision},
    )


def _migration_reverted(known: Knowledge, entry: Entry) -> Knowledge:
    revision, run = str(entry.data.get("revision")), known.last_run
    return replace(
        _progress(known, entry),
        managed=True,
        applied={name: row for name, row in known.applied.items() if name != revision},
        held={**known.held, revision: _text(entry.data.get("digest"))},
        doubt=None if known.doubt and known.doubt.subject == revision else known.doubt,
        last_run=replace(run, reverted=run.reverted | {revision}) if run else None,
    )


def _hold_released(known: Knowledge, entry: Entry) -> Knowledge:
    released = _names(entry.data.get("revisions"))
    return replace(known, held={name: digest for name, digest in known.held.items() if name not in released})


def _seeded(known: Knowledge, entry: Entry) -> Knowledge:
    source = str(entry.data.get("source"))
    said = {
        **entry.data,
        "table": _text(entry.data.get("table")),
        "next": int(_number(entry.data.get("next"))),
    }
    seeds = {**known.seeds, source: ledger.record(known.seeds.get(source), said)}
    return replace(_progress(known, entry), seeds=seeds)


def _repaired(known: Knowledge, entry: Entry) -> Knowledge:
    tables = _names(entry.data.get("tables"))
    return replace(_progress(known, entry), seeds=ledger.forget(known.seeds, tables))


def _judged(known: Knowledge, entry: Entry, judgement: Judgement) -> Knowledge:
    """Conclusions drawn on another catalogue than this one are void; of one code the last one counts."""
    catalog = _text(entry.data.get("catalog"))
    others = known.judgements if catalog == known.catalog else ()
    kept = tuple(other for other in others if other.code != judgement.code)
    return replace(known, catalog=catalog, judgements=(*kept, judgement))


def _validated(known: Knowledge, entry: Entry) -> Knowledge:
    judgement = Judgement(_mapping(entry.data.get("code")), warnings=_names(entry.data.get("warnings")))
    ended = _ended(_judged(known, entry, judgement), "ready")
    return replace(ended, tries=0, crashes=0, managed=True, adopted=False)


def _failed(known: Knowledge, entry: Entry) -> Knowledge:
    data = entry.data
    if data.get("asked"):
        return _ended(known, "failed")
    failure = Failure(
        seq=entry.seq,
        step=str(data.get("step", "")),
        at=entry.at,
        error=_mapping(data.get("error")),
        code=_mapping(data.get("code")),
        attempt=entry.attempt,
        clock=float(_number(data.get("clock"))),
        run=entry.run,
        by=entry.by,
    )
    judged = _judged(known, entry, Judgement(failure.code, failure))
    return _ended(judged, "failed")


def _step_started(known: Knowledge, entry: Entry) -> Knowledge:
    data = entry.data
    done = data.get("statements")
    doubt = Doubt(
        step=str(data.get("step", "")),
        subject=str(data.get("subject", "")),
        seq=entry.seq,
        digest=_text(data.get("digest")),
        done=None if done is None else _names(done),
        xid=_text(data.get("xid")),
    )
    moved = replace(_progress(known, entry), doubt=doubt)
    before = known.doubt
    if before and (before.step, before.subject, before.done) == (doubt.step, doubt.subject, doubt.done):
        # The same once more, after an interruption: a crash that it leads to must end in a crash loop.
        return replace(moved, tries=known.tries, crashes=known.crashes)
    return moved


def _overridden(known: Knowledge, entry: Entry) -> Knowledge:
    retry = frozenset(_names(entry.data.get("retry")))
    doubt = None if known.doubt and known.doubt.subject in retry else known.doubt
    again = _names(entry.data.get("reseed"))
    seeds = {name: record for name, record in known.seeds.items() if name not in again}
    return replace(known, retry=known.retry | retry, doubt=doubt, seeds=seeds, tries=0, crashes=0)


def _rewound(known: Knowledge, entry: Entry) -> Knowledge:
    return replace(known, judgements=(), catalog=None)


FOLDERS: Mapping[str, Folder] = {
    "journal_created": _journal_created,
    "run_started": _run_begun,
    "run_resumed": _run_begun,
    "run_continued": _run_continued,
    "run_stopped": _run_stopped,
    "database_inspected": _inspected,
    "schema_created": _schema_made,
    "schema_adopted": _schema_made,
    "migration_applied": _migration_applied,
    "migration_reverted": _migration_reverted,
    "hold_released": _hold_released,
    "seed_batch_applied": _seeded,
    "repair_applied": _repaired,
    "health_validated": _validated,
    "step_failed": _failed,
    "step_started": _step_started,
    "override": _overridden,
    "history_rewound": _rewound,
}
"""Event type → what it adds to knowledge; types that are not here add nothing."""
