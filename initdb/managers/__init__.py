"""The parts of an initialization as objects: schema, migrations, seeds, health.

Each takes a Flask application and its db, or an Initializer: `SchemaManager(app, db)`,
`SchemaManager(initializer)`.
"""

from __future__ import annotations

from initdb.managers.health import HealthValidator
from initdb.managers.migrations import MigrationRunner
from initdb.managers.schema import SchemaManager
from initdb.managers.seeds import DataSeeder

__all__ = ["DataSeeder", "HealthValidator", "MigrationRunner", "SchemaManager"]
