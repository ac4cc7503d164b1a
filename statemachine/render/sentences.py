"""Says in a sentence what an entry of the journal means, and in more lines what belongs to it. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from initdb.errors import Rendered, render
from initdb.errors.safe import safe_text
from initdb.events.entry import Entry
from initdb.events.types import EVENTS, NOTES

MOST_NAMES = 6
"""How many names a sentence lists before it counts the rest."""

Data = Mapping[str, Any]


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
    data = entry.data
    if entry.type == "step_failed" and isinstance(data.get("error"), Mapping):
        return tuple(render(Rendered.from_data(data["error"])).splitlines())
    if entry.type == "defects_found":
        return tuple(_issue(issue) for issue in _items(data.get("issues")))
    return tuple(f"warning: {safe_text(text)}" for text in _items(data.get("warnings")))


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


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _names(value: object) -> str:
    """List names. Of many, only the first are listed, and the rest is counted."""
    names = [str(item) for item in _items(value)]
    shown = ", ".join(names[:MOST_NAMES])
    return f"{shown} and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else shown


def _counted(value: object, one: str, many: str) -> str:
    number = len(_items(value))
    return f"{number} {one if number == 1 else many}"


def _took(data: Data) -> str:
    return f" ({data['ms']:g} ms)" if isinstance(data.get("ms"), (int, float)) else ""


def _issue(issue: object) -> str:
    if not isinstance(issue, Mapping):
        return safe_text(issue)
    suggestion = issue.get("suggestion")
    text = f"{issue.get('severity', 'error')}: {issue.get('text', issue.get('name', '?'))}"
    return safe_text(f"{text} {suggestion}" if suggestion else text)


def _journal_created(data: Data) -> str:
    where = f" in schema {data['schema']}" if data.get("database") == "postgresql" else ""
    owner = data.get("application")
    whose = f" of {owner}" if owner not in (None, "application") else ""  # the default says nothing
    return f"the journal{whose} was created{where} ({data.get('database')} {data.get('server', '')})"


def _run_started(data: Data) -> str:
    changed = _items(data.get("changed"))
    return f"began: {data.get('reason')}" + (f" ({', '.join(map(str, changed))})" if changed else "")


def _run_resumed(data: Data) -> str:
    before = data.get("interrupted") or {}
    return (
        f"continued the run of {who(before.get('by') or {})}, which was interrupted in state"
        f" {before.get('state')} after {before.get('last')} at {before.get('at')};"
        f" attempt {data.get('attempt')}"
    )


def _run_continued(data: Data) -> str:
    return f"continued: {data.get('reason')}"


def _inspected(data: Data) -> str:
    found = [_counted(data.get("tables"), "table", "tables")]
    found += [_counted(data[name], *words) for name, *words in _FOUND if _items(data.get(name))]
    rows = _names(data.get("rows"))
    return f"found {', '.join(found)}" + (f"; at revision {rows}" if rows else "")


_FOUND = (
    ("missing", "missing", "missing"),
    ("pending", "revision pending", "revisions pending"),
    ("seeds_pending", "seed pending", "seeds pending"),
    ("conflict", "revision lost", "revisions lost"),
    ("outside", "revision applied by others", "revisions applied by others"),
    ("leftovers", "leftover", "leftovers"),
)


def _created(data: Data) -> str:
    tables = data.get("tables")
    heads = _names(data.get("heads"))
    listed = f": {_names(tables)}" if _items(tables) else ""
    stamped = f"; stamped {heads}" if heads else ""
    return f"created {_counted(tables, 'table', 'tables')}{listed}{stamped}{_took(data)}"


def _adopted(data: Data) -> str:
    heads = _names(data.get("heads"))
    marked = ", as a person ordered" if data.get("marked") else ""
    stamped = f"; stamped {heads}" if heads else ""
    return f"adopted {_counted(data.get('tables'), 'table', 'tables')}{marked}{stamped}{_took(data)}"


def _applied(data: Data) -> str:
    doc = f' "{data["doc"]}"' if data.get("doc") else ""
    if data.get("marked"):
        return f"revision {data.get('revision')}{doc} was marked as applied by a person"
    number = f", {data['number']} of {data['of']}" if data.get("of") else ""
    found = (
        f"; already done by an interrupted run: {_names(data['found'])}" if _items(data.get("found")) else ""
    )
    return f"applied revision {data.get('revision')}{doc}{number}{found}{_took(data)}"


def _reverted(data: Data) -> str:
    held = "it is held until it is released or its file changes"
    return f"rolled back revision {data.get('revision')}; {held}{_took(data)}"


def _seeded(data: Data) -> str:
    source, table = data.get("source"), data.get("table")
    if data.get("assumed"):
        return f"{source} is assumed to be applied: on adopted tables this cannot be known"
    into = f" into {table}" if table and table != source else ""
    counts = [f"{data[name]} {word}" for name, word in _ROWS if data.get(name)]
    if table is None and not counts:
        return f"seeded {source}{_took(data)}"
    end = "" if data.get("complete") else f"; up to row {data.get('next')} so far"
    return f"seeded {source}{into}: {', '.join(counts) or 'no rows'}{end}{_took(data)}"


_ROWS = (
    ("created", "created"),
    ("updated", "updated"),
    ("skipped", "there already"),
    ("differing", "of them different"),
)


def _validated(data: Data) -> str:
    checks = data.get("checks")
    warnings = _items(data.get("warnings"))
    number = len(checks) if isinstance(checks, Mapping) else 0
    passed = f"{number} {'check' if number == 1 else 'checks'} passed" if number else "every check passed"
    return passed + (f", {_counted(warnings, 'warning', 'warnings')}" if warnings else "") + _took(data)


def _defects(data: Data) -> str:
    return f"found {_counted(data.get('issues'), 'defect', 'defects')}"


def _repaired(data: Data) -> str:
    actions = "; ".join(str(action) for action in _items(data.get("actions")))
    left = _items(data.get("defects"))
    return f"repaired: {actions or 'nothing'}" + (f"; {len(left)} left" if left else "") + _took(data)


def _stopped(data: Data) -> str:
    during = f" during {data['during']}" if data.get("during") else ""
    return f"ended before ready: {data.get('why')}{during}"


def _failed(data: Data) -> str:
    error = data.get("error") or {}
    context = _items(error.get("context"))
    return f"{data.get('step')} failed: {error.get('reference')}" + (f" ({context[0]})" if context else "")


def _begun(data: Data) -> str:
    return f"{data.get('step')} of {data.get('subject')} began outside a transaction"


def _released(data: Data) -> str:
    return f"released {_names(data.get('revisions'))}"


def _overridden(data: Data) -> str:
    failure = f"retry the failure of entry {data['overrides']}" if data.get("overrides") else "go on"
    retry = _names(data.get("retry"))
    seeds = _names(data.get("reseed"))
    ordered = f"a person ordered: {failure}" + (f", apply {retry} again" if retry else "")
    return ordered + (f", apply the seeds {seeds} again" if seeds else "")


def _outage(data: Data) -> str:
    return (
        f"the database could not be used from {data.get('first')} to {data.get('last')},"
        f" tried {data.get('count')} times: {data.get('reference')}"
    )


def _rewound(data: Data) -> str:
    went = f"from entry {data.get('was')} to {data.get('is')}"
    return f"the journal went back {went}: a restored backup or a failover"


_SENTENCES: Mapping[str, Callable[[Data], str]] = {
    "journal_created": _journal_created,
    "run_started": _run_started,
    "run_resumed": _run_resumed,
    "run_continued": _run_continued,
    "database_inspected": _inspected,
    "schema_created": _created,
    "schema_adopted": _adopted,
    "migration_applied": _applied,
    "migration_reverted": _reverted,
    "seed_batch_applied": _seeded,
    "health_validated": _validated,
    "defects_found": _defects,
    "repair_applied": _repaired,
    "run_stopped": _stopped,
    "step_failed": _failed,
    "step_started": _begun,
    "hold_released": _released,
    "override": _overridden,
    "outage": _outage,
    "history_rewound": _rewound,
}
"""The sentence of each type of event. For other types the meaning of the type is said."""
