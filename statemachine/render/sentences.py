"""Says in a sentence what an entry of the journal means, and in more lines what belongs to it. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from initdb.errors import render
from initdb.errors.safe import safe_text
from initdb.errors.stored import read_stored
from initdb.events.entry import UNREADABLE, Entry
from initdb.events.payloads import notes, payload_of, runs, work
from initdb.events.payloads.form import Payload, mapping
from initdb.events.types import EVENTS, NOTES

MOST_NAMES = 6
"""How many names a sentence lists before it counts the rest."""

Data = Mapping[str, object]

P = TypeVar("P", bound=Payload)


def told(entry: Entry) -> str:
    """Say in a sentence what an entry means. The sentence is one line that is safe to print.

    Args:
        entry: The entry; of an unknown type or form, the meaning of its type is said.
    """
    return said(entry.type, entry.data)


def said(kind: str, data: Data) -> str:
    """Say in a sentence what an event means.

    Args:
        kind: The type of the event.
        data: Its data.

    Example:
        >>> said("schema_created", {"tables": ["roles", "users"], "heads": ["r2"], "ms": 12})
        'created 2 tables: roles, users; stamped r2 (12 ms)'
    """
    if kind == UNREADABLE:
        return safe_text(f"cannot be read: {data.get('why')}")
    try:
        text = _SENTENCES[kind](data)
    except (TypeError, ValueError, AttributeError, LookupError):  # of another version, or edited
        text = EVENTS.get(kind) or NOTES.get(kind) or "of a type that this version does not know"
    return safe_text(text)


def details(entry: Entry) -> tuple[str, ...]:
    """The lines that belong under the sentence: a failure as a terminal shows it, defects, or warnings.

    Args:
        entry: The entry.
    """
    match payload_of(entry.type, entry.data):
        case runs.StepFailed(error=error) if error:
            return tuple(render(read_stored(error)).splitlines())
        case work.DefectsFound(issues=issues):
            return tuple(map(_issue, issues))
    return tuple(f"warning: {safe_text(text)}" for text in work.Warned.read(entry.data).warnings)


def place(by: Data) -> str:
    """Name a process in short.

    Args:
        by: The process, as an entry names it.

    Example:
        >>> place({"host": "web-1", "pid": 41})
        'web-1/41'
    """
    return safe_text(f"{by.get('host', '?')}/{by.get('pid', '?')}", 80)


def who(by: Data) -> str:
    """Name a process.

    Args:
        by: The process, as an entry names it.

    Example:
        >>> who({"app": "shop", "host": "web-1", "pid": 41})
        'shop on web-1 (process 41)'
    """
    return safe_text(f"{by.get('app', '?')} on {by.get('host', '?')} (process {by.get('pid', '?')})", 160)


def writer(by: Data) -> str:
    """Name the process of a run with its versions, its users and its container.

    Args:
        by: The process, as an entry names it. Older entries say less.

    Example:
        >>> writer({"app": "shop", "initdb": "1.2.0", "user": "deploy", "role": "shop_owner"})
        'shop, initdb 1.2.0, user deploy, role shop_owner'
    """
    role = "role {role}" + (" acting as {acting_as}" if "acting_as" in by else "")
    user = "user" if "user" in by else "uid"
    forms = {user: f"user {{{user}}}", "role": role, "pod": "pod {pod}", "container": "container {container}"}
    if "pod" in by:
        del forms["container"]
    said = (form.format_map(by) for name, form in forms.items() if name in by)
    return safe_text(", ".join((f"{by.get('app', '?')}, initdb {by.get('initdb', '?')}", *said)), 400)


def _names(listed: Sequence[str]) -> str:
    """List names. Of many, only the first are listed, and the rest is counted."""
    shown = ", ".join(listed[:MOST_NAMES])
    return f"{shown} and {len(listed) - MOST_NAMES} more" if len(listed) > MOST_NAMES else shown


def _counted(items: Sequence[object], one: str, many: str) -> str:
    return _number(len(items), one, many)


def _number(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _took(ms: float | None) -> str:
    return "" if ms is None else f" ({ms:g} ms)"


def _issue(issue: Mapping[str, object] | str) -> str:
    if isinstance(issue, str):
        return safe_text(issue)
    suggestion = issue.get("suggestion")
    text = f"{issue.get('severity', 'error')}: {issue.get('text', issue.get('name', '?'))}"
    return safe_text(f"{text} {suggestion}" if suggestion else text)


def _rights_revoked(said: notes.RightsRevoked) -> str:
    return f"took rights on the journal from others: {'; '.join(said.statements)}"


def _entry_set_aside(said: notes.EntrySetAside) -> str:
    return f"entry {said.seq} ({said.was}) has no effect any more: {said.reason}"


def _entries_archived(said: notes.EntriesArchived) -> str:
    return f"moved entries 2 to {said.upto} to {said.file or 'a file'}{_because(said.reason)}"


def _password_set(said: notes.PasswordSet) -> str:
    change = "; it must be changed at the next log-in" if said.must_change else ""
    return f"gave the user {said.username} another password{change}{_because(said.reason)}"


def _because(reason: str | None) -> str:
    """What a person said of an order; in quotes, since it is not a sentence of ours."""
    return f'; reason: "{reason}"' if reason else ""


def _journal_created(it: notes.JournalCreated) -> str:
    where = f" in schema {it.schema}" if it.database == "postgresql" and it.schema else ""
    # The default name says nothing.
    whose = f" of {it.application}" if it.application not in (None, "application") else ""
    lost = f"; the one before was dropped by revision {', '.join(it.dropped_by)}" if it.dropped_by else ""
    return f"the journal{whose} was created{where} ({it.database} {it.server}){lost}"


def _database_created(it: notes.DatabaseCreated) -> str:
    asked = ", as a person was asked and agreed" if it.allowed_by == "person" else ""
    return f"created the database {it.server or it.name}{asked}"


def _backup_made(it: notes.BackupMade) -> str:
    size = "" if it.size is None else f", {size_in_words(it.size)}"
    where = f"to {it.file}" if it.file else f"by {it.command}"
    return f"backed up {where}{size}{_took(it.ms)}"


def size_in_words(size: int) -> str:
    """A number of bytes with a unit, rounded.

    Args:
        size: The number.

    Example:
        >>> size_in_words(123_456)
        '123 kB'
    """
    number, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:.3g} {unit}"


def _restored(it: notes.DatabaseRestored) -> str:
    was = "a journal that could not be read" if it.was is None else f"entry {it.was}"
    kept = f"; what it replaced is {it.replaced}" if it.replaced else ""
    back = f"from {was} back to entry {it.is_}"
    return f"restored the database from {it.backup}, {back}{kept}{_because(it.reason)}"


def _run_started(it: runs.RunStarted) -> str:
    changed = f" ({', '.join(it.changed)})" if it.changed else ""
    return f"began: {it.reason}{changed}{_because(it.why)}"


def _run_resumed(it: runs.RunResumed) -> str:
    before = it.interrupted
    return (
        f"continued the run of {who(mapping(before.get('by')))}, which was interrupted in state"
        f" {before.get('state')} after {before.get('last')} at {before.get('at')};"
        f" attempt {it.attempt}{_because(it.why)}"
    )


def _run_continued(it: runs.RunContinued) -> str:
    return f"continued: {it.reason}"


def _inspected(it: work.DatabaseInspected) -> str:
    counts = (
        (it.missing, "missing", "missing"),
        (it.pending, "revision pending", "revisions pending"),
        (it.seeds_pending, "seed pending", "seeds pending"),
        (it.conflict, "revision lost", "revisions lost"),
        (it.outside, "revision applied by others", "revisions applied by others"),
        (it.leftovers, "leftover", "leftovers"),
        (tuple(it.edited or ()), "edited file", "edited files"),
    )
    found = [_number(len(it.tables) if it.there is None else it.there, "table", "tables")]
    found += [_counted(items, one, many) for items, one, many in counts if items]
    return f"found {', '.join(found)}" + (f"; at revision {_names(it.rows)}" if it.rows else "")


def _created(it: work.SchemaCreated) -> str:
    listed = f": {_names(it.tables)}" if it.tables else ""
    return f"created {_counted(it.tables, 'table', 'tables')}{listed}{_stamped(it)}{_took(it.ms)}"


def _adopted(it: work.SchemaAdopted) -> str:
    marked = ", as a person ordered" if it.marked else ""
    return f"adopted {_counted(it.tables, 'table', 'tables')}{marked}{_stamped(it)}{_took(it.ms)}"


def _stamped(it: work.Changed) -> str:
    return f"; stamped {_names(it.heads)}" if it.heads else ""


def _applied(it: work.MigrationApplied) -> str:
    doc = f' "{it.doc}"' if it.doc else ""
    if it.marked:
        return f"revision {it.revision}{doc} was marked as applied by a person"
    number = f", {it.number} of {it.of}" if it.number is not None and it.of else ""
    found = f"; already done by an interrupted run: {_names(it.found)}" if it.found else ""
    return f"applied revision {it.revision}{doc}{number}{found}{_took(it.ms)}"


def _reverted(it: work.MigrationReverted) -> str:
    held = "it is held until it is released or its file changes"
    return f"rolled back revision {it.revision}; {held}{_took(it.ms)}"


def _seeded(it: work.SeedBatchApplied) -> str:
    if it.assumed:
        return f"{it.source} is assumed to be applied: on adopted tables this cannot be known"
    into = f" into {it.table}" if it.table and it.table != it.source else ""
    rows = (
        (it.created, "created"),
        (it.updated, "updated"),
        (it.skipped, "there already"),
        (it.differing, "of them different"),
    )
    counts = [f"{number} {word}" for number, word in rows if number]
    if it.table is None and not counts:
        return f"seeded {it.source}{_took(it.ms)}"
    end = "" if it.complete else f"; up to row {it.next} so far"
    return f"seeded {it.source}{into}: {', '.join(counts) or 'no rows'}{end}{_took(it.ms)}"


def _validated(it: work.HealthValidated) -> str:
    passed = f"{_counted(tuple(it.checks), 'check', 'checks')} passed" if it.checks else "every check passed"
    warned = f", {_counted(it.warnings, 'warning', 'warnings')}" if it.warnings else ""
    return f"{passed}{warned}{_took(it.ms)}"


def _defects(it: work.DefectsFound) -> str:
    return f"found {_counted(it.issues, 'defect', 'defects')}"


def _repaired(it: work.RepairApplied) -> str:
    left = f"; {len(it.defects)} left" if it.defects else ""
    return f"repaired: {'; '.join(it.actions) or 'nothing'}{left}{_took(it.ms)}"


def _stopped(it: runs.RunStopped) -> str:
    return f"ended before ready: {it.why}" + (f" during {it.during}" if it.during else "")


def _failed(it: runs.StepFailed) -> str:
    context = read_stored(it.error).context
    return f"{it.step} failed: {it.error.get('reference')}" + (f" ({context[0]})" if context else "")


def _begun(it: runs.StepStarted) -> str:
    return f"{it.step} of {it.subject} began outside a transaction"


def _released(it: notes.HoldReleased) -> str:
    return f"released {_names(it.revisions)}{_because(it.reason)}"


def _overridden(it: runs.Override) -> str:
    failure = f"retry the failure of entry {it.overrides}" if it.overrides else "go on"
    retry = f", apply {_names(it.retry)} again" if it.retry else ""
    reseed = f", apply the seeds {_names(it.reseed)} again" if it.reseed else ""
    accepts = f", accept as edited or removed: {_names(tuple(it.accepts))}" if it.accepts else ""
    return f"a person ordered: {failure}{retry}{reseed}{accepts}{_because(it.reason)}"


def _outage(it: notes.Outage) -> str:
    return (
        f"the database could not be used from {it.first} to {it.last}, tried {it.count} times: {it.reference}"
    )


def _rewound(it: notes.HistoryRewound) -> str:
    return f"the journal went back from entry {it.was} to {it.is_}: a restored backup or a failover"


def _sentence(kind: type[P], say: Callable[[P], str]) -> tuple[str, Callable[[Data], str]]:
    """The name of the type, and what reads an event of it and says it."""
    return kind.type, lambda data: say(kind.read(data))


_SENTENCES: Mapping[str, Callable[[Data], str]] = dict(
    (
        _sentence(notes.JournalCreated, _journal_created),
        _sentence(notes.RightsRevoked, _rights_revoked),
        _sentence(notes.EntrySetAside, _entry_set_aside),
        _sentence(notes.EntriesArchived, _entries_archived),
        _sentence(notes.PasswordSet, _password_set),
        _sentence(notes.DatabaseCreated, _database_created),
        _sentence(notes.BackupMade, _backup_made),
        _sentence(notes.DatabaseRestored, _restored),
        _sentence(runs.RunStarted, _run_started),
        _sentence(runs.RunResumed, _run_resumed),
        _sentence(runs.RunContinued, _run_continued),
        _sentence(work.DatabaseInspected, _inspected),
        _sentence(work.SchemaCreated, _created),
        _sentence(work.SchemaAdopted, _adopted),
        _sentence(work.MigrationApplied, _applied),
        _sentence(work.MigrationReverted, _reverted),
        _sentence(work.SeedBatchApplied, _seeded),
        _sentence(work.HealthValidated, _validated),
        _sentence(work.DefectsFound, _defects),
        _sentence(work.RepairApplied, _repaired),
        _sentence(runs.RunStopped, _stopped),
        _sentence(runs.StepFailed, _failed),
        _sentence(runs.StepStarted, _begun),
        _sentence(notes.HoldReleased, _released),
        _sentence(runs.Override, _overridden),
        _sentence(notes.Outage, _outage),
        _sentence(notes.HistoryRewound, _rewound),
    )
)
"""The sentence of each type of event. For other types the meaning of the type is said."""
