"""Reads JSON and YAML seed files: a list of rows, or a document {"table", "key", "on_conflict", "rows"}.

JSON is as in RFC 8259, in UTF-8. YAML is as `yaml.safe_load` reads it, with the extra `yaml` installed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader, TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import NoReturn, TypeAlias

from initdb.errors import InitError
from initdb.errors.withheld import kind_of, withhold
from initdb.nearest import did_you_mean
from initdb.steps.seeds.hashed_file import HashedFile
from initdb.steps.seeds.json_rows import json_members
from initdb.steps.seeds.row_values import Value
from initdb.steps.seeds.yaml_rows import Unusual, yaml_members

MEMBERS = ("table", "key", "on_conflict", "rows")

_PIECE = 500
"""So many rows are given at a time."""

Rows: TypeAlias = Iterator[list[dict[str, Value]]]
"""Some rows at a time, in the order of the file."""

_Members: TypeAlias = Iterable[tuple[str | None, Value]]
"""The members of a document; of a list, itself under None."""


def stated(name: str, path: Path) -> Mapping[str, object]:
    """The members of a document without its rows. A plain list of rows has none, and is not parsed.

    Args:
        name: What messages call the file.
        path: The file.

    Raises:
        InitError: `seed-file-unreadable`, if the document is malformed.
    """
    try:
        with _read(name, path) as members:
            return _stated(members)
    except Unusual:
        return _stated(_whole(name, path))


def _stated(members: _Members) -> dict[str, object]:
    found = dict[str, object]()
    for member, value in members:
        if member is None:
            return {}
        if isinstance(value, Iterator):
            deque(value, maxlen=0)
        else:
            found[member] = value
    return found


def document_rows(name: str, path: Path, digest: str = "") -> Rows:
    """The rows; see `stated`.

    Args:
        name: What messages call the file.
        path: The file.
        digest: The hash that it had. What was read is compared with it at the end; "" compares nothing.

    Raises:
        InitError: `seed-file-unreadable`, when the faulty row is reached, or at the end.
    """
    given = 0
    try:
        with _read(name, path, digest) as members:
            for piece in _pieces(name, members):
                given += len(piece)
                yield piece
        return
    except Unusual:
        # Some rows may be given already. The whole document has them, too.
        pieces = _pieces(name, _whole(name, path, digest))
    rest = islice(chain.from_iterable(pieces), given, None)
    while piece := list(islice(rest, _PIECE)):
        yield piece


def _pieces(name: str, members: _Members) -> Rows:
    number, listed, empty = 1, False, True
    for member, value in members:
        empty = False
        if member not in (*MEMBERS, None):
            _refuse(f"{name}: a document has no {member}{did_you_mean(str(member), MEMBERS)}")
        if member not in ("rows", None) or (member is None and value == {}):
            continue
        if listed:
            _refuse(f"{name}: the member rows stands there twice")
        listed = True
        if value is not None and not isinstance(value, Iterator | list):
            _refuse(f"{name}: the rows are not a list")
        rows: Iterator[Value] = iter(value or ())
        while piece := list(islice(rows, _PIECE)):
            _refuse_others(name, number, piece)
            yield piece
            number += len(piece)
    if not listed and not empty:
        _refuse(f'{name}: the document has no "rows"')


def _refuse_others(name: str, first: int, rows: list[Value]) -> None:
    """Refuse what is no row."""
    is_text = name.endswith(".json") or set(map(type, chain.from_iterable(rows))) <= {str}
    if set(map(type, rows)) == {dict} and is_text:
        return
    for number, row in enumerate(rows, first):
        if not isinstance(row, dict) or not all(isinstance(column, str) for column in row):
            _refuse(f"{name} row {number}: it is not a mapping of column names to values")


def decoded(name: str, content: bytes) -> str:
    """The content as text; see `stated`.

    Raises:
        InitError: `seed-file-unreadable`, if it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InitError(
            "seed-file-unreadable", f"{name} line {line}: it is not UTF-8; save the file as UTF-8"
        ) from error


@contextmanager
def _read(name: str, path: Path, digest: str = "") -> Iterator[_Members]:
    """Read a document member by member. What is wrong with it has its place."""
    try:
        with path.open("rb", buffering=0) as raw:
            hashed = HashedFile(raw)
            with TextIOWrapper(BufferedReader(hashed), encoding="utf-8-sig") as file:
                if path.suffix == ".json":
                    with _whole_on_error(name, path):
                        yield json_members(file)
                else:
                    with _yaml_errors(name):
                        yield yaml_members(file)
                if digest and hashed.whole() != digest:
                    raise InitError("seed-file-unreadable", f"{name} has changed since this run began")
    except UnicodeDecodeError:
        # The error's position is in a buffer; only the whole content gives the line.
        decoded(name, path.read_bytes())
        raise
    except OSError as error:
        raise InitError("seed-file-unreadable", f"{name}: {error.strerror}") from error


@contextmanager
def _whole_on_error(name: str, path: Path) -> Iterator[None]:
    """Only the whole text gives an error's line and column."""
    try:
        yield
    except UnicodeDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        _parsed_json(name, decoded(name, path.read_bytes()))
        _refuse(f"{name}: it is not JSON", error)


def _parsed_json(name: str, text: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        _refuse(f"{name} line {error.lineno} column {error.colno}: {error.msg}", error)
    except (ValueError, RecursionError) as error:  # a number of too many digits, too many brackets
        _refuse(f"{name}: {kind_of(error)}", error)


def _whole(name: str, path: Path, digest: str = "") -> _Members:
    """The members of a YAML document that is read at once."""
    content = path.read_bytes()
    if digest and hashlib.sha256(content).hexdigest() != digest:
        raise InitError("seed-file-unreadable", f"{name} has changed since this run began")
    with _yaml_errors(name):
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        text = decoded(name, content)
        found = yaml.load(text, Loader=loader)  # noqa: S506 (a safe loader either way)  # nosec B506
    return tuple(found.items()) if found and isinstance(found, dict) else ((None, found),)


@contextmanager
def _yaml_errors(name: str) -> Iterator[None]:
    try:
        import yaml
    except ImportError as error:
        raise InitError(
            "seed-file-unreadable",
            f"{name} is YAML, and PyYAML is not installed",
            fix="pip install 'initdb-journal[yaml]', then: initdb resume",
        ) from error
    try:
        yield
    except UnicodeDecodeError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" line {mark.line + 1} column {mark.column + 1}" if mark else ""
        # What it quotes, such as an alias, is of the file.
        withhold(error)
        problem = re.sub(r"'.*'|\".*\"", "…", str(error.problem or error.context), flags=re.DOTALL)
        _refuse(f"{name}{place}: {problem}", error)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        _refuse(f"{name}: {kind_of(error)}", error)


def _refuse(said: str, cause: BaseException | None = None) -> NoReturn:
    raise InitError("seed-file-unreadable", said) from cause
