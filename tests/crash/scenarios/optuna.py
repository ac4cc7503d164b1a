"""Optuna: its own env.py and its ten revisions, unchanged, with batch rebuilds on SQLite and enum types."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initdb.settings import load_settings
from initdb.statemachine.initializer import Initializer
from tests.crash.scenario import Scenario

_CONSTRAINTS = ("CONSTRAINT", "PRIMARY KEY", "UNIQUE", "FOREIGN KEY", "CHECK")


@dataclass
class Storage:
    """Optuna's storage on a database."""

    folder: Path
    url: str

    def initializer(self) -> Initializer:
        """A process of it."""
        options = {"database_url": self.url, "schema_from": "migrations"}
        return Initializer(
            migrations="optuna.storages._rdb",
            name="optuna",
            settings=load_settings(folder=self.folder, environ={}, options=options),
        )


def _settled(state: dict[str, Any]) -> dict[str, Any]:
    """Batch mode leaves the order of a table's constraints on SQLite to chance."""
    if "schema" not in state:
        return state
    return state | {"schema": [(*row[:3], _in_order(row[3] or "")) for row in state["schema"]]}


def _in_order(statement: str) -> list[str]:
    lines = [line.strip(" \t,") for line in statement.splitlines()]
    constraints = sorted(line for line in lines if line.startswith(_CONSTRAINTS))
    return [line for line in lines if not line.startswith(_CONSTRAINTS)] + constraints


OPTUNA = Scenario(
    "optuna",
    "an empty database and Optuna's ten revisions by its own env.py",
    Storage,
    lambda storage: None,
    settle=_settled,
    unsettled=frozenset({"catalog"}),
)
