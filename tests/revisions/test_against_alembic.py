"""In a history of any shape, heads and pending revisions are those that Alembic finds."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from alembic.script.revision import RevisionError
from hypothesis import given, settings
from hypothesis import strategies as st

from initdb.errors import InitError
from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.reading import read_revisions
from tests.revisions.directories import Node, oracle, write


@st.composite
def histories(draw: st.DrawFn, most: int = 9) -> tuple[list[Node], list[str]]:
    """Histories with branches, merges, several bases, labels and dependencies, in files of any order."""
    count = draw(st.integers(1, most))
    ids = draw(
        st.lists(st.text("abcdef0123", min_size=4, max_size=6), min_size=count, max_size=count, unique=True)
    )
    nodes: list[Node] = []
    for number, revision in enumerate(ids):
        before = st.lists(st.integers(0, number - 1), max_size=3, unique=True) if number else st.just([])
        down = draw(st.one_of(before, st.just([number - 1] if number else [])))
        needs = draw(st.one_of(st.just([]), before))
        labels = draw(st.sampled_from([(), (), (), (f"label{number}",), (f"x{number}", f"y{number}")]))
        named = [nodes[i].labels[0] if nodes[i].labels and draw(st.booleans()) else ids[i] for i in needs]
        nodes.append(Node(revision, tuple(ids[i] for i in down), tuple(named), labels))
    return nodes, draw(st.permutations([f"file{number}" for number in range(count)]))


@settings(max_examples=80, deadline=None)
@given(histories(), st.data())
def test_heads_and_pending_are_those_of_alembic(
    history: tuple[list[Node], list[str]], data: st.DataObject
) -> None:
    """From any version rows the same revisions are pending, in the same order where Alembic has one."""
    nodes, names = history
    with tempfile.TemporaryDirectory() as folder:
        place = write(Path(folder, "migrations"), *nodes, names=names)
        script, graph = oracle(place), RevisionGraph.of(read_revisions(place))
        chosen = data.draw(st.sets(st.sampled_from([node.revision for node in nodes])))
        current = tuple(sorted(chosen - set(graph.overlapping(chosen))))
        steps = [step.revision.revision for step in script._upgrade_revs("heads", current)]
        assert list(graph.heads) == list(script.revision_map._real_heads)
        assert list(graph.bases) == script.get_bases()
        pending = graph.pending(current)
        assert set(pending) == set(steps)
        if all(len(node.depends_on) <= 1 for node in nodes):
            assert list(pending) == steps
        done = graph.applied(current)
        for revision in pending:
            assert set(graph.parents[revision]) <= done
            done |= {revision}
        assert done == graph.files.keys()


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from("abcdez"), max_size=2, unique=True),
            st.lists(st.sampled_from("abcdez"), max_size=1),
            st.lists(st.sampled_from("abLM"), max_size=1),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_passes_the_check_loads_in_alembic(shape: list[tuple[list[str], list[str], list[str]]]) -> None:
    """No history that Alembic refuses to load is let pass: cycles, loops, unknown and doubled names."""
    nodes = [
        Node(revision, tuple(down), tuple(needs), tuple(labels))
        for revision, (down, needs, labels) in zip("abcde", shape, strict=False)
    ]
    with tempfile.TemporaryDirectory() as folder:
        place = write(Path(folder, "migrations"), *nodes)
        try:
            RevisionGraph.of(read_revisions(place)).check()
        except InitError as error:
            if error.reference != "multiple-heads":
                return
        assert len(list(oracle(place).walk_revisions())) == len(nodes)


def test_a_cycle_between_base_and_head_is_found_where_alembic_looks_past_it(tmp_path: Path) -> None:
    """Alembic loads this history and then fails on an assertion or never ends."""
    nodes = [Node("base"), Node("one", ("base", "two")), Node("two", ("one",)), Node("head", ("two",))]
    place = write(tmp_path / "migrations", *nodes)
    assert oracle(place).get_heads() == ["head"]
    with pytest.raises(InitError) as raised:
        RevisionGraph.of(read_revisions(place)).check()
    assert raised.value.reference == "broken-history"
    assert "one → two → one" in str(raised.value) or "two → one → two" in str(raised.value)


def test_overlapping_rows_are_those_that_alembic_refuses(tmp_path: Path) -> None:
    """A version row that another one implies is named."""
    nodes = [Node("aaaa"), Node("bbbb", ("aaaa",)), Node("cccc", (), ("bbbb",))]
    place = write(tmp_path / "migrations", *nodes)
    graph = RevisionGraph.of(read_revisions(place))
    assert graph.overlapping(("cccc", "aaaa")) == ("aaaa",)
    with pytest.raises(RevisionError, match="overlaps"):
        list(oracle(place).revision_map.iterate_revisions("heads", ("cccc", "aaaa"), implicit_base=True))
