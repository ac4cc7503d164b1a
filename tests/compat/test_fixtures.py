"""Journals that 0.1.0 wrote are intact, mean what they meant, and can be continued."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest

from initdb.statemachine.decide.fold import fold
from tests.compat.checks import events, goes_on, is_intact, works
from tests.compat.facts import plain
from tests.compat.histories import History
from tests.compat.shop import Shop
from tests.compat.versions import HERE, Version

CHANGED: frozenset[str] = frozenset()
"""Parts of knowledge whose meaning has changed since, on purpose; each with its reason."""


@pytest.fixture
def facts(left: Shop, name: str) -> list[dict[str, Any]]:
    """What 0.1.0 knew of it after each entry."""
    changes = json.loads((HERE / "fixtures" / left.database / f"{name}.json").read_text())
    return list(accumulate(changes, lambda known, change: {**known, **change}))


def test_it_is_read_as_it_was(
    left: Shop, history: History, facts: list[dict[str, Any]], new: Version
) -> None:
    """Verified, and listed whole."""
    verified = new.json(left, "journal", "verify").done().answer
    assert (verified["outcome"], verified["findings"]) == ("intact", [])
    assert (verified["entries"], verified["hash"]) == (len(facts), facts[-1]["hash"])

    stored = [event for event, _ in events(left)]
    assert new.json(left, "journal").done().stdout.splitlines() == stored
    listed = new(left, "journal").done().stdout
    assert history.shows in listed
    assert len(listed.splitlines()) >= len(stored)


def test_it_folds_to_what_it_was(left: Shop, facts: list[dict[str, Any]]) -> None:
    """After each entry the same is known as 0.1.0 knew, and a look gives the last of it."""
    entries = left.entries()
    folded = [fold(entries[: number + 1]) for number in range(len(entries))]
    for known, fact in zip([*folded, left.initializer().look().knowledge], [*facts, facts[-1]], strict=True):
        found = plain(known, fact)
        for part in fact.keys() - CHANGED:
            assert found[part] == fact[part], (known.last_type, part)


def test_it_goes_on(left: Shop, history: History, old: Version, new: Version) -> None:
    """It becomes ready, and its entries stay. Then 0.1.0 boots on it, or refuses in one sentence."""
    before = events(left)
    goes_on(new, left, _here(history))
    after = events(left)
    assert after[: len(before)] == before
    is_intact(old, left)
    booted = works(old, left, "run")
    assert booted is None or booted.answer["outcome"] == "ready", booted
    assert events(left)[: len(after)] == after
    assert new.json(left, "run").done().answer["outcome"] == "ready"
    is_intact(new, left)


def _here(history: History) -> History:
    """This version judges in another way than 0.1.0, so that a failure of 0.1.0 is tried again."""
    if history.reference is None:
        return history
    return replace(history, outcome="ready", reference=None, orders=())
