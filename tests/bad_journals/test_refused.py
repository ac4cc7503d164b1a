"""A journal that initdb did not write in this form is refused by name, and nothing is written."""

from __future__ import annotations

import pytest

from initdb.events import postgresql_ddl, sqlite_ddl
from tests.bad_journals.damages import DAMAGES, Damage
from tests.bad_journals.owner import Owner, references

CASES = [
    pytest.param(database, damage, id=f"{damage.name}-{database}")
    for damage in DAMAGES
    for database in ("sqlite", "postgresql")
    if damage.only in (None, database)
]
EACH_DAMAGE = pytest.mark.parametrize(("database_url", "damage"), CASES, indirect=["database_url"])


ASKING = (["status"], ["plan"], ["journal"], ["journal", "verify"], ["validate"], ["resume"])


@EACH_DAMAGE
def test_it_is_refused_and_nothing_is_written(owner: Owner, damage: Damage) -> None:
    """The error has the reference and the fix, and every table, row, trigger and function is as before.

    Where there is nothing to do, only what a boot reads can stop it: what would spoil an append cannot. Who
    asks gets an answer or the same reference; no command fails in itself, or writes.
    """
    damage.act(owner)
    before = owner.picture()
    done = owner.run()
    assert references(done.output) == (set() if damage.hidden else {damage.reference}), done.output

    owner.toy.with_seeds(6)
    done = owner.run()
    assert references(done.output) == {damage.reference}, done.output
    assert done.exit_code == 1, done.output
    assert "fix: " in done.output

    for words in ASKING:
        done = owner.console(*words)
        assert done.exception is None or isinstance(done.exception, SystemExit), (words, done.exception)
        assert done.exit_code in (0, 1, 3, 5), (words, done.output)
        allowed = {damage.reference, "pending-work", "journal-missing"}
        assert references(done.output) <= allowed, (words, done.output)
    assert owner.picture() == before


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE init_journal SET event = '{oops' WHERE seq = 3", "entry 3"),
        ("UPDATE init_journal SET event = '{}' WHERE seq = 3", "entry 3"),
        ("DELETE FROM init_journal WHERE seq = 3", "entry 4 follows entry 2"),
        ("DELETE FROM init_journal WHERE seq = 1", "entry 2 follows entry 0"),
    ],
)
def test_before_the_last_snapshot_it_stops_no_boot(owner: Owner, statement: str, named: str) -> None:
    """A boot does not read so far back; `journal verify` does, and names the entry."""
    owner.tamper(statement)
    owner.toy.with_seeds(6)
    assert owner.run().exit_code == 0
    verified = owner.console("journal", "verify")
    assert verified.exit_code == 1 and named in verified.output, verified.output


@pytest.mark.parametrize(
    ("database_url", "guard"),
    [("sqlite", name) for name in sorted(sqlite_ddl.GUARDS)]
    + [("postgresql", name) for name in sorted(postgresql_ddl.GUARDS)],
    indirect=["database_url"],
)
def test_each_guard_is_missed(owner: Owner, guard: str) -> None:
    """Whichever trigger is dropped, the error names it before anything is done."""
    owner.toy.with_seeds(6)
    on = f" ON {owner.triggers()[guard]}" if owner.programs else ""
    owner.sql(f"DROP TRIGGER {guard}{on}")
    before = owner.picture()
    done = owner.run()
    assert references(done.output) == {"journal-trigger-missing"}
    assert guard in done.output
    assert owner.picture() == before


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("how", ["DISABLE", "ENABLE REPLICA"])
@pytest.mark.parametrize("guard", sorted(postgresql_ddl.GUARDS))
def test_each_guard_that_does_not_fire_is_missed(owner: Owner, guard: str, how: str) -> None:
    """It is disabled, or enabled for replication only."""
    owner.toy.with_seeds(6)
    owner.sql(f"ALTER TABLE {owner.triggers()[guard]} {how} TRIGGER {guard}")
    done = owner.run()
    assert references(done.output) == {"journal-trigger-missing"}
    assert guard in done.output


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_guard_that_is_always_on_is_one(owner: Owner) -> None:
    """ENABLE ALWAYS is allowed, since logical replication may need it."""
    owner.toy.with_seeds(6)
    for guard, table in owner.triggers().items():
        owner.sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {guard}")
    assert owner.run().exit_code == 0
