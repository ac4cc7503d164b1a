"""Every private name of Alembic that initdb uses, with its purpose. No other module may use one.

Alembic promises nothing about these names. All are there from 1.18.0 to 1.20.1. If a version lacks one,
tests/env_py/test_private_names.py fails and says what it was used for. `make newest` runs it with the newest
version, `make oldest` with the oldest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext, RevisionStep, StampStep
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Table

NAMES = {
    "ScriptDirectory._version_locations": "the folders of the revision files, as absolute paths",
    "ScriptDirectory._upgrade_revs": "the steps of `alembic upgrade`, in its order",
    "ScriptDirectory._stamp_revs": "the steps of `alembic stamp`",
    "Script._all_down_revisions": "the revisions that a revision follows or depends on",
    "MigrationContext._version": "the version table",
    "MigrationContext._ensure_version_table": "makes the version table where there is none",
    "MigrationContext._migrations_fn": "shows whether env.py passed an fn= of its own to configure()",
    "MigrationContext._in_external_transaction": "whether env.py began a transaction before configure()",
    "MigrationContext._transaction_per_migration": "whether env.py asked for one transaction a revision",
    "DefaultImpl._exec": "sends every statement; in offline mode it is written down instead",
}
"""`Class.name` → what initdb uses it for."""


def version_locations(script: ScriptDirectory) -> tuple[Path, ...]:
    """The folders of the revision files, as absolute paths."""
    return tuple(Path(folder) for folder in script._version_locations)


def upgrade_steps(script: ScriptDirectory, current: Sequence[str]) -> list[RevisionStep]:
    """The steps from the version rows `current` to all heads, in plain Alembic's order."""
    return list(script._upgrade_revs("heads", tuple(current)))  # type: ignore[arg-type]


def stamp_steps(script: ScriptDirectory, revisions: Sequence[str], current: Sequence[str]) -> list[StampStep]:
    """The steps that turn the version rows `current` into `revisions`. Without any, no row is left."""
    return list(script._stamp_revs(tuple(revisions) or ("base",), tuple(current)))


def down_revisions(script: Script) -> tuple[str, ...]:
    """The revisions that `script` follows or depends on, sorted."""
    return tuple(sorted(script._all_down_revisions))


def version_table(context: MigrationContext) -> Table:
    """The version table, as SQLAlchemy knows it."""
    return context._version


def make_version_table(context: MigrationContext) -> None:
    """Create the version table if it is missing, in the caller's transaction."""
    context._ensure_version_table()


def is_driven_by(context: MigrationContext, fn: Callable[..., Any]) -> bool:
    """Whether `fn` is the function that Alembic would call for its migrations."""
    return context._migrations_fn is fn


def begun_by_env_py(context: MigrationContext) -> bool:
    """Whether env.py had begun a transaction when it called configure()."""
    return bool(context._in_external_transaction)


def is_one_transaction(context: MigrationContext) -> bool:
    """Whether plain Alembic would run all revisions in one transaction of its own."""
    return bool(context.impl.transactional_ddl) and not context._transaction_per_migration


def write_down(context: MigrationContext, write: Callable[[Any], None]) -> None:
    """Call a function with each statement that would be sent, on this instance: a text, or a construct.

    Args:
        context: In offline mode.
        write: Gets the statement. Its values are in it.
    """

    def instead(construct: Any, *_: object, **__: object) -> None:
        write(construct)

    context.impl._exec = instead  # type: ignore[method-assign]
