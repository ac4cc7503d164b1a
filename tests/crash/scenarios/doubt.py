"""A revision with a part outside a transaction: an index built concurrently, between rows."""

from __future__ import annotations

from pathlib import Path

from tests.crash.scenario import POSTGRESQL, Scenario
from tests.support.toy import Toy

CONCURRENTLY = """
    op.execute("INSERT INTO t1 (id, name) VALUES (50, 'before the index')")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY t1_name_again ON t1 (name)")
    op.execute("INSERT INTO t1 (id, name) VALUES (51, 'after the index')")"""


def _toy(folder: Path, url: str) -> Toy:
    return Toy(folder, url, options={"schema_from": "migrations"})


def _write(toy: Toy) -> None:
    toy.with_revisions()
    toy.revision(4, CONCURRENTLY, doc="an index beside the work")


DOUBT = Scenario(
    "doubt",
    "a revision that builds an index concurrently: how far it came is found out, and the rest is done",
    _toy,
    _write,
    databases=(POSTGRESQL,),
    besides=frozenset({"step_started"}),
    unsettled=frozenset({"found"}),
    truth={
        "SELECT id FROM t1 WHERE id >= 50 ORDER BY id": [(50,), (51,)],
        "SELECT count(*) FROM pg_index WHERE indexrelid = 't1_name_again'::regclass AND indisvalid": [(1,)],
    },
)
