"""The public names are those of requirements.md, and are imported when they are first used."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from typing import Any

import pytest

import initdb

CLASSES = {
    "DatabaseInitializer": {
        "initialize": initdb.InitializationResult,
        "validate_setup": initdb.ValidationResult,
        "repair_if_needed": initdb.RepairResult,
        "get_initialization_status": dict,
    },
    "SchemaManager": {
        "check_schema_exists": bool,
        "create_schema": bool,
        "validate_schema": initdb.ValidationResult,
        "repair_schema": initdb.RepairResult,
        "get_schema_info": dict,
    },
    "MigrationRunner": {
        "check_pending_migrations": list,
        "run_migrations": initdb.MigrationResult,
        "rollback_migration": bool,
        "get_migration_history": list,
    },
    "DataSeeder": {
        "seed_initial_data": initdb.SeedingResult,
        "create_admin_user": bool,
        "create_system_tenants": bool,
        "validate_seed_data": bool,
    },
    "HealthValidator": {
        "validate_connectivity": bool,
        "validate_schema_integrity": initdb.ValidationResult,
        "validate_data_integrity": initdb.ValidationResult,
        "generate_health_report": dict,
    },
}
FIELDS = {
    "InitializationResult": [
        "success",
        "steps_completed",
        "errors",
        "warnings",
        "duration",
        "database_type",
    ],
    "ValidationResult": ["valid", "issues", "suggestions", "severity"],
    "MigrationResult": [
        "success",
        "migrations_applied",
        "failed_migration",
        "error_message",
        "rollback_performed",
    ],
    "SeedingResult": ["success", "records_created", "records_skipped", "errors"],
    "RepairResult": ["success", "repaired", "not_repaired", "suggestions", "errors", "duration"],
}
SCHEMA_DEFINITION = ("get_table_definitions", "get_index_definitions", "get_constraint_definitions")


@pytest.mark.parametrize(
    ("name", "method"), [(name, one) for name, found in CLASSES.items() for one in found]
)
def test_every_method_of_the_design_document_is_there(name: str, method: str) -> None:
    """With its parameters: none but the revision to roll back."""
    function = inspect.signature(getattr(getattr(initdb, name), method))
    expected = ["self", "migration_id"] if method == "rollback_migration" else ["self"]
    assert list(function.parameters) == expected


@pytest.mark.parametrize("name", CLASSES)
def test_each_is_made_with_an_application_and_its_db(name: str) -> None:
    """Making one does no I/O: neither of the two is looked at."""
    made: Any = getattr(initdb, name)(object(), object())
    assert made


@pytest.mark.parametrize("name", FIELDS)
def test_the_results_have_the_fields_of_the_design_document(name: str) -> None:
    """In their order, before any that are ours."""
    fields = [field.name for field in dataclasses.fields(getattr(initdb, name))]
    assert fields[: len(FIELDS[name])] == FIELDS[name]


def test_the_schema_definition_describes_the_identity_schema() -> None:
    """Name → SQL, for tables, indexes and constraints."""
    tables, indexes, constraints = (getattr(initdb.SchemaDefinition, name)() for name in SCHEMA_DEFINITION)
    assert {"tenants", "users", "roles"} <= set(tables)
    assert all(sql.startswith("CREATE TABLE") for sql in (text.strip() for text in tables.values()))
    assert indexes
    assert constraints


def test_every_public_name_can_be_had() -> None:
    """`__all__` is sorted, complete, and what dir() shows."""
    assert sorted(initdb.__all__) == initdb.__all__
    assert {*CLASSES, *FIELDS, "Initializer", "InitError", "SchemaDefinition", "init_app"} <= set(
        initdb.__all__
    )
    assert set(initdb.__all__) <= set(dir(initdb))
    for name in initdb.__all__:
        assert getattr(initdb, name) is not None


def test_another_name_is_an_attribute_error() -> None:
    """So that hasattr and from-imports behave."""
    assert not hasattr(initdb, "DatabaseInitialiser")


def test_importing_initdb_imports_none_of_the_libraries() -> None:
    """A command that needs none of them starts without them."""
    program = (
        "import sys, initdb; initdb.InitError;"
        "print(sorted({'sqlalchemy', 'flask', 'alembic', 'transitions'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "[]\n", ran.stderr
