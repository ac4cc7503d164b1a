"""Processes of 0.1.0 and of this code boot on one database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from initdb.events.baton import try_baton
from initdb.events.side_file import SIDE_SUFFIX
from tests.compat.checks import events, is_intact, is_settled
from tests.compat.histories import HISTORIES
from tests.compat.shop import Shop
from tests.compat.versions import Version, together
from tests.statemachine.test_take_over import HOLD

READY = HISTORIES["ready"]


def _all_ready(shop: Shop, *versions: Version) -> None:
    """They boot at the same instant. Each ends ready, and everything is done once."""
    for ended in together(shop, *versions):
        assert ended.done().answer["outcome"] == "ready", ended
    is_settled(shop, READY)
    for version in set(versions):
        is_intact(version, shop)


def test_on_an_empty_database(shop: Shop, old: Version, new: Version) -> None:
    """Four of each."""
    _all_ready(shop, *(old, new) * 4)


def test_on_a_ready_database_they_do_not_flap(shop: Shop, old: Version, new: Version) -> None:
    """After one boot of each, no boot writes."""
    for version in (new, old):
        version(shop, "run").done()
    before = events(shop)
    _all_ready(shop, *(old, new) * 2)
    assert events(shop) == before


@pytest.mark.parametrize("where", ["r2", "r4"])
@pytest.mark.parametrize("first", ["old", "new"])
def test_one_is_killed_and_the_others_go_on(
    shop: Shop, old: Version, new: Version, first: str, where: str
) -> None:
    """Killed in a transaction or outside one: the others go on after the last commit."""
    killed, next_ = (old, new) if first == "old" else (new, old)
    assert killed(shop, "run", SHOP_DIES_IN=where).signal
    _all_ready(shop, next_, killed, next_)


def test_each_sees_that_the_other_holds_the_baton(shop: Shop, old: Version, new: Version) -> None:
    """On SQLite this one locks a byte, and 0.1.0 begins a transaction of SQLite, of the same file."""
    old(shop, "run").done()
    engine = shop.engine()
    journal = shop.initializer().look().journal
    baton = try_baton(engine, journal)
    assert baton is not None
    assert old.json(shop, "status").answer["at_work"] and new.json(shop, "status").answer["at_work"]
    baton.release()
    assert not old.json(shop, "status").answer["at_work"]
    if shop.database == "sqlite":
        side = Path(f"{engine.url.database}{SIDE_SUFFIX}")
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(side)], stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None and holder.stdout.readline() == "holds\n"
            assert old.json(shop, "status").answer["at_work"] and new.json(shop, "status").answer["at_work"]
            assert try_baton(engine, journal) is None
            holder.kill()
