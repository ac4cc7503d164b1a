"""Reads and orders the revisions of a directory, and checks that they do not contradict each other."""

from __future__ import annotations

from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.locate import MigrationPlace
from initdb.steps.revisions.reading import read_revisions


def checked_graph(place: MigrationPlace) -> RevisionGraph:
    """The graph of a directory's revisions.

    Args:
        place: The directory.

    Raises:
        InitError: A file cannot be read, or files contradict each other.
    """
    graph = RevisionGraph.of(read_revisions(place))
    graph.check()
    return graph
