"""The manifest: the files that may run, by their hashes, signed. What is not in it is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from initdb.errors import InitError
from initdb.errors.known_names import of_file
from initdb.events.signing import public_keys, seal_of
from initdb.settings import Settings
from initdb.steps.context import Allowed, Application

HEADER = '{"initdb-manifest":1}'
"""The first line. What is signed begins with it: a signature of something else is none of a manifest."""

LARGEST = 16 * 2**20
"""Bytes."""


def files_of(application: Application) -> Iterator[tuple[Allowed, Path | None]]:
    """What runs of an application, with its file: env.py, each revision, each seed.

    The built-in identity schema is left out: its files come with initdb.

    Args:
        application: Its revisions are known, if it has any.
    """
    place = application.place
    if application.identity:
        return
    if place is not None:
        env_py = place.script_location / "env.py"
        yield ("env.py", "env.py", application.env_py or "missing"), env_py
    for file in application.graph.files.values() if application.graph else ():
        folders = (*place.version_locations, place.script_location) if place else ()
        yield ("revision", _within(file.path, folders), file.digest), file.path
    for source in application.seeds:
        yield ("seed", source.name, source.digest), source.path


def text_of(applications: Iterable[Application], key: Path | None) -> str:
    """A manifest, with a last line that is its signature.

    Args:
        applications: One for each database.
        key: The file of the private key; None for no signature.

    Raises:
        InitError: `checkpoint-key-unusable`.
    """
    found = {allowed for one in applications for allowed, _ in files_of(one)}
    lines = [HEADER]
    for kind, name, digest in sorted(found):
        lines.append(json.dumps({"kind": kind, "name": name, "sha256": digest}))
    body = "".join(f"{line}\n" for line in lines)
    return body if key is None else f"{body}{json.dumps({'seal': seal_of(body.encode('ascii'), key)})}\n"


def vouched(application: Application, settings: Settings) -> Application:
    """The application, if the manifest that the settings require has all that would run of it.

    Args:
        application: As it was read, before any of it runs.
        settings: Their `require_manifest` and `manifest_public_key`.

    Raises:
        InitError: `manifest-unusable`, `not-in-manifest`.
    """
    if settings.require_manifest is None or application.identity:
        return application
    found = replace(application, manifest=_read(settings.require_manifest, settings.manifest_public_key))
    check(found)
    return found


def check(application: Application) -> None:
    """Refuse what is not in the manifest of an application.

    Raises:
        InitError: `not-in-manifest`.
    """
    if application.manifest is None:
        return
    strange = [(one, path) for one, path in files_of(application) if one not in application.manifest]
    if strange:
        said = (
            f"{kind} {path or name} (sha256 {digest[:16]})" for (kind, name, digest), path in strange[:10]
        )
        more = [f"{len(strange) - 10} more"] if strange[10:] else []
        first = next((path for _, path in strange if path is not None), None)
        raise InitError("not-in-manifest", *said, *more, names=of_file(first) if first else None)


def _read(file: Path, key: Path | None) -> frozenset[Allowed]:
    """What a signed manifest allows."""
    if key is None:
        raise _unusable(file, "manifest_public_key names no file with the key that must have signed it")
    try:
        keys = public_keys([key.read_text(encoding="ascii")])
    except (OSError, ValueError) as error:
        raise _unusable(key, getattr(error, "strerror", None) or str(error)) from error
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST)
    except OSError as error:
        raise _unusable(file, error.strerror or str(error)) from error
    body, _, last = content.removesuffix(b"\n").rpartition(b"\n")
    body += b"\n"
    try:
        seal = json.loads(last)["seal"]
        found = keys.judge_seal(str(seal), body)
        lines = body.decode("ascii").splitlines()
        allowed = frozenset(_allowed(line) for line in lines[1:])
    except (ValueError, KeyError, TypeError):
        raise _unusable(file, "it is no manifest with a signature as its last line") from None
    if found != "good" or lines[0] != HEADER:
        raise _unusable(file, f"its signature is {found}")
    return allowed


def _allowed(line: str) -> Allowed:
    said = json.loads(line)
    return (str(said["kind"]), str(said["name"]), str(said["sha256"]))


def _within(path: Path, folders: Iterable[Path]) -> str:
    """The path from the folder of revisions that it is in, which is the same wherever that is deployed."""
    for folder in folders:
        real = Path(os.path.realpath(folder))
        if path.is_relative_to(real):
            return str(path.relative_to(real))
    return path.name


def _unusable(file: Path, said: str) -> InitError:
    return InitError("manifest-unusable", f"{file}: {said}", names=of_file(file))
