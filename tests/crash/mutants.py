"""Planted faults in the core, each put in for the length of a block: the harness must find every one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from sqlalchemy import Connection

from initdb.events import postgresql, sqlite
from initdb.events.journal import side
from initdb.statemachine.run import Run
from initdb.statemachine.unit import Writer
from initdb.steps import borrowed

Planting = Callable[[contextlib.ExitStack], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A planted fault, and where the harness meets it: layer, scenario, database, kind, every how many."""

    name: str
    about: str
    plant: Planting
    layer: str
    scenario: str
    database: str
    kind: str
    every: int = 1

    @contextlib.contextmanager
    def planted(self) -> Iterator[None]:
        """The fault in this process, and in the children that it forks meanwhile."""
        with contextlib.ExitStack() as stack:
            self.plant(stack)
            yield


def _swap(stack: contextlib.ExitStack, owner: Any, name: str, value: Any) -> None:
    stack.enter_context(mock.patch.object(owner, name, value))


def _event_apart(stack: contextlib.ExitStack) -> None:
    real = Writer.commit_all

    def commit_all(
        self: Writer, connection: Connection, events: Iterable[tuple[str, Mapping[str, Any]]]
    ) -> None:
        side(connection).commit(connection)
        side(connection).begin(connection)
        real(self, connection, events)

    _swap(stack, Writer, "commit_all", commit_all)


def _head_outside(stack: contextlib.ExitStack) -> None:
    """What was read before the transaction is taken for what is true inside it."""
    real = Writer._lock

    def lock(self: Writer, connection: Connection) -> Any:
        before = self.journal.head(connection)
        side(connection).rollback(connection)
        return replace(before, clock=real(self, connection).clock)

    _swap(stack, Writer, "_lock", lock)


def _no_new_fold(stack: contextlib.ExitStack) -> None:
    """A head that has moved is followed, and what moved it is not looked at."""
    real = Writer._lock

    def lock(self: Writer, connection: Connection) -> Any:
        head = real(self, connection)
        self.knowledge = replace(self.knowledge, seq=head.seq, hash=head.hash)
        return head

    _swap(stack, Writer, "_lock", lock)


def _doubt_repeated(stack: contextlib.ExitStack) -> None:
    """A COMMIT whose answer was lost is taken for one that did not arrive: its events are written again."""
    from initdb.events.head import CommitInDoubt
    from initdb.statemachine import attend

    real = attend._Attendance._once

    def once(self: Any) -> Any:
        try:
            return real(self)
        except CommitInDoubt:
            self._begun = None
            raise

    _swap(stack, attend._Attendance, "_once", once)


def _keys_on(stack: contextlib.ExitStack) -> None:
    real = borrowed._run

    def run(dbapi: Any, statement: str) -> None:
        if statement != "PRAGMA foreign_keys = OFF":
            real(dbapi, statement)

    _swap(stack, borrowed, "_run", run)


def _baton_between(stack: contextlib.ExitStack) -> None:
    """The baton is given back after each unit, and believed to be held."""
    begun = Run.__init__

    def init(self: Run, *parts: Any) -> None:
        begun(self, *parts)
        self._writer.alive = lambda: True
        self._writer.observe = _then(self._writer.observe, self._baton.release)

    _swap(stack, Run, "__init__", init)


def _then(first: Callable[[Any], None], second: Callable[[], None]) -> Callable[[Any], None]:
    def both(entry: Any) -> None:
        first(entry)
        second()

    return both


_CHECKS = {
    "WHEN NOT EXISTS (SELECT 1 FROM init_journal_head WHERE id = 1 AND seq": "WHEN 0 AND NOT EXISTS (SELECT 1"
    " FROM init_journal_head WHERE id = 1 AND seq",
    " WHERE id = 1 AND seq = NEW.seq - 1 AND hash = NEW.prev_hash;": " WHERE id = 1;",
    " AND prev_hash = OLD.hash": "",
}
"""What the triggers look at, on SQLite and PostgreSQL, and what stands there without it."""


def _no_guard(stack: contextlib.ExitStack) -> None:
    """The triggers move the head and do not look whether the event follows it.

    The check stands twice: where an event is appended and where the head is moved. Either alone suffices.
    """
    for owner in (sqlite, postgresql):
        _swap(stack, owner, "ddl", _without_checks(owner.ddl))


def _without_checks(real: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    def ddl(at: str) -> list[str]:
        statements = real(at)
        for check, nothing in _CHECKS.items():
            statements = [statement.replace(check, nothing) for statement in statements]
        return statements

    return ddl


MUTANTS = (
    Mutant(
        "event-apart",
        "the event in a transaction of its own",
        _event_apart,
        "A",
        "models",
        "sqlite-wal",
        "kill",
    ),
    Mutant(
        "head-outside",
        "the head read outside the transaction",
        _head_outside,
        "H",
        "models",
        "sqlite-wal",
        "apart",
        5,
    ),
    Mutant(
        "no-new-fold",
        "a retry that does not fold again",
        _no_new_fold,
        "H",
        "models",
        "sqlite-wal",
        "apart",
        5,
    ),
    Mutant(
        "doubt-repeated",
        "a commit in doubt taken for one that failed",
        _doubt_repeated,
        "E",
        "rollback-one",
        "postgresql",
        "commit-after",
    ),
    Mutant(
        "keys-on", "foreign keys on during a batch rebuild", _keys_on, "A", "cascade", "sqlite-wal", "kill"
    ),
    Mutant(
        "baton-between",
        "the baton given back between units",
        _baton_between,
        "H",
        "models",
        "sqlite-wal",
        "switches",
        5,
    ),
    Mutant(
        "no-guard",
        "the check of the journal's trigger removed",
        _no_guard,
        "A",
        "models",
        "sqlite-wal",
        "kill",
    ),
)
