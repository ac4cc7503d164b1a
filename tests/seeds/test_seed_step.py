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
from initdb.settings import Settings
from initdb.steps import seed
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
    """A row that was deleted since does not come back."""
    write(tmp_path, _01_roles__csv="name,label\na,1\nb,2\n")
    seed_once(tables, *discover(tmp_path, folder=tmp_path))
    delete_one(tables, "b")
    seed_once(tables, *discover(tmp_path, folder=tmp_path))
    assert len(told(tables)) == 1
    assert [name for (name,) in stored(tables, roles, "name")] == ["a"]


def delete_one(engine: Engine, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(delete(roles).where(roles.c.name == name))
        connection.execute(update(roles).values(label="changed"))


def told_last(engine: Engine) -> dict[str, int]:
    return {name: told(engine)[-1][name] for name in (*COUNTS, "next")}


NEITHER = {"skipped": 0, "differing": 0, "updated": 0}


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_rows_that_are_added_at_the_end_are_the_only_ones_that_are_looked_at(
    tables: Engine, tmp_path: Path, end: str, start: str
) -> None:
    """So a deleted row stays deleted. Lines are counted on, also where the file had no newline at its end."""
    line = end or "\n"
    content = line.join([f"{start}name,label", "a,1", "b,ü"])
    write(tmp_path, _01_roles__csv=content + end)
    seed_once(tables, *discover(tmp_path, folder=tmp_path))
    delete_one(tables, "b")
    write(tmp_path, _01_roles__csv=content + line + "c,3" + line)
    seed_once(tables, *discover(tmp_path, folder=tmp_path))
    assert told_last(tables) == {"created": 1, **NEITHER, "rows": 1, "next": 3}
    assert stored(tables, roles, "name", "label") == [("a", "changed"), ("c", "3")]
    write(tmp_path, _01_roles__csv=content + line + "c,3" + line + "d,4" + line + "e" + line)
    with pytest.raises(InitError) as caught:
        seed_once(tables, *discover(tmp_path, folder=tmp_path))
    assert "line 6: it has 1 values" in caught.value.context[0]


@pytest.mark.parametrize(
    "edited",
    [
        "name,label\na,1\nb,23\nc,3\n",
        "name,label\nb,2\na,1\nc,3\n",
        "name,label\r\na,1\r\nb,2\r\nc,3\r\n",
        "label,name\n1,a\n2,b\n3,c\n",
    ],
    ids=["the last value longer", "another order", "other line ends", "other columns"],
)
def test_after_any_other_edit_all_rows_are_looked_at(tables: Engine, tmp_path: Path, edited: str) -> None:
    """Then a deleted row comes back, and one that was changed is counted and left alone."""
    write(tmp_path, _01_roles__csv="name,label\na,1\nb,2")
    seed_once(tables, *discover(tmp_path, folder=tmp_path))
    delete_one(tables, "b")
    write(tmp_path, _01_roles__csv=edited)
    seed_once(tables, *discover(tmp_path, folder=tmp_path))
    assert told_last(tables) == {**NEITHER, "created": 2, "skipped": 1, "differing": 1, "rows": 3, "next": 3}
    assert ("a", "changed") in stored(tables, roles, "name", "label")


@pytest.mark.parametrize("why", ["setting", "empty"])
def test_all_rows_are_looked_at_where_that_is_asked_for_or_nothing_is_left(
    tables: Engine, tmp_path: Path, why: str
) -> None:
    """The setting says so, or the table was emptied."""
    write(tmp_path, _01_roles__csv="name,label\na,1\nb,2\n")
    seed_once(tables, *discover(tmp_path, folder=tmp_path))
    delete_one(tables, "b")
    if why == "empty":
        empty_tables(tables)
    write(tmp_path, _01_roles__csv="name,label\na,1\nb,2\nc,3\n")
    chosen = Settings(seed_rows="all" if why == "setting" else "added")
    seed_once(tables, *discover(tmp_path, folder=tmp_path), settings=chosen)
    assert {name for (name,) in stored(tables, roles, "name")} == {"a", "b", "c"}


def test_a_place_of_an_older_version_is_a_row(
    tables: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its events have no bytes. The interrupted file goes on at the row."""
    write(tmp_path, _01_roles__csv="name\n" + "".join(f"{name}\n" for name in "abcde"))
    sources = discover(tmp_path, folder=tmp_path)
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(seed, "_up_to", lambda said, mark: said)
        seed_once(tables, *sources, batch_size=3, dies_before_commit=1)
    assert "upto" not in told(tables)[-1]
    empty_tables(tables)
    seed_once(tables, *sources)
    assert [name for (name,) in stored(tables, roles, "name")] == ["d", "e"]
    assert told(tables)[-1]["next"] == 5


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
    """The corrected file goes on behind them: what is before the place is as it was."""
    write(tmp_path, _01_roles__csv="name,rank\na,1\nb,2\nc,3\nd,-1\n")
    sources = discover(tmp_path, folder=tmp_path)
    with pytest.raises(InitError) as caught:
        seed_once(tables, *sources, batch_size=2)
    assert caught.value.context[0].startswith("01_roles.csv line 5: roles: ")
    assert [name for (name,) in stored(tables, roles, "name")] == ["a", "b"]
    write(tmp_path, _01_roles__csv="name,rank\na,1\nb,2\nc,3\nd,4\n")
    seed_once(tables, *discover(tmp_path, folder=tmp_path), batch_size=3)
    assert [name for (name,) in stored(tables, roles, "name")] == list("abcd")
    assert totals(tables) == {"created": 4, "skipped": 0, "differing": 0, "updated": 0, "rows": 4}
    assert told(tables)[-1]["next"] == 4


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
