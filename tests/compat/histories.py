"""Histories of a shop: how either version creates them, and how a boot goes on from them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url

from tests.compat.shop import ROWS, Shop
from tests.compat.versions import Ended, Version
from tests.support.small_disk import small_disk


@dataclass(frozen=True, slots=True)
class History:
    """What happened to a shop, and what follows.

    Args:
        make: lets a version do it.
        outcome: of the next `initdb run`.
        reference: of the error of that run.
        orders: the commands that a person gives then; after them the shop is ready.
        rows: table → how many rows it has in the end.
        shows: words that `initdb journal` prints of it.
    """

    make: Callable[[Version, Shop], object]
    about: str
    outcome: str = "ready"
    reference: str | None = None
    orders: tuple[tuple[str, ...], ...] = ()
    settings: str = 'schema_from = "migrations"'
    rows: Mapping[str, int] = field(default_factory=lambda: ROWS)
    shows: str = "began: first boot"


def _ready(version: Version, shop: Shop) -> Ended:
    return version(shop, "run").done()


def _interrupted(version: Version, shop: Shop) -> None:
    for _ in range(2):
        assert version(shop, "run", SHOP_DIES_IN="r2").signal


def _in_doubt(version: Version, shop: Shop) -> None:
    assert version(shop, "run", SHOP_DIES_IN="r4").signal


def _failed(version: Version, shop: Shop) -> None:
    assert version(shop, "run", SHOP_FAILS_IN="r2").exit_code == 1


def _held(version: Version, shop: Shop) -> None:
    """Before the rollback comes a long life: a failure that was overruled, and a hold that was released."""
    _failed(version, shop)
    for words in (("resume",), ("rollback",), ("release",), ("run",), ("rollback",)):
        version(shop, *words).done()


def _repaired(version: Version, shop: Shop) -> None:
    _ready(version, shop)
    shop.sql("DROP TABLE goods")
    version(shop, "repair").done()


def _outage(version: Version, shop: Shop) -> None:
    """A boot gives up, since there is no room; the next one writes the note."""
    with _closed(shop):
        assert version(shop, "run", INITDB_WAIT_LIMIT="0.3").exit_code == 1
    _ready(version, shop)


@contextlib.contextmanager
def _closed(shop: Shop) -> Iterator[None]:
    """Meanwhile no process can work on the database."""
    if shop.database == "sqlite":
        with small_disk(Path(shop.url.removeprefix("sqlite:///")).parent, 4) as disk:
            disk.fill()
            yield
        return
    url = make_url(shop.url)
    engine = create_engine(url.set(database="postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false")
        yield
        connection.exec_driver_sql(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true")


HISTORIES = {
    "ready": History(_ready, "a first boot with revisions and seeds"),
    "interrupted": History(_interrupted, "killed twice in the transaction of a revision"),
    "doubt": History(_in_doubt, "killed in a revision outside its transaction"),
    "failed": History(
        _failed,
        "a revision that failed",
        "failed",
        "revision-failed",
        (("resume",),),
        shows="Correct the revision, deploy it, then: initdb resume",
    ),
    "held": History(_held, "a revision that was rolled back twice", "held", orders=(("release",), ("run",))),
    "repaired": History(
        _repaired,
        "a table that was lost, made again and seeded again",
        settings='schema_from = "models"',
        rows={"shops": 3, "goods": 2, "labels": 0},
    ),
    "outage": History(_outage, "a database that was away or full for longer than a boot waited"),
}
