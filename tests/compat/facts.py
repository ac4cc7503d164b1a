"""What a version's fold makes of a journal, as plain data. Also a script, which runs under 0.1.0."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

LEFT_OUT = frozenset({"last_data"})
"""It is the event itself."""


def plain(value: Any, like: Any = None) -> Any:
    """Knowledge, or a part of it, as JSON can hold it: sets are sorted.

    `like`: the same as an older version said it; attributes that it did not have are left out.
    """
    known = like if isinstance(like, Mapping) else {}
    if is_dataclass(value):
        names = [name for name in (known or (field.name for field in fields(value))) if name not in LEFT_OUT]
        return {name: plain(getattr(value, name), known.get(name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): plain(one, known.get(str(key))) for key, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(plain(one) for one in value)
    if isinstance(value, (list, tuple)):
        alike = like if isinstance(like, list) and len(like) == len(value) else [None] * len(value)
        return [plain(one, other) for one, other in zip(value, alike, strict=True)]
    return value


def main(folder: str) -> None:
    """Prints what each entry of the shop in `folder` changes in what the version on sys.path knows."""
    settings = importlib.import_module("initdb.settings").load_settings(folder=Path(folder), environ={})
    initializer = importlib.import_module("initdb.statemachine.initializer").Initializer(settings=settings)
    entries = list(initializer.entries())
    fold = importlib.import_module("initdb.statemachine.fold").fold
    known: dict[str, Any] = {}
    changes = []
    for number in range(1, len(entries) + 1):
        after = plain(fold(entries[:number]))
        changes.append(
            {name: part for name, part in after.items() if name not in known or known[name] != part}
        )
        known = after
    print(json.dumps(changes, indent=1, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1])
