"""Finds contradictions among revision files: unknown identifiers, cycles, an unplanned second head."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import combinations

from initdb.errors import InitError
from initdb.steps.revisions.ordering import Parents, closure
from initdb.steps.revisions.revision_file import RevisionFile

Files = Mapping[str, RevisionFile]

_ILLEGAL = "@-+:"


def identifiers(files: Files) -> None:
    """Check that identifiers are legal, that each has its file, and that no label is used twice.

    A dependency that no file has passes if the labels of some file are unknown: it may be one of them.

    Raises:
        InitError: `broken-history`, with everything that is wrong; `revision-missing`, if that is only files.
    """
    missing = dict(_missing(files))
    said = tuple(missing.values())
    wrong = [*_illegal(files), *_doubled_labels(files), *_unknown_dependencies(files)]
    if wrong:
        raise InitError("broken-history", *wrong, *said)
    if missing:
        revision, folder = next(iter(missing)), next(iter(files.values())).path.parent
        raise InitError("revision-missing", *said, names={"REV": revision, "FOLDER": str(folder)})


def acyclic(files: Files, parents: Parents) -> None:
    """Check that no revisions need each other in a cycle.

    Args:
        files: The revisions.
        parents: What each revision rests on.

    Raises:
        InitError: `broken-history`.
    """
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        circle = [str(revision) for revision in error.args[1]]
        named = (f"{revision}: {files[revision].path}" for revision in dict.fromkeys(circle))
        raise InitError("broken-history", f"A cycle: {' → '.join(circle)}", *named) from error


def one_head_a_branch(files: Files, follows: Parents, heads: Iterable[str]) -> None:
    """Check that two heads never share a base, unless branch labels distinguish them.

    A label belongs to its revision and to everything that follows it. If labels are unknown, Alembic decides.

    Args:
        files: The revisions.
        follows: The down revisions of each.
        heads: The heads.

    Raises:
        InitError: `multiple-heads`.
    """
    below = {head: closure([head], follows) for head in heads}
    labels = {head: _labels(files, revisions) for head, revisions in below.items()}
    bases = {head: {base for base in revisions if not follows[base]} for head, revisions in below.items()}
    forked: dict[str, None] = {}
    for one, other in combinations(below, 2):
        known = labels[one] is not None and labels[other] is not None
        if known and labels[one] == labels[other] and bases[one] & bases[other]:
            forked |= {one: None, other: None}
    if forked:
        raise InitError("multiple-heads", *(f"{head}: {files[head].path}" for head in forked))


def _labels(files: Files, revisions: Iterable[str]) -> frozenset[str] | None:
    found: set[str] = set()
    for revision in revisions:
        labels = files[revision].labels
        if labels is None:
            return None
        found.update(labels)
    return frozenset(found)


def _illegal(files: Files) -> Iterator[str]:
    for file in files.values():
        if "None" in file.down and "None" not in files:
            yield f"{file.path}: down_revision is the text 'None'; write None without quotes"
    for revision, file in files.items():
        if not revision or any(character in _ILLEGAL for character in revision):
            yield f"{file.path}: {revision!r} is no identifier; Alembic refuses the characters {_ILLEGAL}"


def _missing(files: Files) -> Iterator[tuple[str, str]]:
    """Each revision that is followed and has no file, with a line that says so."""
    for revision, file in files.items():
        for down in file.down:
            if down not in files and down != "None":
                yield down, f"{file.path}: {revision} follows {down}, which no file has"


def _doubled_labels(files: Files) -> Iterator[str]:
    owner = dict(files)
    for revision, file in files.items():
        for label in file.labels or ():
            other = owner.setdefault(label, file)
            if other is not file or label == revision:
                yield f"{file.path}: the label {label} of {revision} is taken by {other.revision}"


def _unknown_dependencies(files: Files) -> Iterator[str]:
    labels = [file.labels for file in files.values()]
    if None in labels:
        return
    names = set(files).union(*(label for label in labels if label))
    for revision, file in files.items():
        for needed in file.depends_on:
            if needed not in names:
                yield f"{file.path}: {revision} depends on {needed}, which no file has"
