"""Random walks through the machine: journals as any run of any code could write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from initdb.events.chain import GENESIS
from initdb.events.entry import Entry, Moment, write
from initdb.events.types import EVENTS, NOTES
from initdb.statemachine.machine import NoRow, turn

_NAMES = st.sampled_from(["r1", "r2", "r3"])
_LISTS = st.lists(_NAMES, max_size=2, unique=True)
_CODES = st.sampled_from([{"models": "a"}, {"models": "b"}, {"models": "a", "seeds": "s"}])
_EDITED = st.dictionaries(
    st.sampled_from(["revision r1", "revision r2", "seed r1", "env.py"]), st.sampled_from(["d1", "d2", ""])
)
_DATA = st.fixed_dictionaries(
    {},
    optional={
        "pending": _LISTS,
        "seeds_pending": _LISTS,
        "issues": _LISTS,
        "defects": _LISTS,
        "conflict": _LISTS,
        "tables": _LISTS,
        "rows": _LISTS,
        "heads": _LISTS,
        "retry": _LISTS,
        "revisions": _LISTS,
        "managed": st.booleans(),
        "complete": st.booleans(),
        "outside": st.booleans(),
        "started_over": st.booleans(),
        "schema_from": st.sampled_from(["models", "migrations"]),
        "revision": _NAMES,
        "subject": _NAMES,
        "source": _NAMES,
        "table": _NAMES,
        "digest": st.sampled_from(["d1", "d2"]),
        "next": st.integers(0, 9),
        "catalog": st.sampled_from(["c1", "c2"]),
        "code": _CODES,
        "error": st.just({"reference": "revision-failed"}),
        "note": st.uuids().map(str),
        "clock": st.floats(0, 1e9),
        "edited": _EDITED,
        "accepts": _EDITED,
        "file": st.just("r.py"),
        "env_py": st.just("e"),
    },
)
STEPS = st.lists(st.tuples(st.sampled_from([*EVENTS, *NOTES]), _DATA), max_size=25)


def entries_of(steps: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Entry]:
    """The entries of these events, one after the other. Events without a row are not written."""
    state, seq, digest = "unknown", 0, GENESIS
    entries: list[Entry] = []
    for event, data in steps:
        try:
            made = turn(state, event, data)
        except NoRow:
            continue
        moment = Moment(f"run-{seq // 5}", f"2026-01-01T00:00:{seq:02d}.000000Z", 1, {"pid": 1})
        entries.append(write(seq, digest, moment, made, data))
        state, seq, digest = made.dest, entries[-1].seq, entries[-1].hash
    return entries


JOURNALS = STEPS.map(entries_of)
