"""The record of seeds: what is pending, where an interrupted source goes on, what an event changes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from initdb.events.knowledge import Mark, SeedRecord
from initdb.events.payloads.work import SeedBatchApplied
from initdb.steps.seeds.ledger import Place, forget, must_assume, position, record, seeds_pending
from initdb.steps.seeds.model import SeedSource

ROLES = SeedSource("01_roles.csv", "rows", "roles", "d1")
USERS = SeedSource("02_users.py", "python rows", "users", "d2")
FILL = SeedSource("shop.fill", "python callable", None, "d3")


def event(source: SeedSource, following: int, complete: bool, digest: str | None = None) -> SeedBatchApplied:
    return SeedBatchApplied(
        source=source.name,
        digest=digest or source.digest,
        table=source.table,
        next=following,
        complete=complete,
    )


def marked(said: SeedBatchApplied) -> SeedBatchApplied:
    return replace(said, bytes=100, line=12, upto="h")


def test_a_source_is_pending_until_its_content_is_complete() -> None:
    """The order is that of the sources, not of the ledger."""
    assert seeds_pending({}, (ROLES, USERS)) == ("01_roles.csv", "02_users.py")
    half = {ROLES.name: record(None, event(ROLES, 10, False))}
    assert seeds_pending(half, (ROLES, USERS)) == ("01_roles.csv", "02_users.py")
    whole = {ROLES.name: record(half[ROLES.name], event(ROLES, 20, True))}
    assert seeds_pending(whole, (ROLES, USERS)) == ("02_users.py",)
    assert position(half, ROLES) == Place(row=10)


def test_other_content_is_pending_and_begins_at_the_first_row() -> None:
    """An edited file is another content."""
    edited = SeedSource(ROLES.name, "rows", "roles", "d9")
    half = {ROLES.name: record(None, event(ROLES, 10, False))}
    whole = {ROLES.name: record(half[ROLES.name], event(ROLES, 20, True))}
    assert seeds_pending(whole, (edited,)) == (ROLES.name,)
    assert position(half, edited) == Place(added=True)


def test_the_place_in_a_file_is_kept() -> None:
    """It is the one of the last event, also of another content: the file may still begin with it."""
    half = record(None, marked(event(ROLES, 10, False)))
    mark = Mark(rows=10, bytes=100, line=12, digest="h")
    assert position({ROLES.name: half}, ROLES) == Place(mark, row=10)
    whole = record(half, marked(event(ROLES, 10, True)))
    edited = SeedSource(ROLES.name, "rows", "roles", "d9")
    assert position({ROLES.name: whole}, edited) == Place(mark, added=True)
    assert position({ROLES.name: record(whole, event(ROLES, 20, True))}, edited).mark is None


def test_an_old_content_stays_complete() -> None:
    """So old and new replicas that run at once do not seed again and again."""
    both = record(record(None, event(ROLES, 5, True)), event(ROLES, 6, True, "d9"))
    assert both.complete == {"d1", "d9"}
    assert seeds_pending({ROLES.name: both}, (ROLES,)) == ()


def test_completing_one_content_keeps_the_place_in_another() -> None:
    """A run of other code does not forget where the interrupted one stopped."""
    half = record(None, event(ROLES, 10, False))
    assert record(half, event(ROLES, 4, True, "d9")).offset == 10


def test_rows_of_a_function_begin_at_the_first() -> None:
    """Another process may yield them in another order."""
    assert position({USERS.name: record(None, event(USERS, 10, False))}, USERS) == Place()


def test_a_recreated_table_is_unseeded() -> None:
    """Its sources are pending again, those of other tables are not."""
    done = {source.name: record(None, event(source, 1, True)) for source in (ROLES, USERS, FILL)}
    assert seeds_pending(done, (ROLES, USERS, FILL), {"users"}) == (USERS.name,)
    assert set(forget(done, ["roles"])) == {USERS.name, FILL.name}


def test_a_source_of_several_tables_is_forgotten_with_each() -> None:
    """The identity schema's record lists its tables."""
    done = {"identity": SeedRecord("identity", "tenants, roles", frozenset({"d"}))}
    assert forget(done, ["roles"]) == {}
    assert forget(done, ["role"]) == done


def test_a_callable_without_a_key_is_assumed_on_an_adopted_database() -> None:
    """Everything else is applied there too, since existing rows are found by their key."""
    keyed = SeedSource("shop.keyed", "python callable", "roles", "d4", key=("name",))
    assert [source for source in (ROLES, USERS, FILL, keyed) if must_assume(source, True)] == [FILL]
    assert not must_assume(FILL, False)


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans(), st.sampled_from(["d1", "d9"]))))
def test_every_sequence_of_events_makes_a_record(events: list[tuple[int, bool, str]]) -> None:
    """A content is complete exactly when an event said so, whatever other events there are."""
    known: SeedRecord | None = None
    for following, complete, digest in events:
        known = record(known, event(ROLES, following, complete, digest))
    said = {digest for _, complete, digest in events if complete}
    assert (known.complete if known else frozenset()) == said
