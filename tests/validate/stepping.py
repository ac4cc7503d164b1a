"""What a step is given, with a unit of work that commits for real and keeps its events in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, MetaData

from initdb.events.knowledge import Knowledge
from initdb.settings import Settings
from initdb.steps.context import Application, StepContext


class MemoryUnit:
    """Begins and commits below the facade, as the journal's unit does; `events` are (type, data)."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Mapping[str, Any]]] = []

    def begin(self, connection: Connection) -> None:
        """A transaction of the driver's."""
        if connection.dialect.name == "sqlite":
            driver: Any = connection.connection.dbapi_connection
            driver.isolation_level = None
            driver.execute("BEGIN IMMEDIATE")

    def commit(self, connection: Connection, event: str, data: Mapping[str, Any]) -> None:
        """Keep the event, commit."""
        self.events.append((event, data))
        connection.dialect.do_commit(connection.connection.dbapi_connection)  # type: ignore[arg-type]

    def rollback(self, connection: Connection) -> None:
        """Undo everything since begin."""
        connection.dialect.do_rollback(connection.connection.dbapi_connection)  # type: ignore[arg-type]

    @contextmanager
    def open(self, connection: Connection) -> Iterator[None]:
        """Begin; on an exception roll back."""
        self.begin(connection)
        try:
            yield
        except BaseException:
            self.rollback(connection)
            raise


@contextmanager
def step(
    engine: Engine,
    models: MetaData | None,
    *,
    knowledge: Knowledge | None = None,
    settings: Settings | None = None,
    **parts: Any,
) -> Iterator[tuple[StepContext, list[tuple[str, Mapping[str, Any]]]]]:
    """A context on a connection whose facade stays in one transaction, and the events of its unit."""
    unit = MemoryUnit()
    with engine.connect() as connection, connection.begin():
        yield (
            StepContext(
                connection,
                unit,
                Application(metadata=models, **parts),
                settings or Settings(),
                knowledge or Knowledge(),
                engine,
            ),
            unit.events,
        )
