"""The faults that the core must not have: the crash harness finds each at a point, and so do tests."""

from __future__ import annotations

from tests.mutants.fault import ATTEND, OF_THE_UNIT, OF_WALKS, RUN, SQLITE, UNIT, Fault, Sweep

OF_THE_CORE: tuple[Fault, ...] = (
    Fault(
        "event-apart",
        "the event in a transaction of its own",
        UNIT,
        "            for entry in entries:\n                self._append(connection, entry)",
        "            database_of(connection).commit(connection)\n"
        "            database_of(connection).begin(connection)\n"
        "            for entry in entries:\n                self._append(connection, entry)",
        OF_THE_UNIT,
        Sweep("A", "models", "sqlite-wal", "kill"),
    ),
    Fault(
        "doubt-by-a-plain-read",
        "a commit in doubt settled by a plain read: what is not there at the first look did not happen",
        ATTEND,
        "run.run not in self._stay.runs or run.ended is None:\n",
        "run.run not in self._stay.runs or run.ended is None:\n            self._stay.runs.clear()\n",
        ("tests/statemachine/test_doubt.py",),
        Sweep("E", "rollback-one", "postgresql", "commit-late", likely="4"),
    ),
    Fault(
        "order-twice",
        "an order whose last commit was in doubt carried out once more",
        ATTEND,
        "run.run not in self._stay.runs or run.ended is None:\n",
        "run.run not in self._stay.runs or run.ended is not None:\n",
        ("tests/statemachine/test_doubt.py",),
        Sweep("E", "rollback-one", "postgresql", "commit-after"),
    ),
    Fault(
        "keys-on",
        "foreign keys on during a batch rebuild",
        "steps/transactions/borrowed.py",
        '_run(dbapi, "PRAGMA foreign_keys = OFF")',
        '_run(dbapi, "PRAGMA foreign_keys = ON")',
        ("tests/env_py/test_sqlite.py",),
        Sweep("A", "cascade", "sqlite-wal", "kill"),
    ),
    Fault(
        "baton-between",
        "the baton given back between units, and believed to be held",
        RUN,
        "            alive=baton.alive,\n",
        "            alive=lambda: baton.release() is None,\n",
        ("tests/races/test_stopped.py", "tests/races/test_threads.py", "tests/races/test_swarms.py"),
        Sweep("H", "models", "sqlite-wal", "switches", 7, "0:2,32"),
    ),
    Fault(
        "no-guard-sqlite",
        "the check of the trigger removed, on SQLite: for an event, and for the head's move",
        "events/sqlite_ddl.py",
        'f"WHEN NOT EXISTS ({follows}) "',
        'f"WHEN 0 AND NOT EXISTS ({follows}) "',
        ("tests/events/test_guards.py",),
        Sweep("A", "models", "sqlite-wal", "kill"),
        more=(
            (
                "events/sqlite_ddl.py",
                " AND hash = NEW.hash AND prev_hash = OLD.hash)",
                " AND hash = NEW.hash)",
            ),
        ),
    ),
    Fault(
        "no-guard-postgresql",
        "the check of the trigger removed, on PostgreSQL: for an event, and for the head's move",
        "events/postgresql_ddl.py",
        '" WHERE id = 1 AND seq = NEW.seq - 1 AND hash = NEW.prev_hash;"',
        '" WHERE id = 1;"',
        ("tests/events/test_guards.py",),
        Sweep("D", "models", "postgresql", "kill", 10),
        more=(("events/postgresql_ddl.py", " AND prev_hash = OLD.hash) THEN", ") THEN"),),
    ),
    Fault(
        "no-new-fold",
        "a retry that does not fold again: the head has moved, what moved it is not looked at",
        UNIT,
        "                self._moved(connection, self.head)",
        "                now = {'seq': self.head.seq, 'hash': self.head.hash}\n"
        '                self.knowledge = __import__("dataclasses").replace(self.knowledge, **now)',
        (*OF_THE_UNIT, *OF_WALKS),
        Sweep("H", "models", "sqlite-wal", "apart", 5, "0:1,30"),
    ),
    Fault(
        "session-baton",
        "the baton as a lock of the session: behind a pooler it outlives the process that took it",
        "events/baton.py",
        "SELECT pg_catalog.pg_try_advisory_xact_lock(:key),",
        "SELECT pg_catalog.pg_try_advisory_lock(:key),",
        ("tests/races/test_swarms.py",),
        Sweep("I", "models", "postgresql", "pgbouncer", likely="1"),
    ),
    Fault(
        "synchronous-full",
        "commits with SQLite's default: with a rollback journal a loss of power may take the last one back",
        SQLITE,
        "EXTRA = 3\n",
        "EXTRA = 2\n",
        ("tests/events/test_sessions.py",),
        Sweep("B", "models", "sqlite-journal", "power", 8, "33.1"),
    ),
    Fault(
        "one-attempt",
        "every run said to be the first attempt of its code",
        "statemachine/loop/beginning.py",
        "attempt=known.tries + 1 if same else 1,",
        "attempt=1,",
        ("tests/statemachine/test_walks.py",),
        Sweep("A", "models", "sqlite-wal", "kill", 91, "91"),
    ),
    Fault(
        "full-by-code",
        "a disk is full only where SQLite itself says so, not where it cannot make or write a file",
        "initdb/errors/files.py",
        "return found is not None and (found.f_bavail == 0 or (found.f_files > 0 and found.f_favail == 0))",
        "return False",
        ("tests/outages/test_full.py",),
        Sweep("C", "models", "sqlite-wal", "full-ever", 1, "1"),
    ),
)
