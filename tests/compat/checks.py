"""What must be true of a shop after processes of several versions worked on it."""

from __future__ import annotations

import re
from collections import Counter

from tests.compat.histories import History
from tests.compat.shop import Shop
from tests.compat.versions import Ended, Version
from tests.support.settled import done

REFUSALS = ("journal-newer", "journal-incomplete")
"""References with which an older version may refuse a journal that a newer one has written."""


def goes_on(version: Version, shop: Shop, history: History) -> None:
    """A boot ends as the history says. After the orders that follow, the shop is ready and settled."""
    booted = version.json(shop, "run")
    assert (booted.answer["outcome"], booted.reference) == (history.outcome, history.reference), booted
    for order in history.orders:
        booted = version.json(shop, *order).done()
    assert booted.answer["outcome"] == "ready", booted
    is_settled(shop, history)


def is_settled(shop: Shop, history: History) -> None:
    """Each row is there once. Each effect has one event, and one more for each time that it was undone."""
    assert shop.rows() == history.rows
    entries = shop.entries()
    assert entries[-1].dest == "ready", entries[-1]
    undone = Counter(entry.data.get("revision") for entry in entries if entry.type == "migration_reverted")
    lost = any(entry.type == "repair_applied" for entry in entries)
    for (kind, name), count in done(entries).items():
        again = undone[name] or (kind == "seed_batch_applied" and lost and "goods" in name)
        assert count == 1 + again, (kind, name)


def works(version: Version, shop: Shop, *words: str) -> Ended | None:
    """How the command ended; None where this version refuses the journal, in one sentence."""
    ended = version.json(shop, *words)
    if ended.reference not in REFUSALS:
        return ended
    assert re.fullmatch(r"[A-Z][^.]*\.", ended.answer["error"]["message"]), ended
    return None


def is_intact(version: Version, shop: Shop) -> bool:
    """Whether this version can read the journal; where it can, the journal must be intact."""
    verified = works(version, shop, "journal", "verify")
    assert verified is None or verified.answer["outcome"] == "intact", verified
    return verified is not None


def events(shop: Shop) -> list[tuple[str, str]]:
    """The stored text and hash of each entry."""
    return [
        (event, digest) for event, digest in shop.sql("SELECT event, hash FROM init_journal ORDER BY seq")
    ]
