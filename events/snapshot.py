"""A snapshot of knowledge: from knowledge to a JSON value, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from initdb.events.knowledge import (
    Applied,
    Backup,
    Doubt,
    Failure,
    Judgement,
    Knowledge,
    LastReady,
    Mark,
    RunRecord,
    SeedRecord,
)

FOLD = 6
"""The version of the fold's rules. It rises with each change of them; then older snapshots are ignored."""

READABLE = frozenset({5, 6})
"""The versions of those rules whose snapshots `restored` can read.

Where older entries are archived, the knowledge in such a snapshot is all that is left of them. So a version
that raises FOLD adds it here, and goes on reading the older ones.
"""

EACH = 1000
"""A snapshot follows `health_validated`, `entry_set_aside`, and each entry at a multiple of this number."""


def is_due(type: str, seq: int) -> bool:
    """Whether a snapshot follows an entry.

    Args:
        type: The type of the entry's event.
        seq: Its number.
    """
    return type in ("health_validated", "entry_set_aside") or seq % EACH == 0


def stored(known: Knowledge) -> dict[str, Any]:
    """Convert knowledge to a JSON value, without the place in the chain, which is the entry's own.

    A process that applied several revisions is written once.

    Args:
        known: The knowledge.
    """
    who = _Once()
    return {
        "state": known.state,
        "journal": known.journal,
        "application": known.application,
        "heads": list(known.heads),
        "applied": [
            [one.revision, one.digest, one.run, one.at, who.number(one.by), one.marked, one.file]
            for one in known.applied.values()
        ],
        "who": who.all,
        "held": [[name, digest] for name, digest in known.held.items()],
        "seeds": [
            [one.source, one.table, sorted(one.complete), one.partial, one.offset, one.digest, one.at]
            for one in known.seeds.values()
        ],
        "marks": {one.source: [*astuple(one.mark)] for one in known.seeds.values() if one.mark},
        "judgements": [
            [dict(one.code), _of_failure(one.failure), list(one.warnings), one.env_py]
            for one in known.judgements
        ],
        "catalog": known.catalog,
        "managed": known.managed,
        "adopted": known.adopted,
        "last_run": _of_run(known.last_run),
        "last": [known.last_type, known.last_at, dict(known.last_data)],
        "tries": known.tries,
        "crashes": known.crashes,
        "doubt": _of_doubt(known.doubt),
        "retry": sorted(known.retry),
        "memo": dict(known.memo),
        "version_table": known.version_table,
        "version_schema": known.version_schema,
        "bases": sorted(known.bases),
        "last_ready": [known.last_ready.at, known.last_ready.env_py] if known.last_ready else None,
        "told": dict(known.told),
        "accepted": dict(known.accepted),
        "notes": sorted(known.notes),
        "inventory": known.inventory,
        "stamped": list(known.stamped),
        "backed_up": known.backed_up,
        "backup": [*astuple(known.backup)] if known.backup else None,
        "version": known.version,
    }


def restored(said: Mapping[str, Any], seq: int, digest: str) -> Knowledge | None:
    """The knowledge in a snapshot; None if the value is no snapshot of knowledge.

    Args:
        said: What `stored` returned, after JSON; or anything else.
        seq: The number of the last entry that the snapshot covers.
        digest: Its hash.
    """
    try:
        return _restored(said, seq, digest)
    except (TypeError, ValueError, LookupError, AttributeError):
        return None


def _restored(said: Mapping[str, Any], seq: int, digest: str) -> Knowledge:
    who = said["who"]
    last_type, last_at, last_data = said["last"]
    return Knowledge(
        seq=seq,
        hash=digest,
        state=said["state"],
        journal=said["journal"],
        application=said["application"],
        heads=tuple(said["heads"]),
        applied={
            name: Applied(name, digest, run, at, who[number], marked, file)
            for name, digest, run, at, number, marked, file in said["applied"]
        },
        held=dict(said["held"]),
        seeds={
            name: SeedRecord(name, table, frozenset(complete), partial, offset, last, at, _mark(said, name))
            for name, table, complete, partial, offset, last, at in said["seeds"]
        },
        judgements=tuple(
            Judgement(code, _failure(failure), tuple(warnings), env_py)
            for code, failure, warnings, env_py in said["judgements"]
        ),
        catalog=said["catalog"],
        managed=said["managed"],
        adopted=said["adopted"],
        last_run=_run(said["last_run"]),
        last_type=last_type,
        last_at=last_at,
        last_data=last_data,
        tries=said["tries"],
        crashes=said["crashes"],
        doubt=_doubt(said["doubt"]),
        retry=frozenset(said["retry"]),
        memo=said["memo"],
        version_table=said["version_table"],
        version_schema=said["version_schema"],
        bases=frozenset(said["bases"]),
        last_ready=None if said["last_ready"] is None else LastReady(*said["last_ready"]),
        told=dict(said["told"]),
        accepted=dict(said["accepted"]),
        notes=frozenset(said["notes"]),
        inventory=said["inventory"],
        stamped=tuple(said["stamped"]),
        backed_up=said["backed_up"],
        backup=None if said["backup"] is None else Backup(*said["backup"]),
        version=said["version"],
    )


class _Once:
    """Numbers values. Equal values get one number."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []
        self._numbers: dict[str, int] = {}

    def number(self, value: Mapping[str, Any]) -> int:
        """The number of a value, which is added if it is new."""
        number = self._numbers.setdefault(repr(sorted(value.items())), len(self.all))
        if number == len(self.all):
            self.all.append(dict(value))
        return number


def _of_failure(failure: Failure | None) -> list[Any] | None:
    if failure is None:
        return None
    one = failure
    return [
        one.seq,
        one.step,
        one.at,
        dict(one.error),
        dict(one.code),
        one.attempt,
        one.clock,
        one.run,
        dict(one.by),
    ]


def _failure(said: list[Any] | None) -> Failure | None:
    return None if said is None else Failure(*said)


def _of_run(run: RunRecord | None) -> list[Any] | None:
    if run is None:
        return None
    of_code = (run.reason, dict(run.work), dict(run.code))
    return [run.run, run.seq, run.at, dict(run.by), *of_code, run.ended, run.during, sorted(run.reverted)]


def _run(said: list[Any] | None) -> RunRecord | None:
    if said is None:
        return None
    run, seq, at, by, reason, work, code, ended, during, reverted = said
    return RunRecord(run, seq, at, by, reason, work, code, ended, during, frozenset(reverted))


def _of_doubt(doubt: Doubt | None) -> list[Any] | None:
    if doubt is None:
        return None
    done = None if doubt.done is None else list(doubt.done)
    block = None if doubt.block is None else list(doubt.block)
    return [doubt.step, doubt.subject, doubt.seq, doubt.digest, done, doubt.xid, block]


def _doubt(said: list[Any] | None) -> Doubt | None:
    if said is None:
        return None
    step, subject, seq, digest, done, xid, block = said
    marks = (None if one is None else tuple(one) for one in (done, block))
    return Doubt(step, subject, seq, digest, next(marks), xid, next(marks))


def _mark(said: Mapping[str, Any], source: str) -> Mark | None:
    found = said.get("marks", {}).get(source)
    return None if found is None else Mark(*found)
