"""Catalogue: several runs on one database, locks, time limits, and runs that were stopped."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed."
_STANDS = "Every step that was committed stands."

RUN: tuple[ErrorRow, ...] = (
    ErrorRow(
        "wait-limit",
        "The database did not become ready within wait_limit.",
        _NOTHING,
        "See which process is at work and how far it is: initdb status. Then start again, if needed with a "
        "larger wait_limit.",
        causes=(
            "The process at work needs longer, for example to alter or seed a large table.",
            "It is stopped (SIGSTOP, a debugger) and still holds the baton, the lock of the process at work.",
            "No process is at work: this one only waits (mode = wait, a read-only role), and no other one "
            "boots.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See which process is at work, on which step and since when: initdb status; follow it: "
                "initdb journal --follow",
            ),
            Advice(
                "alternative-configuration",
                "Wait longer: --wait-limit 1800 (seconds), or wait_limit in initdb.toml",
            ),
        ),
        passing=True,
        exit_code=3,
    ),
    ErrorRow(
        "another-process-at-work",
        "Another process is at work on this database, and this one was told not to wait.",
        _NOTHING,
        "Wait for the other process, without --no-wait: initdb run",
        causes=("Another replica is booting.", "Somebody is running initdb by hand."),
        advice=(
            Advice(
                "troubleshooting", "See which process is at work, on which step and since when: initdb status"
            ),
            Advice(
                "manual-procedure",
                "If you are certain that this process hangs, end it and go on: initdb resume --take-over",
            ),
        ),
        passing=True,
        exit_code=4,
    ),
    ErrorRow(
        "take-over-refused",
        "The other process's work cannot be taken over from here.",
        _NOTHING,
        "End the process that holds the baton, on its own machine, then: initdb resume",
        causes=(
            "It runs on another host.",
            "This role may not end the sessions of that process's role.",
            "It has ended, and another living process is at work now.",
            "The command was not confirmed, and --yes was not given.",
        ),
        advice=(
            Advice(
                "user-permissions",
                'Allow this role to end the sessions of others: GRANT pg_signal_backend TO "DBROLE"',
                "postgresql",
            ),
            Advice(
                "manual-procedure",
                "Find the process that holds the baton and end it: SELECT pid, usename, client_addr, state "
                "FROM pg_stat_activity; SELECT pg_terminate_backend(PID)",
                "postgresql",
            ),
            Advice(
                "manual-procedure",
                "Find the process that holds the baton and end it: fuser -v DBFILE-initdb; kill PID",
                "sqlite",
            ),
            Advice(
                "consistency",
                "A process that has lost the baton writes nothing more: the journal refuses its events.",
            ),
        ),
    ),
    ErrorRow(
        "pending-work",
        "The database is not ready: there is work to do, and this process may not do it.",
        _NOTHING,
        "Do the work: initdb run",
        causes=("It only checks or waits (mode), or cannot write to the database (a standby, for example).",),
        advice=(Advice("troubleshooting", "See what would be done: initdb plan"),),
        exit_code=3,
    ),
    ErrorRow(
        "migration-held",
        "A revision was rolled back and is held: no boot applies it again by itself.",
        "The database stays at the revision before it.",
        "Change the revision's file and deploy it, or apply it unchanged: initdb release, then initdb run",
        causes=("Somebody called initdb rollback.",),
        advice=(
            Advice(
                "troubleshooting",
                "See who rolled it back, and when: initdb journal --type migration_reverted --last 1",
            ),
            Advice(
                "conflict-resolution",
                "The next boot applies a changed file; an unchanged file waits for: initdb release",
            ),
        ),
        exit_code=3,
    ),
    ErrorRow(
        "crash-loop",
        "Several runs in a row of this code were killed or stopped before they got any further.",
        _STANDS + " The step at work was rolled back each time.",
        "Find out what ends the process in this step (a probe, a deadline, memory), then: initdb resume",
        causes=(
            "A liveness or startup probe, or a deadline, ends the process with SIGTERM while it works.",
            "The process used too much memory and was killed (exit code 137).",
            "The step crashes the interpreter.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Compare how long the step takes with the limits around it. Kubernetes: livenessProbe, "
                "startupProbe (periodSeconds times failureThreshold), activeDeadlineSeconds, helm --timeout. "
                "systemd: TimeoutStartSec. Docker: HEALTHCHECK, restart policies. CI: the job's time limit.",
            ),
            Advice(
                "troubleshooting",
                "See which step and how often: initdb journal --last 20; and the system's log for “Out of "
                "memory”.",
            ),
            Advice(
                "alternative-configuration",
                "Do the work in a job of its own (initdb run), and let the replicas wait for it (mode = "
                "wait).",
            ),
            Advice("alternative-configuration", "Allow more attempts: attempts = 10"),
        ),
    ),
    ErrorRow(
        "connection-keeps-breaking",
        "The connection was lost again and again in the same step.",
        _STANDS + " The step at work was rolled back each time.",
        "Find out what ends the connection in this step, then: initdb resume",
        causes=(
            "The step crashes the server or the session's process: a bug, an extension, memory.",
            "A proxy, a pooler or a firewall ends connections that are open for longer than its limit.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Read the server's log at the times of the events: initdb journal --last 20",
            ),
            Advice(
                "alternative-configuration",
                "Connect for this work past the pooler, or with a longer limit: set work_url.",
            ),
            Advice("alternative-configuration", "Go on for longer before giving up: wait_limit = 30m"),
        ),
    ),
    ErrorRow(
        "stopped",
        "The run was stopped from outside before it ended.",
        _STANDS + " The step at work was rolled back.",
        "Go on where it stopped: initdb run",
        causes=("SIGTERM or SIGINT (Ctrl-C) reached the process, often from a deployment.",),
        advice=(
            Advice(
                "consistency",
                "The next boot goes on with the step that was interrupted. The journal records the stop, "
                "unless the step did not react within 8 s or a second signal came: then the process ended as "
                "if it were killed.",
            ),
        ),
        passing=True,
        exit_code=130,
    ),
    ErrorRow(
        "in-transaction",
        "The application's SQLite connection has a transaction open.",
        "Nothing was changed: the application's transaction was left open.",
        "Commit or roll back before you call initdb, then start again.",
        causes=(
            "The application uses the session before it calls init_app().",
            "A test keeps a transaction open on the shared connection.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Find the first use of the session before init_app(app, db), and end it: db.session.commit()",
                "sqlite",
            ),
            Advice("consistency", "Going on would commit the application's unfinished work.", "sqlite"),
        ),
    ),
    ErrorRow(
        "transaction-ended",
        "The step's transaction ended before the step did, so its work and its event could not commit "
        "together.",
        "Every step that was committed stands. What this step committed itself stands too, but the journal "
        "does not count it as done.",
        "Remove the commit from the step's code, or raise the error that ended the transaction, then: initdb "
        "resume",
        causes=(
            "A base schema's function or a rule called commit() or rollback() on its connection.",
            "INSERT OR ROLLBACK, RAISE(ROLLBACK) or a full disk made SQLite roll back, and the step ignored "
            "the error.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "In the code that the step runs, look for commit(), rollback(), and an except that ignores a "
                "database error.",
            ),
            Advice(
                "manual-data-fix",
                "What the step committed is still in the database; undo it by hand if the step cannot be "
                "repeated.",
            ),
        ),
    ),
    ErrorRow(
        "lock-timeout",
        "This step did not get a lock in time.",
        "Every step that was committed stands; this one was rolled back and blocks nobody.",
        "End or wait for the transaction that holds the lock; later boots try again by themselves, or: "
        "initdb resume",
        causes=(
            "A long transaction (of the application, a report or a backup) uses the table.",
            "Somebody left a transaction open in a console.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See who blocks whom: SELECT pid, pg_blocking_pids(pid), state, query FROM pg_stat_activity "
                "WHERE cardinality(pg_blocking_pids(pid)) > 0",
                "postgresql",
            ),
            Advice("troubleshooting", "See which processes use the file: fuser -v DBFILE", "sqlite"),
            Advice(
                "alternative-configuration",
                "Wait longer for locks: lock_timeout = 30 (seconds). While a schema change waits, later "
                "queries on the table wait behind it.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "With PRAGMA journal_mode = WAL, readers and the writer do not wait for each other.",
                "sqlite",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "statement-timeout",
        "The server cancelled a statement that ran longer than statement_timeout allows.",
        "Every step that was committed stands; this one was rolled back.",
        "Raise statement_timeout for this role, or make the statement cheaper, then: initdb resume",
        causes=(
            "statement_timeout is set for the role, the database or the server.",
            "The table is larger than the one on which the revision was tested.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See where the limit is set: SELECT name, setting, source FROM pg_settings WHERE name = "
                "'statement_timeout'",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                'Allow this role more time: ALTER ROLE "DBROLE" SET statement_timeout = 0',
                "postgresql",
            ),
            Advice(
                "manual-data-fix",
                "Change large tables in batches, in several revisions, so that each statement is short.",
            ),
        ),
    ),
    ErrorRow(
        "statement-cancelled",
        "A statement was cancelled from outside.",
        "Every step that was committed stands; this one was rolled back.",
        "Ask who cancelled it, then: initdb resume",
        causes=("An administrator called pg_cancel_backend.", "The process was asked to stop."),
        advice=(
            Advice(
                "troubleshooting",
                "The server's log names the statement, and when it was cancelled.",
                "postgresql",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "deadlock",
        "Two transactions waited for each other, and the database ended this one.",
        "Every step that was committed stands; this one was rolled back.",
        "Nothing to fix: later boots try again by themselves. To try again now: initdb resume",
        causes=(
            "The application writes to the same tables in a different order.",
            "Two programs changed the schema at the same time.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "The server's log names both statements, under “deadlock detected”.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Migrate while the application does not write, or in smaller revisions.",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "serialization-failure",
        "The database ended this transaction because another one changed the same rows.",
        "Every step that was committed stands; this one was rolled back.",
        "Nothing to fix: later boots try again by themselves. To try again now: initdb resume",
        causes=(
            "The engine's isolation level is REPEATABLE READ or SERIALIZABLE.",
            "A standby had to remove rows that a query was still reading.",
        ),
        advice=(
            Advice(
                "alternative-configuration",
                "Use READ COMMITTED: set no other isolation level on the engine or in work_url.",
                "postgresql",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "unsupported-database",
        "This kind of database is not supported: use SQLite or PostgreSQL.",
        _NOTHING,
        "Name a SQLite or PostgreSQL database in database_url, then: initdb run",
        causes=("database_url names MySQL, Oracle or another database.",),
        advice=(Advice("alternative-configuration", "Use postgresql://app@host/shop, or sqlite:///app.db"),),
        exit_code=2,
    ),
    ErrorRow(
        "internal-error",
        "An unexpected error happened in initdb itself.",
        "Every step that was committed stands; the one at work was rolled back.",
        "Report it with the lines above. To try again: initdb resume",
        causes=(
            "There is a bug in initdb.",
            "A library behaves differently in the installed version than in those that were tested.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See what was done before: initdb journal --last 20; and the installed versions: pip freeze",
            ),
        ),
    ),
)
