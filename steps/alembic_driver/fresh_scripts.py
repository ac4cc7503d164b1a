"""Lets a script directory of Alembic run env.py and the revisions from the bytes that were hashed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionMap
from alembic.util import CommandError

from initdb.errors import InitError
from initdb.errors.known_names import of_file
from initdb.loading.fresh import load_file
from initdb.steps.alembic_driver import private_names
from initdb.steps.context import Application
from initdb.steps.revisions.listing import list_files
from initdb.steps.revisions.locate import ENV, MigrationPlace

_OLD_NAME = re.compile(r"([a-f0-9]+)\.py$")
"""Alembic takes the name of a file that says no `revision` for its id, as before version 0.2."""


@dataclass(slots=True)
class Read:
    """What was read, and runs.

    Attributes:
        digests: The file of a revision → its hash.
        env_py: The hash of env.py; None if it has not run.
    """

    digests: dict[Path, str] = field(default_factory=dict)
    env_py: str | None = None


def read_fresh(script: ScriptDirectory, application: Application) -> Read:
    """Replace on this instance how Alembic loads files: it imports them, and so may run a compiled cache.

    Args:
        script: The directory. Its `version_locations` are set.
        application: What was read of it when the process began. A file that is another one by now does not
            run.

    Returns:
        What was read. It is filled when Alembic asks for the revisions, or runs env.py.
    """
    read = Read()
    known = _known(application)

    def revisions() -> Iterator[Script]:
        for path in list_files(_place(script)):
            module, digest = load_file(_module_name(path), path, _Check(path, known.get(path)))
            read.digests[path] = digest
            yield Script(module, _id(path, module), str(path))

    def run_env() -> None:
        path = Path(script.dir, ENV)
        if not path.exists():  # Alembic would look for a compiled one
            raise ImportError(f"Can't find Python file {path}")
        expected = application.env_py if _is_of(application, path) else None

        def check(digest: str) -> None:
            _Check(path, expected)(digest)
            read.env_py = digest

        load_file(_module_name(path), path, check)

    script.revision_map = RevisionMap(revisions)
    script.run_env = run_env  # type: ignore[method-assign]
    return read


@dataclass(frozen=True, slots=True)
class _Check:
    """Refuses a file whose hash is not the expected one."""

    path: Path
    expected: str | None

    def __call__(self, digest: str) -> None:
        if self.expected not in (None, digest):
            said = (
                f"{self.path}: sha256 {(self.expected or '')[:8]} when this process began, now {digest[:8]}"
            )
            raise InitError("file-changed-meanwhile", said, names=of_file(self.path))


def _known(application: Application) -> Mapping[Path, str]:
    graph = application.graph
    return {file.path: file.digest for file in graph.files.values()} if graph else {}


def _is_of(application: Application, env_py: Path) -> bool:
    """Whether this env.py is the one that was hashed; a Config that is made anew may name another folder."""
    place = application.place
    return place is not None and place.script_location.resolve() == env_py.parent.resolve()


def _place(script: ScriptDirectory) -> MigrationPlace:
    return MigrationPlace(
        Path(script.dir),
        None,
        private_names.version_locations(script),
        recursive=script.recursive_version_locations,
        sourceless=script.sourceless,
    )


def _module_name(path: Path) -> str:
    """As Alembic names it."""
    return re.sub(r"\W", "_", path.name)


def _id(path: Path, module: ModuleType) -> str:
    if hasattr(module, "revision"):
        found: str = module.revision
        return found
    old = _OLD_NAME.match(path.name)
    if old is None:
        raise CommandError(
            f"Could not determine revision id from filename {path.name}. Be sure the 'revision' variable is"
            " declared inside the script."
        )
    return old[1]
