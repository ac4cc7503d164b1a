"""What the graph says about revisions, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from initdb.errors import InitError
from initdb.steps.revisions.graph import RevisionGraph
from tests.revisions.directories import Node, graph

FORK = (Node("base"), Node("left", ("base",)), Node("right", ("base",)))


def refused(of: RevisionGraph) -> InitError:
    """The error that its check raises."""
    with pytest.raises(InitError) as raised:
        of.check()
    return raised.value


def test_nothing_is_pending_without_files() -> None:
    """An empty directory is a history too: no heads, nothing to do."""
    empty = graph()
    empty.check()
    assert (empty.heads, empty.bases, empty.pending(())) == ((), (), ())


def test_pending_begins_after_the_version_row() -> None:
    """A linear history goes on where the database stands."""
    line = graph(Node("aaaa"), Node("bbbb", ("aaaa",)), Node("cccc", ("bbbb",)))
    line.check()
    assert line.pending(()) == ("aaaa", "bbbb", "cccc")
    assert line.pending(("aaaa",)) == ("bbbb", "cccc")
    assert line.pending(("cccc",)) == ()
    assert line.applied(("bbbb",)) == {"aaaa", "bbbb"}


def test_a_row_that_no_file_has_is_named_and_implies_nothing() -> None:
    """A database ahead of the scripts is recognised by its unknown rows."""
    one = graph(Node("aaaa"))
    assert one.unknown(("zzzz", "aaaa", "yyyy")) == ("yyyy", "zzzz")
    assert one.applied(("zzzz",)) == frozenset()


def test_a_dependency_takes_its_revision_from_the_heads() -> None:
    """After `upgrade heads` the version table holds the depending head only, and it implies the other."""
    two = graph(Node("aaaa"), Node("bbbb", (), ("aaaa",)))
    assert two.heads == ("bbbb",)
    assert two.applied(("bbbb",)) == {"aaaa", "bbbb"}


def test_a_dependency_may_be_a_label() -> None:
    """A branch label stands for the revision that carries it."""
    two = graph(Node("aaaa", labels=("core",)), Node("bbbb", (), ("core",)))
    two.check()
    assert two.ancestors(("bbbb",)) == {"aaaa", "bbbb"}


def test_an_unplanned_fork_is_refused() -> None:
    """Two heads on one base that nothing tells apart are two people's work that was not merged."""
    error = refused(graph(*FORK))
    assert error.reference == "multiple-heads"
    assert [line.split(":")[0] for line in error.context] == ["left", "right"]


@pytest.mark.parametrize(
    "nodes",
    [
        (*FORK[:2], replace(FORK[2], labels=("feature",))),
        (FORK[0], replace(FORK[1], labels=("main",)), replace(FORK[2], labels=("feature",))),
        (Node("left"), Node("right")),
        (*FORK[:2], replace(FORK[2], depends_on=("left",))),
        (*FORK, Node("merge", ("left", "right"))),
    ],
    ids=["one label", "two labels", "two bases", "dependency", "merge"],
)
def test_heads_that_something_tells_apart_are_all_upgraded(nodes: tuple[Node, ...]) -> None:
    """Labels, separate bases, a dependency or a merge make a second head a plan."""
    planned = graph(*nodes)
    planned.check()
    assert set(planned.pending(())) == {node.revision for node in nodes}


def test_a_label_below_the_fork_tells_nothing_apart() -> None:
    """Both heads carry the label of the revision that they come from."""
    assert refused(graph(replace(FORK[0], labels=("main",)), *FORK[1:])).reference == "multiple-heads"


def test_only_the_forked_heads_are_named() -> None:
    """A head of another base has no part in a conflict."""
    error = refused(graph(*FORK, Node("other")))
    assert [line.split(":")[0] for line in error.context] == ["left", "right"]


def test_unknown_labels_leave_the_decision_to_alembic() -> None:
    """Labels that only running the file would tell may be distinct, and may be a dependency's name."""
    files = graph(*FORK, Node("needs", (), ("computed",))).files
    unknown = RevisionGraph.of([*files.values(), replace(files["left"], labels=None)])
    unknown.check()
    assert unknown.pending(("left", "right")) == ("needs",)


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ((Node("aaaa", ("gone",)),), "aaaa follows gone, which no file has"),
        ((Node("aaaa", ("None",)),), "the text 'None'; write None without quotes"),
        ((Node("aaaa", (), ("gone",)),), "aaaa depends on gone, which no file has"),
        ((Node("aa-aa"),), "'aa-aa' is no identifier"),
        ((Node(""),), "'' is no identifier"),
        ((Node("aaaa", labels=("x",)), Node("bbbb", labels=("x",))), "label x of bbbb is taken by aaaa"),
        ((Node("aaaa", labels=("bbbb",)), Node("bbbb")), "label bbbb of aaaa is taken by bbbb"),
        ((Node("aaaa", labels=("core",)), Node("bbbb", ("core",))), "bbbb follows core, which no file has"),
        ((Node("aaaa", ("aaaa",)),), "aaaa → aaaa"),
        ((Node("aaaa", ("bbbb",)), Node("bbbb", (), ("aaaa",))), "A cycle: "),
    ],
)
def test_a_broken_history_is_named(nodes: tuple[Node, ...], says: str) -> None:
    """What is wrong, and in which file."""
    error = refused(graph(*nodes))
    assert error.reference == ("revision-missing" if " follows " in says else "broken-history")
    assert any(says in line for line in error.context)


def test_everything_broken_is_named_at_once() -> None:
    """A person who fixes a history needs the whole list."""
    error = refused(graph(Node("aaaa", ("gone",)), Node("bbbb", (), ("lost",))))
    assert len(error.context) == 2


def test_pending_of_a_cycle_is_an_error_not_a_loop() -> None:
    """Code that did not call `check` gets the error too."""
    with pytest.raises(InitError) as raised:
        graph(Node("aaaa", ("bbbb",)), Node("bbbb", ("aaaa",)), Node("cccc", ("bbbb",))).pending(())
    assert raised.value.reference == "broken-history"


def test_an_abbreviated_identifier_is_resolved() -> None:
    """As Alembic takes the beginning of an identifier where it is the only one."""
    two = graph(Node("ae1027a6acf4"), Node("ae", ("ae1027a6acf4",)), Node("b55ae", ("ae",)))
    assert two.resolve("ae10") == "ae1027a6acf4"
    assert two.resolve("ae") == "ae"
    assert two.resolve("b") == "b55ae"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ae1", "ae1 is the beginning of ae1027a6acf4, ae1999a6acf4"),
        ("ae1027a6acf5", "Nearest: ae1027a6acf4"),
        ("ea10", "Nearest: ae1"),
        ("", ""),
        ("zzzz", "zzzz"),
    ],
)
def test_what_is_no_identifier_is_refused(text: str, says: str) -> None:
    """With the revisions that it may have been meant to be."""
    with pytest.raises(InitError) as raised:
        graph(Node("ae1027a6acf4"), Node("ae1999a6acf4", ("ae1027a6acf4",))).resolve(text)
    assert raised.value.reference == "no-such-revision"
    assert says in "\n".join(raised.value.context)


def test_the_digest_follows_content_and_identifier_only() -> None:
    """The order of files does not count; an edit, a removal and a new identifier do."""
    nodes = (Node("aaaa"), Node("bbbb", ("aaaa",)))
    files = graph(*nodes).files
    digest = graph(*nodes).digest()
    assert graph(*reversed(nodes)).digest() == digest
    assert graph(nodes[0]).digest() != digest
    assert RevisionGraph.of([files["aaaa"], replace(files["bbbb"], digest="edited")]).digest() != digest


def test_a_long_history_is_ordered_quickly() -> None:
    """Two thousand revisions with a merge in every tenth place are a matter of a moment."""
    nodes = [Node("r0")]
    for number in range(1, 2000):
        down = (f"r{number - 1}", f"r{number - 2}") if number % 10 == 0 else (f"r{number - 1}",)
        nodes.append(Node(f"r{number}", down))
    long = graph(*nodes)
    long.check()
    assert long.pending(()) == tuple(node.revision for node in nodes)
