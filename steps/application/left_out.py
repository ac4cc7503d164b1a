"""Asks env.py once which differences from the models it leaves out."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from initdb.errors import InitError
from initdb.steps.catalog.issue import Issue
from initdb.steps.context import Application
from initdb.steps.drift.excluded import NO_FILTERS, Filters, of_options


class LeftOut:
    """Which differences an application's env.py leaves out. It is run at the first difference, and only once.

    Args:
        application: The application, with its revisions.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._filters: Filters | None = None

    def __call__(self, connection: Connection, issues: Collection[Issue]) -> Collection[str]:
        """The ids of the differences that env.py leaves out; none if env.py cannot be run.

        Args:
            connection: To the database.
            issues: Differences from the models.
        """
        metadata = self._application.metadata
        if metadata is None or not issues:
            return frozenset()
        if self._filters is None:
            self._filters = self._ask(connection)
        return self._filters.leave_out(connection, metadata, issues)

    def _ask(self, connection: Connection) -> Filters:
        # Most databases have no difference, and then Alembic is not needed.
        from initdb.steps.alembic_driver import run_in_environment

        if connection.dialect.name == "sqlite" and not connection.engine.url.database:
            # It is in memory, or stands for a file that env.py must not create.
            return NO_FILTERS
        found: list[Filters] = []
        try:
            run_in_environment(
                self._application, connection.engine, lambda env: found.append(of_options(env.context.opts))
            )
        except InitError:  # the step that needs env.py reports it
            return NO_FILTERS
        return found[0] if found else NO_FILTERS
