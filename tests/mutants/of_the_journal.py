"""Faults of the journal and of the unit of work."""

from __future__ import annotations

from tests.mutants.fault import OF_THE_UNIT, OF_WALKS, POSTGRESQL, SPOOL, SQLITE, UNIT, Fault

OF_THE_JOURNAL: tuple[Fault, ...] = (
    # The unit of work. The first one harms nothing as long as the triggers stand: they refuse the late event.
    Fault(
        "head-outside",
        "the head read outside the transaction",
        UNIT,
        "                    here.begin(connection)\n"
        "                    return self.journal.lock_head(connection, self.lock_timeout)",
        "                    before = self.journal.head(connection)\n"
        "                    here.rollback(connection)\n"
        "                    here.begin(connection)\n"
        "                    now = self.journal.lock_head(connection, self.lock_timeout)\n"
        '                    return __import__("dataclasses").replace(now, seq=before.seq, hash=before.hash)',
        (*OF_THE_UNIT, *OF_WALKS),
    ),
    Fault(
        "seq-alone",
        "of the head only the number is compared",
        UNIT,
        "if (self.head.seq, self.head.hash) != (self.knowledge.seq, self.knowledge.hash):",
        "if self.head.seq != self.knowledge.seq:",
        OF_THE_UNIT,
    ),
    Fault(
        "known-before-commit",
        "knowledge moved before COMMIT was answered",
        UNIT,
        "        try:\n            until = ",
        "        self.knowledge = known\n        try:\n            until = ",
        OF_THE_UNIT,
    ),
    Fault(
        "no-rollback",
        "a unit that is not undone when its work fails",
        UNIT,
        "with on_error(self.rollback, connection), first_error(connection):",
        "with first_error(connection):",
        (*OF_THE_UNIT, "tests/bad_journals/test_revisions.py"),
    ),
    Fault(
        "notes-dropped",
        "what waits in the spool does not enter the journal",
        UNIT,
        "[*events[:1], *told, *events[1:]] if known.seq == 0 else [*told, *events]",
        "[*events[:1], *events[1:]] if known.seq == 0 else [*events]",
        (*OF_THE_UNIT, *OF_WALKS),
    ),
    Fault(
        "guards-read-objects",
        "the guards read what the step gave, not what is stored",
        UNIT,
        "made = turn(known.state, kind, data)",
        "made = turn(known.state, kind, content)",
        (*OF_THE_UNIT, "tests/statemachine/test_live_replay.py"),
    ),
    Fault(
        "attempts-uncounted",
        "every event says that it is the first attempt",
        UNIT,
        "attempt = said if isinstance(said, int) else max(known.tries, 1)",
        "attempt = said if isinstance(said, int) else 1",
        (*OF_THE_UNIT, *OF_WALKS),
    ),
    # The journal.
    Fault(
        "chain-of-texts",
        "the hash does not cover the hash before it",
        "events/chain.py",
        '_DOMAIN + prev_hash.encode("ascii") + text)',
        "_DOMAIN + text)",
        ("tests/events/test_verify.py",),
    ),
    Fault(
        "head-waited-for",
        "PostgreSQL's head is waited for instead of skipped",
        POSTGRESQL,
        'f" FROM {head} WHERE {is_first} FOR UPDATE SKIP LOCKED"',
        'f" FROM {head} WHERE {is_first} FOR UPDATE"',
        ("tests/events/test_lock_head.py",),
    ),
    Fault(
        "head-unlocked",
        "PostgreSQL's head is read without its lock",
        POSTGRESQL,
        'f" FROM {head} WHERE {is_first} FOR UPDATE SKIP LOCKED"',
        'f" FROM {head} WHERE {is_first}"',
        ("tests/events/test_lock_head.py",),
    ),
    Fault(
        "role-kept",
        "an event appended in the role that a revision has taken",
        POSTGRESQL,
        "set_config('role', :role, true),\"\n",
        "set_config('role', current_setting('role'), true),\"\n",
        ("tests/events/test_roles.py",),
    ),
    Fault(
        "begin-deferred",
        "SQLite's lock taken with the first write",
        SQLITE,
        '_execute(dbapi, "BEGIN IMMEDIATE")',
        '_execute(dbapi, "BEGIN")',
        ("tests/events/test_lock_head.py", "tests/events/test_sessions.py"),
    ),
    Fault(
        "left-open",
        "what a unit left open is committed with the next",
        SQLITE,
        "        if self.in_transaction(connection):\n            self.rollback(connection)\n",
        "        if self.in_transaction(connection):\n            self.commit(connection)\n",
        ("tests/events/test_sessions.py",),
    ),
    Fault(
        "baton-by-path",
        "two paths to one file are two batons",
        "events/sessions.py",
        "return Path(name).resolve()",
        "return Path(name).absolute()",
        ("tests/events/test_baton.py", "tests/events/test_sessions.py"),
    ),
    # The spool.
    Fault(
        "spool-unsynced",
        "what is put into the spool is not brought to the disk",
        SPOOL,
        "        content = content[os.write(descriptor, content) :]\n    os.fsync(descriptor)\n",
        "        content = content[os.write(descriptor, content) :]\n",
        ("tests/crash/test_spool.py",),
    ),
    Fault(
        "spool-never-emptied",
        "notes that the journal has taken stay in the spool",
        "statemachine/loop/beginning.py",
        "        self.site.spool.drop(self.writer.knowledge.notes)",
        "        self.site.spool.waiting()",
        ("tests/crash/test_spool.py",),
    ),
)
