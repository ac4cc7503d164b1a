"""initdb: makes an application's database ready, from any state, and journals every step.

The names below are imported when they are first used (PEP 562). So a command that needs none of them starts
without SQLAlchemy, Alembic or Flask.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initdb.errors import InitError
    from initdb.flask import DatabaseInitializer, init_app
    from initdb.managers import DataSeeder, HealthValidator, MigrationRunner, SchemaManager
    from initdb.settings import Settings, load_settings
    from initdb.statemachine.initializer import Initializer
    from initdb.statemachine.render.results import (
        InitializationResult,
        MigrationResult,
        RepairResult,
        SeedingResult,
        ValidationResult,
    )
    from initdb.statemachine.site import Waiting, Watcher
    from initdb.steps.context import Progress, Rule
    from initdb.steps.identity.definition import SchemaDefinition
    from initdb.steps.seeds.sources import seed

__version__ = "0.2.0.dev0"

__all__ = [
    "DataSeeder",
    "DatabaseInitializer",
    "HealthValidator",
    "InitError",
    "InitializationResult",
    "Initializer",
    "MigrationResult",
    "MigrationRunner",
    "Progress",
    "RepairResult",
    "Rule",
    "SchemaDefinition",
    "SchemaManager",
    "SeedingResult",
    "Settings",
    "ValidationResult",
    "Waiting",
    "Watcher",
    "__version__",
    "init_app",
    "load_settings",
    "seed",
]

_RESULTS = "initdb.statemachine.render.results"
_PLACES = {
    "DataSeeder": "initdb.managers",
    "DatabaseInitializer": "initdb.flask",
    "HealthValidator": "initdb.managers",
    "InitError": "initdb.errors",
    "InitializationResult": _RESULTS,
    "Initializer": "initdb.statemachine.initializer",
    "MigrationResult": _RESULTS,
    "MigrationRunner": "initdb.managers",
    "Progress": "initdb.steps.context",
    "RepairResult": _RESULTS,
    "Rule": "initdb.steps.context",
    "SchemaDefinition": "initdb.steps.identity.definition",
    "SchemaManager": "initdb.managers",
    "SeedingResult": _RESULTS,
    "Settings": "initdb.settings",
    "ValidationResult": _RESULTS,
    "Waiting": "initdb.statemachine.site",
    "Watcher": "initdb.statemachine.site",
    "init_app": "initdb.flask",
    "load_settings": "initdb.settings",
    "seed": "initdb.steps.seeds.sources",
}


def __getattr__(name: str) -> object:
    """A public name, from the module that defines it."""
    if name not in _PLACES:
        raise AttributeError(f"module 'initdb' has no attribute {name!r}")
    try:
        found: object = getattr(import_module(_PLACES[name]), name)
    except ImportError as error:
        from initdb.supported import too_old

        if old := too_old():
            raise ImportError(str(old)) from error
        raise
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The public names, and the others of the module."""
    return sorted({*globals(), *__all__})
