"""Decides where a journal can be cut, so that older entries can be archived. Pure."""

from __future__ import annotations

from initdb.events.entry import Entry
from initdb.events.payloads.notes import Snapshot
from initdb.statemachine.decide.fold import Again, known_from, set_aside_by


def first_that_stays(entries: Again, before: int | str) -> Entry | None:
    """The snapshot from which a journal can be read if the entries between it and the first are archived.

    It is the last one that still has an effect: a snapshot from before a person set an entry aside has the
    effect of that entry in it, and only a fold from the beginning is without.

    Args:
        entries: All entries, in their order. They are iterated over twice.
        before: The number of an entry, or a time in the form that entries have. Later ones are not archived.

    Returns:
        None if there is no such snapshot, or nothing that could be archived.
    """
    aside = [(one.seq, other) for one in entries if (other := set_aside_by(one)) is not None]

    def stands(one: Entry) -> bool:
        return (
            one.type == Snapshot.type
            and one.seq > 2
            and (one.seq <= before if isinstance(before, int) else one.at <= before)
            and not any(other <= one.seq < setter for setter, other in aside)
            and known_from(one) is not None
        )

    found, second = None, 0
    for place, one in enumerate(entries):
        second = one.seq if place == 1 else second
        found = one if stands(one) else found
    return None if found is None or found.seq == second else found
