"""Reads errors from a journal. Older versions stored texts of the database and of exceptions with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from initdb.errors.conditions import STATEMENT
from initdb.errors.masking import masked
from initdb.errors.redact import url_text
from initdb.errors.rendering import Rendered

_MARK = "without_values"
"""What an error has that was stored without values. Those of older versions lack it."""

LEFT_OUT = "(left out, since it may hold values; initdb journal --json shows it as it was stored)"
"""Stands for lines of an older version."""

_WITH_TEXTS = frozenset(
    {
        "backup-failed",
        "bad-app",
        "bad-base",
        "bad-metadata",
        "bad-url",
        "connection-failed",
        "env-py-failed",
        "inspection-failed",
        "internal-error",
        "revision-failed",
        "rollback-failed",
        "seed-callable-failed",
        "seed-failed",
        "seed-file-unreadable",
        "seed-rejected",
        "table-creation-failed",
        "validation-failed",
    }
)
"""References whose lines may be those of an exception. With an SQLSTATE any may."""

_OURS = re.compile(
    r"revision [\w.@+-]+(?:, .* line \d+|, [^\s:]+)?|at: \S.* line \d+|while revision [\w.@+-]+ was at work"
)
_PLACE = re.compile(r"(\S+(?: line \d+| row \d+))(: [\w.]+)?: ")
_KIND = re.compile(r"[A-Za-z_.]*(?:Error|Exception|Exit|Interrupt|Warning)\b")


def to_store(error: Rendered) -> dict[str, object]:
    """An error as an event stores it.

    Args:
        error: It holds no value.
    """
    return error.as_stored() | {_MARK: True}


def read_stored(data: Mapping[str, object]) -> Rendered:
    """The error that any version stored. Of an older one, lines that may hold values are left out.

    Args:
        data: What `to_store` gave, after JSON; or anything else.

    Example:
        >>> old = {"reference": "seed-failed", "context": ["at: seed.py line 3", "Key (name)=(Ann) exists."]}
        >>> read_stored(old).context[0]
        'at: seed.py line 3'
    """
    error = Rendered.from_data(data)
    if data.get(_MARK) is True or not (error.sqlstate or error.reference in _WITH_TEXTS):
        return error
    return replace(error, context=tuple(dict.fromkeys(_shown(error))))


def _shown(error: Rendered) -> Iterator[str]:
    for line in error.context:
        if line.startswith(STATEMENT):
            yield f"{STATEMENT}{masked(line.removeprefix(STATEMENT), error.database)}"
        elif "://" in line and " " not in line:
            yield url_text(line)
        elif _OURS.fullmatch(line):
            yield line
        elif found := _PLACE.match(line) or _KIND.match(line):
            yield f"{found[0].removesuffix(': ')} {LEFT_OUT}"
        else:
            yield LEFT_OUT
