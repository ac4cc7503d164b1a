"""Names with a meaning in every catalogue, and the patterns that leave names out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

VERSION_TABLE = "alembic_version"
"""Alembic's name for its version table where env.py gives none."""

OWN_PREFIX = "init_journal"
"""The beginning of the name of every table, function, trigger and index of the journal."""

TEMPORARY_PREFIX = "_alembic_tmp_"
"""The beginning of the name of the table that Alembic's batch mode copies rows into."""


def is_own(name: str) -> bool:
    """Whether an object of this name is the journal's."""
    return name.startswith(OWN_PREFIX)


def is_ignored(ignore: Iterable[str], name: str, schema: str | None = None) -> bool:
    """Whether `ignore` has it as `name` or `schema.name`; `*` stands for any characters, `?` for one."""
    names = (name,) if schema is None else (name, f"{schema}.{name}")
    return any(_pattern(word).fullmatch(each) for word in ignore for each in names)


@lru_cache
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(re.escape(word).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def like(word: str) -> str:
    """A word of `ignore` as a pattern for LIKE, with the backslash as its escape."""
    return re.sub(r"([\\%_])", r"\\\1", word).replace("*", "%").replace("?", "_")
