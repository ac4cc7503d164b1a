"""Names that mean something to every reading of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

VERSION_TABLE = "alembic_version"
"""What Alembic calls its version table where env.py does not say."""

OWN_PREFIX = "init_journal"
"""How the name of every table, function, trigger and index of the journal begins."""

TEMPORARY_PREFIX = "_alembic_tmp_"
"""How Alembic's batch mode names the table that it copies rows into."""


def is_own(name: str) -> bool:
    """Whether an object of this name is the journal's."""
    return name.startswith(OWN_PREFIX)


def is_ignored(ignore: Iterable[str], name: str, schema: str | None = None) -> bool:
    """Whether `ignore` names it, as `name` or `schema.name`; `*` stands for any characters, `?` for one."""
    names = (name,) if schema is None else (name, f"{schema}.{name}")
    return any(_pattern(word).fullmatch(each) for word in ignore for each in names)


@lru_cache
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(re.escape(word).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def like(word: str) -> str:
    """The same as a pattern for LIKE, whose escape is the backslash."""
    return re.sub(r"([\\%_])", r"\\\1", word).replace("*", "%").replace("?", "_")
