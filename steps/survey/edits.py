"""Finds files that are not as they were applied: revisions, seeds, and env.py since the last ready."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from initdb.events.knowledge import Knowledge
from initdb.steps.context import Application

ENV_PY = "env.py"
"""The name of env.py among the files that events list."""

MOST_NAMED = 6
"""How many edited files are named one by one where there is little room."""

ACCEPT = "initdb resume --accept-edited"
"""The command by which a person accepts edited files as they are."""


def of_revision(revision: str) -> str:
    """The name of a revision's file among the files that events list."""
    return f"revision {revision}"


def of_seed(source: str) -> str:
    """The name of a seed's file, or function, among the files that events list."""
    return f"seed {source}"


@dataclass(frozen=True, slots=True)
class Edit:
    """A file that was edited or removed since it was applied.

    Attributes:
        kind: "revision", "seed" or "env.py".
        name: The revision, or the name of the seed; "env.py".
        file: The path, from the application's folder where it is in it; of a removed file its name.
        at: When it was applied; of env.py when the database was last ready.
        was: The hash that it had then.
        now: The hash that it has now; None if it was removed.
    """

    kind: str
    name: str
    file: str
    at: str
    was: str
    now: str | None

    @property
    def key(self) -> str:
        """Its name among the files that events list."""
        return self.name if self.kind == ENV_PY else f"{self.kind} {self.name}"

    @property
    def stays(self) -> bool:
        """Whether it stays so until the file is restored or accepted. The next run settles the others."""
        return self.kind == "revision" or self.now is None

    @property
    def text(self) -> str:
        """A sentence for people."""
        which = f"{self.file} (revision {self.name})" if self.kind == "revision" else self.file
        subject = f"The seed {which}" if self.kind == "seed" else which
        when = f"{self.at[:10]} {self.at[11:19]}Z"
        if self.now is None:
            rest = " The rows stay." if self.kind == "seed" else ""
            return f"{subject}, applied at {when} (sha256 {self.was[:8]}), was removed.{rest}"
        since = "the database was last ready," if self.kind == ENV_PY else "it was applied"
        rest = " An edited seed is applied again." if self.kind == "seed" else ""
        hashes = f"sha256 {self.was[:8]}, now {self.now[:8]}"
        return f"{subject} was edited since {since} at {when} ({hashes}).{rest}"

    def data(self) -> dict[str, str | None]:
        """It as JSON: `kind`, `name`, `file`, `at`, `was` and `now`."""
        return {name: getattr(self, name) for name in ("kind", "name", "file", "at", "was", "now")}


def edits(application: Application, known: Knowledge) -> tuple[Edit, ...]:
    """The files that differ from what the journal says of them, without those that a person has accepted.

    Bytes are compared by their hash; only a file with another hash is read again. Of a revision and of
    env.py, line endings do not count: a checkout may convert them. Of a seed every byte counts, as in the
    ledger. Nothing is said of what the journal has no hash of, as on an adopted database. If this code is
    older than the database, the caller does not ask: the files that it lacks were not removed.

    Args:
        application: Its revisions, its seeds and its env.py.
        known: What the journal says.
    """
    if application.identity:  # its files change with a release of initdb
        return ()
    found = (*_revisions(application, known), *_seeds(application, known), *_env_py(application, known))
    return tuple(edit for edit in found if known.accepted.get(edit.key) != (edit.now or ""))


def listed(found: Iterable[Edit]) -> dict[str, str]:
    """File → hash, as events list them. The hash of a removed file is ""."""
    return {edit.key: edit.now or "" for edit in found}


def sentences(found: Sequence[Edit]) -> tuple[str, ...]:
    """A sentence for each edit, and how to accept them. Of many, only the first are named."""
    if any(edit.stays for edit in found):
        how = f"Restore what was edited by mistake, or accept all of it as it is: {ACCEPT}"
        return (*named(found), how)
    return named(found)


def named(found: Sequence[Edit]) -> tuple[str, ...]:
    """A sentence for each edit. Of many, only the first are named."""
    if len(found) <= MOST_NAMED:
        return tuple(edit.text for edit in found)
    shown = found[: MOST_NAMED - 1]
    more = f"{len(found) - len(shown)} more files were edited or removed: initdb validate"
    return (*(edit.text for edit in shown), more)


def _revisions(application: Application, known: Knowledge) -> Iterator[Edit]:
    graph = application.graph
    if graph is None or all(one.digest in graph.contents for one in known.applied.values() if one.digest):
        return
    for name, applied in known.applied.items():
        file = graph.files.get(name)
        if applied.digest is None or (file and is_same(file.path, file.digest, applied.digest)):
            continue
        path = _shown(file.path, application.folder) if file else applied.file or name
        yield Edit("revision", name, path, applied.at, applied.digest, file.digest if file else None)


def _seeds(application: Application, known: Knowledge) -> Iterator[Edit]:
    if not application.has_seeds:
        return
    here = {source.name: source for source in application.seeds}
    contents = {source.digest for source in application.seeds}
    for name, record in known.seeds.items():
        source = here.get(name)
        if record.digest is None or (source and source.digest in record.complete) or name == "identity":
            continue
        if source is None and record.digest in contents:  # it has another name now
            continue
        path = _shown(source.path, application.folder) if source and source.path else name
        yield Edit("seed", name, path, record.at or "", record.digest, source.digest if source else None)


def _env_py(application: Application, known: Knowledge) -> Iterator[Edit]:
    place, ready, now = application.place, known.last_ready, application.env_py
    if place is None or now is None or ready is None or ready.env_py is None:
        return
    path = place.script_location / ENV_PY
    judged = {one.env_py for one in known.judgements if not one.failure}
    if now not in judged and not is_same(path, now, ready.env_py):
        yield Edit(ENV_PY, ENV_PY, _shown(path, application.folder), ready.at, ready.env_py, now)


def is_same(path: Path, digest: str, recorded: str) -> bool:
    """Whether a file is what was recorded, apart from its line endings.

    Args:
        path: The file. It is read only if its hash is another one.
        digest: Its hash.
        recorded: The hash that the journal has.
    """
    if digest == recorded:
        return True
    try:
        plain = path.read_bytes().replace(b"\r\n", b"\n")
    except OSError:
        return False
    both = (plain, plain.replace(b"\n", b"\r\n"))
    return recorded in {hashlib.sha256(content).hexdigest() for content in both}


def _shown(path: Path, folder: Path) -> str:
    inside = path.is_relative_to(folder)
    return str(path.relative_to(folder) if inside else path)
