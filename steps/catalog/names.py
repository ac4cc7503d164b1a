"""Names that mean something in every catalogue, and the patterns of names to leave out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from initdb.events.naming import parted
from initdb.events.views import VIEWS

VERSION_TABLE = "alembic_version"
"""Alembic's name for its version table, if env.py gives none."""

OWN_PREFIX = "init_journal"
"""The name of every table, function, trigger and index of the journal begins with this."""

TEMPORARY_PREFIX = "_alembic_tmp_"
"""The name of a table that Alembic's batch mode copies rows into begins with this."""


def is_own(name: str, kind: str = "") -> bool:
    """Whether an object of this name belongs to the journal.

    Args:
        name: The name.
        kind: What it is. Only a view can be one of the journal's views.
    """
    return name.startswith(OWN_PREFIX) or (kind == "view" and parted(name)[0] in VIEWS)


def is_ignored(ignore: Iterable[str], name: str, schema: str | None = None) -> bool:
    """Whether a name is to be left out.

    Args:
        ignore: Patterns, as `name` or `schema.name`. `*` stands for any characters, `?` for one.
        name: The name.
        schema: Its schema.
    """
    names = (name,) if schema is None else (name, f"{schema}.{name}")
    return any(_pattern(word).fullmatch(each) for word in ignore for each in names)


@lru_cache
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(re.escape(word).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def like(word: str) -> str:
    """A word of `ignore` as a pattern for LIKE. The backslash is the escape character."""
    return re.sub(r"([\\%_])", r"\\\1", word).replace("*", "%").replace("?", "_")
