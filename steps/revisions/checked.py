"""The revisions of a directory: hashed at once, parsed and checked when they are used."""

from __future__ import annotations

import hashlib
from pathlib import Path

from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.listing import list_names, read_bytes
from initdb.steps.revisions.locate import MigrationPlace
from initdb.steps.revisions.reading import parsed
from initdb.steps.revisions.revision_file import RevisionFile


def checked_graph(place: MigrationPlace) -> RevisionGraph:
    """The graph of a directory's revisions. What is parsed later are the bytes that were hashed now.

    Args:
        place: The directory.

    Raises:
        InitError: A file cannot be read. What uses the graph first raises it if one cannot be parsed, or if
            files contradict each other.
    """
    contents = {path: read_bytes(path) for path in list_names(place)}
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}

    def files() -> tuple[RevisionFile, ...]:
        found = parsed((Path(path), content, digests[path]) for path, content in contents.items())
        RevisionGraph.of(found).check()
        return found

    return RevisionGraph(digests.values(), files)
