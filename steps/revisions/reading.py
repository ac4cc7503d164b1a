"""Reads all revision files of an Alembic directory, in Alembic's order of listing, without importing one."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

from initdb.errors import InitError
from initdb.steps.revisions.compiled import parse_compiled
from initdb.steps.revisions.listing import content_digest, list_files, read_bytes
from initdb.steps.revisions.locate import MigrationPlace
from initdb.steps.revisions.revision_file import RevisionFile
from initdb.steps.revisions.source import parse_source

__all__ = ["RevisionFile", "content_digest", "digest_of", "list_files", "read_revisions"]


def read_revisions(place: MigrationPlace) -> tuple[RevisionFile, ...]:
    """Every revision of a directory, in Alembic's order of listing: by version location, then by file name.

    Python files that are no revisions are left out. Source: alembic.script.base.

    Args:
        place: The directory.

    Raises:
        InitError: `revision-unparsable`, with file, line and reason; `revision-duplicate`, if two files have
            one identifier.
    """
    found: dict[str, RevisionFile] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in list_files(place):
            file = _read(path)
            if file is None:
                continue
            twin = found.setdefault(file.revision, file)
            if twin is not file:
                places = (f"{file.revision}: {one}" for one in (twin.path, path))
                raise InitError("revision-duplicate", *places, names=file.names)
    return tuple(found.values())


def digest_of(path: Path) -> str | None:
    """The SHA-256 of a file, as 64 lowercase hexadecimal digits; None if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _read(path: Path) -> RevisionFile | None:
    data = read_bytes(path)
    parse = parse_compiled if path.suffix == ".pyc" else parse_source
    return parse(path, data, hashlib.sha256(data).hexdigest())
