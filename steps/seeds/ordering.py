"""Orders seeds whose names say nothing of their order, by the models' foreign keys: parents first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import MetaData

from initdb.steps.seeds.model import SeedSource


def by_parents(sources: Sequence[SeedSource], metadata: MetaData | None) -> tuple[SeedSource, ...]:
    """Put each source whose place is free before the first one that needs its table.

    Args:
        sources: In the order of their names. Those whose place is not free stay in it.
        metadata: The models; without them a free source is applied after all others, by its name.
    """
    parents = _ancestors(metadata) if metadata is not None else {}
    ordered = [source for source in sources if not source.free]
    for source in sorted((one for one in sources if one.free), key=partial(_rank, parents)):
        needing = (n for n, one in enumerate(ordered) if source.table in parents.get(one.table or "", ()))
        ordered.insert(next(needing, len(ordered)), source)
    return tuple(ordered)


def _rank(parents: Mapping[str, frozenset[str]], source: SeedSource) -> tuple[int, str]:
    """A table has more ancestors than each of its parents has."""
    return len(parents.get(source.table or "", ())), source.name


def _ancestors(metadata: MetaData) -> dict[str, frozenset[str]]:
    """Table → the tables that its rows refer to, directly or through others, itself left out."""
    # The text of a foreign key names its table also where that is no table of the models.
    direct = {
        name: {key.target_fullname.rpartition(".")[0] for key in table.foreign_keys} - {name}
        for name, table in metadata.tables.items()
    }
    return {name: _closure(direct, name) for name in direct}


def _closure(direct: Mapping[str, set[str]], name: str) -> frozenset[str]:
    found: set[str] = set()
    left = list(direct[name])
    while left:
        if (one := left.pop()) not in found:
            found.add(one)
            left += direct.get(one, ())
    return frozenset(found - {name})
