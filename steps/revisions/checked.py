"""The revisions of a directory, read, ordered and found free of contradictions before anything runs."""

from __future__ import annotations

from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.locate import MigrationPlace
from initdb.steps.revisions.reading import read_revisions


def checked_graph(place: MigrationPlace) -> RevisionGraph:
    """The graph of `place`. Raises InitError for files that cannot be read or contradict each other."""
    graph = RevisionGraph.of(read_revisions(place))
    graph.check()
    return graph
