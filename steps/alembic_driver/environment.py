"""An env.py while it runs, as a step works with it: version rows, steps, what Alembic remembers."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.runtime.migration import (
    HeadMaintainer,
    MigrationContext,
    MigrationStep,
    RevisionStep,
    StampStep,
)
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import is_made_meanwhile
from initdb.events.head import RowsMoved
from initdb.steps.alembic_driver import private_names
from initdb.steps.alembic_driver.fresh_scripts import Read
from initdb.steps.transactions.guard import Kept
from initdb.steps.transactions.statement_log import StatementLog

_TOLD = logging.getLogger("alembic.runtime.migration")
"""Where plain Alembic logs which revision it runs."""

_SCHEMA_OF = text(
    "SELECT coalesce((SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    " ON n.oid = c.relnamespace WHERE c.oid = pg_catalog.to_regclass(:table)), pg_catalog.current_schema())"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One revision to run, up or down.

    Attributes:
        revision: Its id.
        path: Its file.
        doc: The first line of its docstring.
        down: The revisions that it follows or depends on, sorted.
        alembic: Alembic's own step.
    """

    revision: str
    path: Path
    doc: str
    down: tuple[str, ...]
    alembic: RevisionStep

    @classmethod
    def of(cls, step: RevisionStep) -> Step:
        """Make a step from Alembic's, with the few facts that initdb uses."""
        script = step.revision
        down = private_names.down_revisions(script)
        return cls(script.revision, Path(script.path), script.doc, down, step)


@dataclass(slots=True)
class Environment:
    """An env.py while it runs, as a step works with it.

    Attributes:
        connection: The one that env.py opened.
        context: Alembic's context.
        script: Alembic's directory of revisions.
        arguments: What env.py gave to run_migrations.
        read: The hashes of the files that run.
        running: The id of the revision that runs.
        before: The version rows before it.
        kept: Its transaction.
        log: The statements that it sends.
        left: Whether it left its transaction, in an autocommit block. Then what it did cannot be undone.
    """

    connection: Connection
    context: MigrationContext
    script: ScriptDirectory
    arguments: Mapping[str, Any] = field(default_factory=dict)
    read: Read = field(default_factory=Read)
    running: str | None = None
    before: tuple[str, ...] = ()
    kept: Kept | None = None
    log: StatementLog | None = None
    left: bool = False
    _version_schema: str | None = None

    @property
    def version_table(self) -> str:
        """The name of the version table. Only env.py knows it."""
        return str(self.context.version_table)

    @property
    def version_schema(self) -> str | None:
        """The schema of the version table, as env.py names it, or where PostgreSQL's search_path leads."""
        schema = self.context.version_table_schema
        if schema:
            return str(schema)
        if self._version_schema is None and self.connection.dialect.name == "postgresql":
            quoted = self.connection.dialect.identifier_preparer.quote(self.version_table)
            self._version_schema = self.connection.scalar(_SCHEMA_OF, {"table": quoted})
        return self._version_schema

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where the revisions are, as env.py has set it."""
        return private_names.version_locations(self.script)

    def rows(self) -> tuple[str, ...]:
        """The version rows, sorted."""
        return tuple(sorted(self.context.get_current_heads()))

    def still(self, rows: tuple[str, ...]) -> bool:
        """Whether the version rows are still these. That is one query, if there are any."""
        if not rows:
            return self.rows() == rows
        table = private_names.version_table(self.context)
        found = self.connection.execute(select(table.c.version_num)).scalars()
        return tuple(sorted(found)) == rows

    def lock_rows(self) -> None:
        """Let nobody else change the version rows until the transaction ends.

        Raises:
            DBAPIError: Another transaction has changed them, and did not end in time.
        """
        if self.connection.dialect.name == "postgresql":  # a unit on SQLite has the only write lock
            table = private_names.version_table(self.context)
            name = self.connection.dialect.identifier_preparer.format_table(table)
            self.connection.exec_driver_sql(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")

    def ran(self, step: Step) -> dict[str, str | None]:
        """The hashes of what a step runs, as its event has them: of the revision's file, and of env.py."""
        return {"digest": self.read.digests.get(step.path), "env_py": self.read.env_py}

    def upgrades(self, current: Sequence[str]) -> list[Step]:
        """The steps that plain `alembic upgrade heads` would run, in its order.

        Args:
            current: The version rows.
        """
        return [Step.of(step) for step in private_names.upgrade_steps(self.script, current)]

    def downgrade(self, revision: str) -> Step:
        """The step that reverts a head.

        Args:
            revision: The id of the head.
        """
        script = self.script.get_revision(revision)
        return Step.of(MigrationStep.downgrade_from_script(self.script.revision_map, script))

    def apply(
        self, step: Step, rows: tuple[str, ...], guard: contextlib.AbstractContextManager[None] | None = None
    ) -> tuple[str, ...]:
        """Run one step and move the version rows, both in the caller's transaction.

        Args:
            step: What to run.
            rows: The version rows as they are.
            guard: Surrounds the revision's own function. If it raises, no version row is moved.

        Returns:
            The version rows afterwards, sorted.
        """
        return self._apply(step.alembic, rows, guard or contextlib.nullcontext())

    def stamp(self, revisions: Sequence[str]) -> tuple[str, ...]:
        """Set the version rows, in the caller's transaction, and return them.

        Args:
            revisions: The new version rows.

        Raises:
            InitError: `adoption-failed`, if they are not there afterwards.
            RowsMoved: Another session has just made the version table.
        """
        try:
            private_names.make_version_table(self.context)
        except DBAPIError as error:
            if not is_made_meanwhile(error):
                raise
            raise RowsMoved from error
        self.lock_rows()
        rows = self.rows()
        for step in private_names.stamp_steps(self.script, revisions, rows):
            rows = self._apply(step, rows, contextlib.nullcontext())
        if not self.still(rows):
            # Into a view SQLite inserts nothing, and says nothing about it to Alembic.
            raise InitError("adoption-failed", f"{self.version_table} does not keep rows: is it a view?")
        return rows

    def _apply(
        self,
        step: RevisionStep | StampStep,
        rows: tuple[str, ...],
        guard: contextlib.AbstractContextManager[None],
    ) -> tuple[str, ...]:
        if not rows:
            private_names.make_version_table(self.context)
        maintainer = HeadMaintainer(self.context, rows)
        _TOLD.info("Running %s", step)
        with guard:
            step.migration_fn(**self.arguments)
        maintainer.update_to_step(step)
        for callback in self.context.on_version_apply_callbacks:
            callback(ctx=self.context, step=step.info, heads=set(maintainer.heads), run_args=self.arguments)
        return tuple(sorted(maintainer.heads))

    def memo(self) -> dict[str, list[list[str | None]]]:
        """What Alembic remembers from one revision to the next: the enum types that this run created."""
        return {
            str(key): sorted(list(item) for item in value)
            for key, value in self.context.impl.memo.items()
            if isinstance(value, set) and all(isinstance(item, tuple) for item in value)
        }

    def recall(self, memo: Mapping[str, Any]) -> None:
        """Restore what an interrupted run remembered.

        Args:
            memo: What `memo` returned.
        """
        self.context.impl.memo.clear()
        self.context.impl.memo.update({key: {tuple(item) for item in value} for key, value in memo.items()})
