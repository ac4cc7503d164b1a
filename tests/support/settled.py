"""Whether a database is as one undisturbed run leaves it: each thing done once, and a sound journal."""

from __future__ import annotations

from collections import Counter

from initdb.events.entry import Entry
from initdb.events.sessions import session
from initdb.statemachine.decide.audit import audit
from tests.support.toy import Toy

_ONCE = ("migration_applied", "seed_batch_applied", "schema_created", "schema_adopted", "repair_applied")


def done(entries: list[Entry]) -> Counter[tuple[str, str]]:
    """How often each effect is recorded: its kind, and its revision, source or tables."""
    return Counter(
        (one.type, str(one.data.get("revision") or (one.data.get("source"), one.data.get("next"))))
        for one in entries
        if one.type in _ONCE
    )


def assert_settled(toy: Toy, *, tables: int = 3, rows: int = 5) -> list[Entry]:
    """Ready, each effect once, nothing half done, every entry sound. Gives the journal.

    `tables` of the toy's, each with its first row where revisions made it, and `rows` seeds in t1.
    """
    seen = toy.initializer().look()
    assert toy.initializer().verdict().kind == "ready"
    with session(toy.initializer().engine) as connection:
        assert not audit(connection, seen.journal).findings
    entries = list(toy.initializer().entries())
    assert entries[-1].dest == "ready", entries[-1]
    assert max(done(entries).values()) == 1, done(entries)
    revised = any(one.type == "migration_applied" for one in entries)
    assert toy.sql("SELECT count(*) FROM t1") == [(rows + revised,)]
    for number in range(2, tables + 1):
        assert toy.sql(f"SELECT count(*) FROM t{number}") == [(int(revised),)]
    assert toy.sql("SELECT version_num FROM alembic_version") == [(f"r{tables}",)]
    return entries
