"""What `initdb plan` says of a database, compared with what the next run writes into its journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from initdb.events.entry import Entry
from initdb.statemachine.decide.verdict import waits_out
from initdb.statemachine.loop.foresee import Foresight, foresee
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.site import Site

STEPS = {
    "schema_created",
    "schema_adopted",
    "migration_applied",
    "repair_applied",
    "defects_found",
    "health_validated",
    "backup_made",
}

UNFORESEEN = {"backup_made", "migration_applied", "seed_batch_applied"}
"""Whether a revision or a seed fails is only known when it runs."""

Done = list[tuple[str, str]]


def foreseen(site: Site) -> Foresight:
    """The plan. Its steps have names and events."""
    seen = foresee(site)
    assert all(intent.step and intent.subject for intent in seen.plan.intents), seen.plan
    return seen


def planned(seen: Foresight) -> Done:
    """The events that a plan foresees, with their revisions and seeds."""
    return [
        (one.event, one.subject if one.step in ("migrate", "seed") else "")
        for one in seen.plan.intents
        if one.event
    ]


def done(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """The events that a run has written, in the same form; of a seed only its end."""
    for entry in entries:
        if entry.type == "seed_batch_applied" and entry.data["complete"]:
            yield entry.type, str(entry.data["source"])
        elif entry.type in STEPS:
            yield entry.type, str(entry.data.get("revision", ""))


def agrees(seen: Foresight, outcome: Outcome) -> None:
    """The run did what the plan says: the same steps in the same order, with the same revisions and seeds."""
    entries = outcome.report.entries if outcome.report is not None else []
    what = (seen.verdict, planned(seen), seen.plan.stop, [(one.type, one.data) for one in entries])
    if seen.verdict.kind != "work" and not waits_out(seen.verdict):
        assert not entries and outcome.ending == seen.verdict.kind, what
        return
    expected, did = planned(seen), list(done(entries))
    states = [one.dest for one in entries if one.type == "database_inspected"]
    assert not states or states[0] == seen.plan.state, what
    failure = (
        entries[-1].data["error"]["reference"] if entries and entries[-1].type == "step_failed" else None
    )
    following = expected[len(did)][0] if len(did) < len(expected) else ""
    if failure is not None and following in UNFORESEEN:
        assert did == expected[: len(did)], what
    elif seen.plan.stop is not None or failure is not None:
        assert seen.plan.stop is not None and (failure, did) == (seen.plan.stop.reference, expected), what
    else:
        assert did == expected, what
