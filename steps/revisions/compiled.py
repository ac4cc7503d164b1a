"""Reads a revision that exists only as bytecode (`sourceless = true`), without running it."""

from __future__ import annotations

import dis
import marshal
from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType

from initdb.steps.revisions.header import UNKNOWN, first_line, header_of, unparsable
from initdb.steps.revisions.revision_file import RevisionFile

_PREFIX = 16
"""Bytes of a .pyc before its code: magic number, flags, and time and size or hash of its source (PEP 552)."""


def parse_compiled(path: Path, data: bytes, digest: str) -> RevisionFile | None:
    """The revision in a compiled file; None if the file is another module.

    Commits are not looked for, because a code object keeps too little of the text.

    Args:
        path: The file.
        data: Its bytes.
        digest: Their hash.

    Raises:
        InitError: `revision-unparsable`.
    """
    code = _code(path, data)
    values = _module_values(code)
    header = header_of(path, values, {})
    if header is None:
        return None
    doc = values.get("__doc__")
    return RevisionFile(
        header.revision,
        header.down,
        header.depends_on,
        header.labels,
        path,
        digest,
        first_line(doc if isinstance(doc, str) else None),
        "downgrade" in values,
        any("autocommit_block" in inner.co_names for inner in _all_code(code)),
    )


def _code(path: Path, data: bytes) -> CodeType:
    if data[:4] != MAGIC_NUMBER:
        raise unparsable(path, 0, "it was compiled by another version of Python")
    try:
        code = marshal.loads(data[_PREFIX:])  # noqa: S302 - what an import would load  # nosec B302
    except (ValueError, EOFError, TypeError) as error:
        raise unparsable(path, 0, f"its bytecode is damaged: {error}") from error
    if not isinstance(code, CodeType):
        raise unparsable(path, 0, "it holds no code")
    return code


def _module_values(code: CodeType) -> dict[str, object]:
    """Names that the module stores, each with the constant that is loaded right before, or UNKNOWN."""
    values: dict[str, object] = {}
    constant: object = UNKNOWN
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_CONST":
            constant = instruction.argval
            continue
        if instruction.opname == "STORE_NAME":
            values[str(instruction.argval)] = constant
        constant = UNKNOWN
    return values


def _all_code(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _all_code(constant)
