"""What a version's fold makes of a journal, as plain data. Also a script, which runs under 0.1.0."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any


def plain(value: Any) -> Any:
    """Knowledge, or a part of it, as JSON can hold it: sets are sorted."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(plain(one) for one in value)
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def main(folder: str) -> None:
    """Prints what the version on sys.path knows of the shop in `folder`."""
    settings = importlib.import_module("initdb.settings").load_settings(folder=Path(folder), environ={})
    initializer = importlib.import_module("initdb.statemachine.initializer").Initializer(settings=settings)
    entries = list(initializer.entries())
    known = importlib.import_module("initdb.statemachine.fold").fold(entries)
    facts = {"entries": len(entries), "knowledge": plain(known)}
    print(json.dumps(facts, indent=1, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1])
