"""A file goes on at any place: after a kill, after rows were added; and in constant memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Engine,
    delete,
)

from initdb.errors import InitError
from initdb.steps.seeds import csv_rows
from initdb.steps.seeds.csv_check import check_csv
from initdb.steps.seeds.csv_rows import csv_batches
from initdb.steps.seeds.model import SeedRow
from tests.seeds.bulk_support import written
from tests.seeds.support import count, make_tables, roles, seed_once, told
from tests.support.toy import Toy
from tests.support.waiting import wait_until


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n\n3,4\n\n\n5,6\n",
        "a,b\r1,2\r3,4\r5,6\r",
        'a,b\r\n1,2\r\n"3","4"\r\n5,6',
        '\ufeffa,b\n"1",2\n3,"4"\n5,6\n',
        "\n\na,b\n1,2\n3,4\n5,6\n",
        "a\n1\n\n3\n5\n",
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("block", [1, 8, 1 << 16])
def test_a_reading_can_go_on_at_any_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, size: int, block: int
) -> None:
    """Blank lines, quotes, every line end, and a mark of UTF-8: the rest is the same, with the same lines."""
    monkeypatch.setattr(csv_rows, "BLOCK", block)
    path = tmp_path / "01_t.csv"
    path.write_text(content, encoding="utf-8", newline="")
    every = [(row["a"], row.place) for batch in csv_batches("f", path, "", 100) for row in batch.rows()]
    assert [value for value, _ in every] == ["1", "3", "5"]
    read = list(csv_batches("f", path, "", size))
    assert [row for batch in read for row in zip(*batch.columns, strict=True)] == [
        tuple(row.values()) for batch in csv_batches("f", path, "", 100) for row in batch.rows()
    ]
    for batch in read:
        rest = csv_batches("f", path, "", 100, batch.mark)
        found = [(row["a"], row.place) for one in rest for row in one.rows()]
        assert found == every[batch.mark.rows :]


def outcome(rows: Iterator[SeedRow]) -> list[Any]:
    """The rows with their places; or what the error says."""
    try:
        return [(*row.values(), row.place) for row in rows]
    except InitError as error:
        return [*error.context]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["a", "b,c", ",", '"', '"q"', '""', "\n", "\n", "\r\n", "\r", "é", "x,y\n", "1,2\n", '"a,\n",b\n']
        ),
        max_size=25,
    ),
    st.sampled_from(["a,b\n", "a\n", "a,b,c\r\n"]),
    st.integers(1, 5),
    st.sampled_from([1, 5, 1 << 16]),
)
def test_batches_are_what_a_plain_reading_gives(
    tmp_path: Path, parts: list[str], header: str, size: int, block: int
) -> None:
    """Rows, lines and errors, wherever a block ends; and the check accepts what can be read."""
    path = tmp_path / "f"
    path.write_text(header + "".join(parts), encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "BLOCK", block)
        batches = csv_batches("f", path, "", size)
        found = outcome(row for batch in batches for row in batch.rows())
        cells = outcome_of_cells(csv_batches("f", path, "", size))
        try:
            check_csv("f", path)
            accepted = True
        except InitError as error:
            accepted = error.context == tuple(found)
    plain = outcome(csv_rows.csv_rows("f", path))
    assert found == plain
    assert accepted
    assert cells == [row[:-1] if isinstance(row, tuple) else row for row in plain]


def outcome_of_cells(batches: Iterator[Any]) -> list[Any]:
    """The rows as the columns have them; or what the error says."""
    try:
        return [row for batch in batches for row in zip(*batch.columns, strict=True)]
    except InitError as error:
        return [*error.context]


CHILD = """
import sys
from pathlib import Path
from tests.support.toy import Toy
Toy(Path(sys.argv[1]), sys.argv[2], tables=1, options={"batch_size": "500"}).initializer().initialize()
"""


def test_a_process_that_is_killed_in_the_middle(tmp_path: Path, database_url: str) -> None:
    """What it has committed stays, and the next one goes on there. No row is counted or stored twice."""
    toy = Toy(tmp_path, database_url, tables=1, options={"batch_size": "500"}).with_seeds(30_000)
    words = [sys.executable, "-c", CHILD, str(tmp_path), database_url]
    with subprocess.Popen(words, cwd=Path(__file__).parents[2], env={**os.environ}) as child:

        def some() -> bool:
            if child.poll() is not None:
                raise AssertionError("it ended before it was killed")
            try:
                return len(toy.sql("SELECT id FROM t1 LIMIT 1501")) > 1500
            except Exception:  # no table yet, or locked
                return False

        assert wait_until(some)
        child.kill()
    file = toy.seeds / "10_t1.csv"
    file.write_text(file.read_text() + "99999,added meanwhile\n")
    assert toy.initializer().initialize().success
    events = [entry.data for entry in toy.initializer().entries() if entry.type == "seed_batch_applied"]
    assert 3 <= sum(data["digest"] == events[0]["digest"] for data in events) < 60
    assert sum(data["created"] for data in events) == 30_001 == len(toy.sql("SELECT id FROM t1"))
    assert sum(data["skipped"] for data in events) == 0


def test_memory_does_not_grow_with_the_file(engine: Engine, tmp_path: Path) -> None:
    """Four times the rows need no more memory, neither when they are stored nor when they are met again."""
    make_tables(engine)
    peaks = []
    for many in (5_000, 5_000, 20_000):
        cells = [(f"{many} n{n}", str(n % 100)) for n in range(many)]
        source = written(tmp_path, roles, ["name", "rank"], cells)
        tracemalloc.start()
        seed_once(engine, source, batch_size=1000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert count(engine, roles) == 25_000
    assert peaks[2] < 1.3 * peaks[1]
    assert sum(data["created"] for data in told(engine)) == 25_000


def test_the_same_again_is_only_looked_at(engine: Engine, tmp_path: Path) -> None:
    """A renamed file: each row is found to exist, and no row is written."""
    make_tables(engine)
    cells = [(f"n{n}", str(n % 100)) for n in range(3000)]
    for _ in range(2):
        seed_once(engine, written(tmp_path, roles, ["name", "rank"], cells), batch_size=1000)
    assert [(data["created"], data["skipped"]) for data in told(engine)] == [(1000, 0)] * 3 + [(0, 1000)] * 3
    with engine.begin() as connection:
        connection.execute(delete(roles).where(roles.c.name == "n1500"))
    seed_once(engine, written(tmp_path, roles, ["name", "rank"], cells), batch_size=1000)
    assert sum(data["created"] for data in told(engine)[-3:]) == 1
