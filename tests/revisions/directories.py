"""Alembic directories written for a test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.locate import MigrationPlace, find_directories
from initdb.steps.revisions.reading import read_revisions
from initdb.steps.revisions.revision_file import RevisionFile

BODY = "\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"


@dataclass(frozen=True)
class Node:
    """A revision to be written."""

    revision: str
    down: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def text(self) -> str:
        """Its source: one identifier as a string, several as a tuple, as Alembic's template writes them."""
        return (
            f'"""Revision {self.revision}."""\n\n'
            f"revision: str = {self.revision!r}\n"
            f"down_revision = {_written(self.down)}\n"
            f"branch_labels = {_written(self.labels)}\n"
            f"depends_on = {_written(self.depends_on)}\n{BODY}"
        )


def environment(folder: Path) -> Path:
    """A directory with an env.py that must not run, and an empty versions folder."""
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text("raise AssertionError('env.py ran')\n")
    return folder


def write(folder: Path, *nodes: Node, names: list[str] | None = None) -> MigrationPlace:
    """A directory of `nodes`; `names` are the files' names where their order shall differ."""
    place = find_directories(environment(folder))
    for node, name in zip(nodes, names or [node.revision for node in nodes], strict=True):
        (folder / "versions" / f"{name}.py").write_text(node.text())
    return place


def write_source(folder: Path, source: str | bytes, name: str = "one.py") -> RevisionFile:
    """What is read of a directory whose only file has this source."""
    place = find_directories(environment(folder))
    data = source.encode() if isinstance(source, str) else source
    (folder / "versions" / name).write_bytes(data)
    (file,) = read_revisions(place)
    return file


def graph(*nodes: Node) -> RevisionGraph:
    """The graph of `nodes` without any file."""
    return RevisionGraph.of(
        RevisionFile(
            node.revision, node.down, node.depends_on, node.labels, Path(f"{node.revision}.py"), node.revision
        )
        for node in nodes
    )


def oracle(place: MigrationPlace) -> ScriptDirectory:
    """The same directory as Alembic sees it."""
    config = Config()
    config.set_main_option("script_location", str(place.script_location).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    script.version_locations = [str(folder) for folder in place.version_locations]
    script.recursive_version_locations = place.recursive
    script.sourceless = place.sourceless
    return script


def _written(ids: tuple[str, ...]) -> str:
    return repr(ids[0]) if len(ids) == 1 else repr(ids or None)
