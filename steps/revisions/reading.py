"""Reads all revision files of an Alembic directory, in Alembic's order of listing, without importing one."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
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

    Args:
        place: The directory.

    Raises:
        InitError: As `parsed`; or a file cannot be read.
    """
    contents = ((path, read_bytes(path)) for path in list_files(place))
    return parsed((path, data, hashlib.sha256(data).hexdigest()) for path, data in contents)


def parsed(files: Iterable[tuple[Path, bytes, str]]) -> tuple[RevisionFile, ...]:
    """The revisions in files. Python files that are no revisions are left out. Source: alembic.script.base.

    Args:
        files: Path, content and hash of each, in Alembic's order of listing.

    Raises:
        InitError: `revision-unparsable`, with file, line and reason; `revision-duplicate`, if two files have
            one identifier.
    """
    found: dict[str, RevisionFile] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path, data, digest in files:
            parse = parse_compiled if path.suffix == ".pyc" else parse_source
            file = parse(path, data, digest)
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
