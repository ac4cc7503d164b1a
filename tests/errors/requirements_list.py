"""The requirements' chapter on errors, line by line: group → kind → its lines."""

from __future__ import annotations

REQUIREMENTS: dict[str, dict[str, tuple[str, ...]]] = {
    "Database Connection Errors": {
        "Connection Refused": (
            "Log specific connection error details",
            "Provide database-specific troubleshooting steps",
            "Suggest alternative database configurations",
            "Exit gracefully with clear error message",
        ),
        "Authentication Failures": (
            "Log authentication error without exposing credentials",
            "Suggest credential verification steps",
            "Provide configuration file examples",
            "Exit with security-conscious error message",
        ),
        "Permission Errors": (
            "Log permission-related errors",
            "Suggest file/directory permission fixes",
            "Provide database user permission requirements",
            "Offer alternative configuration options",
        ),
    },
    "Schema Creation Errors": {
        "Table Creation Failures": (
            "Log specific SQL errors",
            "Identify conflicting existing objects",
            "Suggest manual cleanup procedures",
            "Provide alternative schema creation methods",
        ),
        "Index Creation Failures": (
            "Log index creation errors",
            "Suggest index recreation procedures",
            "Identify performance implications",
            "Continue with warnings if non-critical",
        ),
        "Constraint Violations": (
            "Log constraint-related errors",
            "Suggest data cleanup procedures",
            "Provide constraint modification options",
            "Handle gracefully for non-critical constraints",
        ),
    },
    "Migration Errors": {
        "Migration File Corruption": (
            "Detect corrupted migration files",
            "Suggest migration file restoration",
            "Provide manual migration procedures",
            "Maintain migration history integrity",
        ),
        "Data Migration Failures": (
            "Log data transformation errors",
            "Provide data backup recommendations",
            "Suggest manual data fixes",
            "Implement rollback procedures",
        ),
        "Version Conflicts": (
            "Detect migration version conflicts",
            "Suggest conflict resolution procedures",
            "Provide migration history repair",
            "Maintain database consistency",
        ),
    },
}
