"""Finds the row of the catalogue for an error of PostgreSQL, by its SQLSTATE and by the work that failed."""

from __future__ import annotations

from initdb.errors.driver import DriverError
from initdb.errors.libpq import connect_failure
from initdb.errors.predicates import is_lost

# Source: PostgreSQL manual, appendix A, "PostgreSQL Error Codes".
_STATES = {
    "3D000": "unknown-database",
    "25006": "read-only-database",
    "40001": "serialization-failure",
    "40P01": "deadlock",
    "53000": "server-out-of-resources",
    "53100": "disk-full",
    "53200": "server-out-of-resources",
    "53300": "too-many-connections",
    "53400": "server-out-of-resources",
    "55P03": "lock-timeout",
    "57P03": "server-starting",
    "58030": "disk-error",
    "58P01": "disk-error",
    "XX001": "database-corrupt",
    "XX002": "database-corrupt",
}
_EXISTS = frozenset({"42P07", "42710", "42P06", "42723", "42701"})


def postgresql_reference(error: DriverError, doing: str) -> str | None:
    """The reference for `error`; None if only the work that failed decides."""
    state = error.sqlstate
    if state is None:
        return _without_state(error)
    if is_lost(error):
        return "connection-lost"
    if state.startswith("28"):
        return "authentication-failed"
    if state == "42501":
        # A look at a database reads the journal first, whatever it looks for.
        ours = doing in ("journal", "append") or " init_journal" in error.text
        return "journal-permission" if ours else "database-permission-denied"
    if state == "57014":
        # A limit and a person have the same code; only the message differs.
        return "statement-cancelled" if "user request" in error.text else "statement-timeout"
    return _STATES.get(state) or _by_work(state, doing)


def _without_state(error: DriverError) -> str | None:
    return connect_failure(error.text) or ("connection-lost" if is_lost(error) else None)


def _by_work(state: str, doing: str) -> str | None:
    if state.startswith("23"):
        return broken_constraint(doing)
    if state.startswith("22"):
        return bad_value(doing)
    if state in _EXISTS and doing == "schema":
        return "conflicting-object"
    if doing == "seed":
        return {"42P01": "seed-table-unknown", "42703": "seed-column-unknown"}.get(state)
    return None


def broken_constraint(doing: str) -> str | None:
    """The reference for a row that breaks a constraint (class 23, SQLITE_CONSTRAINT)."""
    rows = {"seed": "seed-rejected", "migrate": "data-migration-failed"}
    rows |= dict.fromkeys(("schema", "constraint", "validate", "adopt", "repair"), "constraint-violation")
    return rows.get(doing)


def bad_value(doing: str) -> str | None:
    """The reference for a value that its column cannot hold (class 22, SQLITE_MISMATCH)."""
    return {"seed": "seed-rejected", "migrate": "data-migration-failed"}.get(doing)
