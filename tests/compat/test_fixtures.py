"""Journals that 0.1.0 has written: they are intact, say what they said then, and go on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from initdb.statemachine.decide.fold import fold
from tests.compat.checks import events, goes_on, is_intact, works
from tests.compat.facts import plain
from tests.compat.histories import History
from tests.compat.shop import Shop
from tests.compat.versions import HERE, Version


@pytest.fixture
def facts(left: Shop, name: str) -> dict[str, Any]:
    """What 0.1.0 knew of it."""
    found = json.loads((HERE / "fixtures" / left.database / f"{name}.json").read_text())
    assert isinstance(found, dict)
    return found


def test_it_is_read_as_it_was(left: Shop, history: History, facts: dict[str, Any], new: Version) -> None:
    """Verified, listed whole, and folded to the same knowledge, also by a look."""
    verified = new.json(left, "journal", "verify").done().answer
    assert (verified["outcome"], verified["findings"]) == ("intact", [])
    assert (verified["entries"], verified["hash"]) == (facts["entries"], facts["knowledge"]["hash"])

    stored = [event for event, _ in events(left)]
    assert new.json(left, "journal").done().stdout.splitlines() == stored
    listed = new(left, "journal").done().stdout
    assert history.shows in listed
    assert len(listed.splitlines()) >= len(stored)

    for known in (fold(left.entries()), left.initializer().look().knowledge):
        found = plain(known)
        assert {part: found[part] for part in facts["knowledge"]} == facts["knowledge"]


def test_it_goes_on(left: Shop, history: History, old: Version, new: Version) -> None:
    """To ready, behind what stands there; and 0.1.0 boots on that, or refuses in one sentence."""
    before = events(left)
    goes_on(new, left, _here(left, history))
    after = events(left)
    assert after[: len(before)] == before
    is_intact(old, left)
    booted = works(old, left, "run")
    assert booted is None or booted.answer["outcome"] == "ready", booted
    assert events(left)[: len(after)] == after
    assert new.json(left, "run").done().answer["outcome"] == "ready"
    is_intact(new, left)


def _here(left: Shop, history: History) -> History:
    """A dump has another catalogue in a newer server, so that what failed on the old one is tried again."""
    if left.database == "sqlite" or history.reference is None:
        return history
    ((created,),) = left.sql("SELECT event FROM init_journal WHERE seq = 1")
    ((version,),) = left.sql("SHOW server_version")
    if json.loads(created)["data"]["server"].partition(".")[0] == version.partition(".")[0]:
        return history
    return replace(history, outcome="ready", reference=None, orders=())
