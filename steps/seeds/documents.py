"""Reads JSON and YAML seed files: a list of rows, or a document {"table", "key", "on_conflict", "rows"}.

JSON is as in RFC 8259, in UTF-8. YAML is as `yaml.safe_load` reads it, with the extra `yaml` installed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NoReturn

from initdb.errors import InitError
from initdb.errors.withheld import kind_of, withhold
from initdb.nearest import did_you_mean
from initdb.steps.seeds.model import SeedRow

MEMBERS = ("table", "key", "on_conflict", "rows")

_YAML_DOCUMENT = re.compile(r"^(?:table|key|on_conflict|rows)[ \t]*:", re.MULTILINE)


def stated(name: str, content: bytes) -> Mapping[str, object]:
    """The members of a document. A plain list of rows has none, and is not parsed.

    Args:
        name: What messages call the file.
        content: Its bytes.

    Raises:
        InitError: `seed-file-unreadable`, if the document is malformed.
    """
    if name.endswith(".json"):
        document = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    else:
        document = _YAML_DOCUMENT.search(content.decode("utf-8", "replace")) is not None
    found = _parsed(name, content) if document else None
    return found if isinstance(found, dict) else {}


def document_rows(name: str, content: bytes) -> Iterator[SeedRow]:
    """The rows, in the order of the file; see `stated`.

    Raises:
        InitError: `seed-file-unreadable`.
    """
    found = _parsed(name, content)
    if isinstance(found, dict):
        unknown = next((member for member in found if member not in MEMBERS), None)
        if unknown is not None:
            _refuse(f"{name}: a document has no {unknown}{did_you_mean(str(unknown), MEMBERS)}")
        if "rows" not in found:
            _refuse(f'{name}: the document has no "rows"')
        found = found["rows"]
    if found is None:
        return
    if not isinstance(found, list):
        _refuse(f"{name}: the rows are not a list")
    for number, row in enumerate(found, 1):
        if not isinstance(row, dict) or not all(isinstance(column, str) for column in row):
            _refuse(f"{name} row {number}: it is not a mapping of column names to values")
        yield SeedRow(row, f"{name} row {number}")


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


def _parsed(name: str, content: bytes) -> object:
    text = decoded(name, content)
    if not text.strip():
        return None
    return _parsed_json(name, text) if name.endswith(".json") else _parsed_yaml(name, text)


def _parsed_json(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        _refuse(f"{name} line {error.lineno} column {error.colno}: {error.msg}", error)
    except (ValueError, RecursionError) as error:  # a number of too many digits, too many brackets
        _refuse(f"{name}: {kind_of(error)}", error)


def _parsed_yaml(name: str, text: str) -> object:
    try:
        import yaml
    except ImportError as error:
        raise InitError(
            "seed-file-unreadable",
            f"{name} is YAML, and PyYAML is not installed",
            fix="pip install 'initdb-journal[yaml]', then: initdb resume",
        ) from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 (a safe loader either way)  # nosec B506
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
