"""The step: batches, events, interruptions, edited files and the order of sources."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, update

from initdb.errors import InitError
from initdb.steps.seeds.ledger import seeds_pending
from initdb.steps.seeds.model import SeedSource
from initdb.steps.seeds.sources import discover
from tests.seeds.support import (
    Interrupted,
    count,
    empty_tables,
    members,
    records,
    roles,
    seed_once,
    stored,
    told,
    write,
)

COUNTS = ("created", "skipped", "differing", "updated", "rows")


def totals(engine: Engine, source: str | None = None) -> dict[str, int]:
    return {name: sum(data[name] for data in told(engine, source)) for name in COUNTS}


def test_files_are_applied_in_their_order_a_batch_a_unit(tables: Engine, tmp_path: Path) -> None:
    """Each event says what its batch did, where the source stands, and what is still pending."""
    write(
        tmp_path,
        _01_roles__csv="id,name\n1,a\n2,b\n3,c\n4,d\n5,e\n",
        _02_members__json='[{"tenant": null, "email": "x@y", "role_id": 5}]',
        _03_roles__yaml="- name: a\n  label: A\n- name: f\n",
        _04_roles__py="def rows():\n    yield {'name': 'g'}\n",
    )
    sources = discover(tmp_path, folder=tmp_path)
    progress = seed_once(tables, *sources, batch_size=2)
    events = told(tables)
    first = [(data["rows"], data["next"], data["complete"]) for data in events[:3]]
    assert first == [(2, 2, False), (2, 4, False), (1, 5, True)]
    assert [data["source"][:2] for data in events] == ["01", "01", "01", "02", "03", "04"]
    assert events[0]["seeds_pending"] == [source.name for source in sources]
    assert events[2]["seeds_pending"] == [source.name for source in sources[1:]]
    assert events[5]["seeds_pending"] == []
    assert (events[4]["created"], events[4]["skipped"], events[4]["differing"]) == (1, 1, 1)
    assert {"table": "roles", "digest": sources[0].digest}.items() <= events[0].items()
    assert [name for (name,) in stored(tables, roles, "name")] == list("abcdefg")
    assert [(step.subject[:2], step.number) for step in progress[:4]] == [
        ("01", 0),
        ("01", 2),
        ("01", 4),
        ("01", 5),
    ]


def test_what_is_applied_is_not_applied_again(tables: Engine, tmp_path: Path) -> None:
    """A row that was deleted since does not come back. An edited file is compared by key."""
    write(tmp_path, _01_roles__csv="name,label\na,1\nb,2\n")
    seed_once(tables, *discover(tmp_path, folder=tmp_path))
    with tables.begin() as connection:
        connection.execute(delete(roles).where(roles.c.name == "b"))
        connection.execute(update(roles).values(label="changed"))
    seed_once(tables, *discover(tmp_path, folder=tmp_path))
    assert len(told(tables)) == 1
    write(tmp_path, _01_roles__csv="name,label\na,1\nb,2\nc,3\n")
    seed_once(tables, *discover(tmp_path, folder=tmp_path))
    assert {name: told(tables)[1][name] for name in COUNTS} == {
        "created": 2,
        "skipped": 1,
        "differing": 1,
        "updated": 0,
        "rows": 3,
    }
    assert ("a", "changed") in stored(tables, roles, "name", "label")


@pytest.mark.parametrize("content", ["", "name\n"])
def test_an_empty_file_completes(tables: Engine, tmp_path: Path, content: str) -> None:
    """It has its event, and is not pending after it."""
    write(tmp_path, _01_roles__csv=content)
    sources = discover(tmp_path, folder=tmp_path)
    seed_once(tables, *sources)
    (data,) = told(tables)
    assert (data["rows"], data["next"], data["complete"]) == (0, 0, True)
    assert seeds_pending(records(tables), sources) == ()


def test_an_error_keeps_the_batches_before_it(tables: Engine, tmp_path: Path) -> None:
    """The corrected file starts from its beginning, and rows that exist are skipped."""
    write(tmp_path, _01_roles__csv="name,rank\na,1\nb,2\nc,3\nd,-1\n")
    sources = discover(tmp_path, folder=tmp_path)
    with pytest.raises(InitError) as caught:
        seed_once(tables, *sources, batch_size=2)
    assert caught.value.context[0].startswith("01_roles.csv line 5: roles: ")
    assert [name for (name,) in stored(tables, roles, "name")] == ["a", "b"]
    write(tmp_path, _01_roles__csv="name,rank\na,1\nb,2\nc,3\nd,4\n")
    seed_once(tables, *discover(tmp_path, folder=tmp_path), batch_size=3)
    assert [name for (name,) in stored(tables, roles, "name")] == list("abcd")
    assert totals(tables) == {"created": 4, "skipped": 2, "differing": 0, "updated": 0, "rows": 6}


def test_a_file_that_changed_since_the_run_began_is_refused(tables: Engine, tmp_path: Path) -> None:
    """It would be recorded under the digest of what it was."""
    write(tmp_path, _01_roles__csv="name\na\n")
    sources = discover(tmp_path, folder=tmp_path)
    write(tmp_path, _01_roles__csv="name\nb\n")
    with pytest.raises(InitError) as caught:
        seed_once(tables, *sources)
    assert caught.value.reference == "seed-file-unreadable"
    assert count(tables, roles) == 0


def test_without_models_the_database_tells_the_columns(tables: Engine, tmp_path: Path) -> None:
    """An application without models: types and keys are those of the stored table."""
    write(tmp_path, _01_roles__csv="name,rank\na,3\n", _02_members__csv="tenant,email,role_id\n,x,1\n")
    sources = discover(tmp_path, folder=tmp_path)
    seed_once(tables, *sources, models=None)
    assert stored(tables, roles, "name", "rank") == [("a", 3)]
    assert stored(tables, members, "tenant", "email", "role_id") == [(None, "x", 1)]
    write(tmp_path, _03_absent__csv="name\na\n")
    with pytest.raises(InitError) as caught:
        seed_once(tables, *discover(tmp_path, folder=tmp_path), models=None)
    assert caught.value.reference == "seed-table-unknown"


def test_a_generator_goes_on_from_its_first_row(tables: Engine) -> None:
    """Another process may get another order, so rows that exist are found by their key."""
    order = list("abcdef")

    def rows() -> list[dict[str, object]]:
        return [{"name": name} for name in order]

    source = SeedSource("shop.rows", "python rows", "roles", "d", function=rows)
    with pytest.raises(Interrupted):
        seed_once(tables, source, batch_size=2, dies_before_commit=2)
    order.reverse()
    seed_once(tables, source, batch_size=2)
    assert {name for (name,) in stored(tables, roles, "name")} == set("abcdef")


NAMES = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), min_size=1, max_size=4
)
FILES = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES, "label": st.one_of(st.none(), NAMES)}, optional={"rank": st.integers(0, 3)}
    ),
    max_size=15,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(
    FILES,
    FILES,
    st.sampled_from(["skip", "update"]),
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), max_size=4),
)
def test_any_split_and_any_interruption_give_the_same(
    tables: Engine,
    tmp_path: Path,
    before: list[dict[str, Any]],
    file: list[dict[str, Any]],
    on_conflict: str,
    runs: list[tuple[int, int]],
) -> None:
    """A run in one piece and runs that are killed between batches give the same rows and counts."""
    there = {row["name"]: {"rank": 9, **row} for row in before}
    outcomes = []
    for plan in ([], runs):
        # The journal forgets nothing, so each run seeds a file that it does not know.
        name = f"{len(list(tmp_path.iterdir()))}_roles.json"
        (tmp_path / name).write_text(json.dumps({"on_conflict": on_conflict, "rows": file}))
        sources = discover(name, folder=tmp_path)
        empty_tables(tables)
        if there:
            with tables.begin() as connection:
                connection.execute(insert(roles), list(there.values()))
        for size, batches in plan:
            with contextlib.suppress(Interrupted):
                seed_once(tables, *sources, batch_size=size, dies_before_commit=batches)
        seed_once(tables, *sources)
        rows = sorted(stored(tables, roles, "name", "label", "rank"))
        outcomes.append((rows, totals(tables, name), told(tables, name)[-1]["next"]))
    assert outcomes[0] == outcomes[1]
