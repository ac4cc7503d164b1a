"""Tells an error of env.py itself from an error of a revision or of the database."""

from __future__ import annotations

from initdb.errors import InitError
from initdb.errors.classify import VALUES, classify
from initdb.errors.from_python import missing_driver
from initdb.errors.location import where
from initdb.errors.withheld import exit_of, withhold

_BY_WORK = {"revision-failed", "data-migration-failed", "revision-unparsable"}
"""What `classify` calls errors of a revision. Here it was env.py that failed."""


def env_failure(error: BaseException, database: str) -> BaseException:
    """Translate what an env.py, or the callable that makes its Config, raised.

    sys.exit is a failure too, because a boot decides for itself when to exit. KeyboardInterrupt and the like
    are returned as they are.

    Args:
        error: What was raised.
        database: "sqlite" or "postgresql".
    """
    if isinstance(error, InitError) or not isinstance(error, Exception | SystemExit):
        return error
    if isinstance(error, SystemExit):
        withhold(error)
        said = f"It called {exit_of(error)}"
        failed = InitError("env-py-failed", said, f"at: {where(error)}", database=database)
        return failed.with_advice(VALUES.format("resume"))
    found = classify(error, doing="migrate", database=database)
    if found.reference not in _BY_WORK:
        return found
    return InitError(
        "env-py-failed",
        *found.context,
        fix=missing_driver(error, "initdb resume"),
        database=database,
        sqlstate=found.rendered().sqlstate,
    ).with_advice(VALUES.format("resume"))
