"""The wheel of 0.1.0 goes on with a journal that this code wrote, or says why it does not."""

from __future__ import annotations

from dataclasses import replace

from tests.compat.checks import events, goes_on, is_intact, works
from tests.compat.histories import History
from tests.compat.shop import Shop
from tests.compat.versions import Version


def test_it_goes_on(empty: Shop, history: History, old: Version, new: Version) -> None:
    """0.1.0 reads what happened, and brings the shop to ready as this code would."""
    history.make(new, empty)
    stored = [event for event, _ in events(empty)]
    goes = old if is_intact(old, empty) and works(old, empty, "plan") else new
    assert goes.json(empty, "journal").done().stdout.splitlines() == stored
    # To 0.1.0 a failure is one of other code, since it hashes code in another way: it tries again.
    again = goes is old and history.outcome == "failed"
    goes_on(goes, empty, replace(history, outcome="ready", reference=None, orders=()) if again else history)
    is_intact(new, empty)
    assert new.json(empty, "run").done().answer["outcome"] == "ready"
