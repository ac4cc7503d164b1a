"""Catalogue: runs among each other: waiting, taking over, stopping, crash loops."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed."
_STANDS = "Every step that was committed stands."

RUN: tuple[ErrorRow, ...] = (
    ErrorRow(
        "wait-limit",
        "The database did not become ready within wait_limit.",
        _NOTHING,
        "See who works and how far it is: initdb status, then start again, with a larger wait_limit if "
        "need be.",
        causes=(
            "The process at work needs longer: a large table is being altered or seeded.",
            "It was stopped (SIGSTOP, a debugger) and still holds the baton.",
            "Nobody works: this process only waits (mode = wait, a read-only role), and no other one boots.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See who works, on which step and since when: initdb status; and follow it: initdb journal "
                "--follow",
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
        "Wait for it: call the command again without --no-wait.",
        causes=("Another replica boots.", "Somebody runs initdb by hand."),
        advice=(
            Advice("troubleshooting", "See who works, on which step and since when: initdb status"),
            Advice(
                "manual-procedure",
                "If that process hangs for certain, end it and go on: initdb resume --take-over",
            ),
        ),
        passing=True,
        exit_code=4,
    ),
    ErrorRow(
        "take-over-refused",
        "The work of the other process cannot be taken over from here.",
        _NOTHING,
        "End the process that holds the baton on its own machine, then: initdb resume",
        causes=(
            "It runs on another host.",
            "This role may not end the sessions of its role.",
            "It has ended, and its place was taken by a living one.",
            "Nobody was there to confirm.",
        ),
        advice=(
            Advice(
                "user-permissions",
                "To end another role's sessions: GRANT pg_signal_backend TO app",
                "postgresql",
            ),
            Advice(
                "manual-procedure",
                "Find the holder and end it: SELECT pid, usename, client_addr, state FROM "
                "pg_stat_activity; SELECT pg_terminate_backend(PID)",
                "postgresql",
            ),
            Advice(
                "manual-procedure", "Find the holder and end it: fuser -v FILE-initdb; kill PID", "sqlite"
            ),
            Advice(
                "consistency",
                "A process that loses its baton appends nothing more: the journal's head refuses it.",
            ),
        ),
    ),
    ErrorRow(
        "pending-work",
        "The database is not ready: there is work to do, and this process was told only to check.",
        _NOTHING,
        "Do the work: initdb run",
        causes=("mode = check, and revisions, seeds or a validation are pending.",),
        advice=(Advice("troubleshooting", "See what would be done: initdb plan"),),
        exit_code=3,
    ),
    ErrorRow(
        "database-ahead",
        "The database has a revision that this code does not know: it was brought further by newer code.",
        "Nothing was changed; a database is never downgraded by a boot.",
        "Deploy the code that knows the revision, or let this code serve with when_ahead = serve, then: "
        "initdb run",
        causes=(
            "A rollback of the deployment to older code.",
            "A branch with other revisions was tried on this database.",
            "The revision's file was not deployed.",
        ),
        advice=(
            Advice(
                "conflict-resolution",
                "See who applied the revision, and when: initdb journal --type migration_applied --last 5",
            ),
            Advice(
                "rollback",
                "With the newer code: initdb rollback, which reverts the revision and holds it back.",
            ),
            Advice(
                "history-repair",
                "If the revision's file is lost, restore it from version control: git log --all -- "
                "migrations/versions",
            ),
            Advice(
                "consistency",
                "No event is written and nothing is downgraded, so old and new replicas can run side by "
                "side.",
            ),
        ),
        requirements=("Version Conflicts",),
        exit_code=3,
    ),
    ErrorRow(
        "migration-held",
        "A revision was rolled back and is held: no boot applies it again by itself.",
        "The database stays at the revision before it.",
        "Change the revision's file and deploy it, or allow it as it is: initdb release",
        causes=("Somebody called initdb rollback.",),
        advice=(
            Advice(
                "troubleshooting",
                "See who reverted it, and when: initdb journal --type migration_reverted --last 1",
            ),
            Advice(
                "conflict-resolution",
                "A changed file is applied by the next boot; the same file waits for: initdb release",
            ),
        ),
        exit_code=3,
    ),
    ErrorRow(
        "crash-loop",
        "Runs of this code died several times in the same step without getting any further.",
        _STANDS + " The step that killed the runs was rolled back each time.",
        "Find out why the process dies in this step (memory, a limit, a signal), then: initdb resume",
        causes=(
            "The process was killed for its memory (exit code 137).",
            "A liveness probe restarts the container while it works.",
            "The step crashes the interpreter.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See which step and how often: initdb journal --last 20; and the system's log for “Out of "
                "memory”.",
            ),
            Advice(
                "alternative-configuration",
                "Do the work apart from serving: initdb run in a job of its own, mode = wait in the "
                "replicas.",
            ),
            Advice("alternative-configuration", "Allow more attempts: attempts = 10"),
        ),
    ),
    ErrorRow(
        "stopped",
        "The run was stopped from outside before it had ended.",
        _STANDS + " The step at work was rolled back.",
        "Go on where it stopped: initdb run",
        causes=("SIGTERM or SIGINT (Ctrl-C) reached the process, often from a deployment.",),
        advice=(
            Advice(
                "consistency",
                "The next boot goes on with the step that was cut short. The stop is in the journal, unless"
                " the step did not react within 8 s or a second signal came: then the process ended as if"
                " killed.",
            ),
        ),
        passing=True,
        exit_code=130,
    ),
    ErrorRow(
        "in-transaction",
        "The application's SQLite connection has a transaction open.",
        "The application's transaction was left as it is; nothing was changed.",
        "Commit or roll back before initdb is called, then start again.",
        causes=(
            "create_app() uses the session before init_app() is called.",
            "A test keeps a transaction open on the shared connection.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Find the first use of the session before init_app(app, db), and end it: db.session.commit()",
                "sqlite",
            ),
            Advice("consistency", "To go on would commit the application's unfinished work.", "sqlite"),
        ),
    ),
    ErrorRow(
        "transaction-ended",
        "The step's transaction ended while the step went on, so that its work and its record could not "
        "commit together.",
        "Every step that was committed stands. Of this one, what it committed itself stands too; the "
        "journal does not count it as done.",
        "Take the commit out of the step's code, or let it not pass over the error that rolled it back, "
        "then: initdb resume",
        causes=(
            "A base schema's function or a rule called commit() or rollback() on its connection.",
            "INSERT OR ROLLBACK, RAISE(ROLLBACK) or a full disk made SQLite roll back, and the step caught "
            "the error.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Look for commit(), rollback(), and an except that catches a database error, in the code "
                "that the step runs.",
            ),
            Advice(
                "manual-data-fix",
                "What the step wrote by itself stands in the database; take it back by hand where the step "
                "cannot be repeated.",
            ),
        ),
    ),
    ErrorRow(
        "lock-timeout",
        "A lock that this step needs was not given in time.",
        "Every step that was committed stands; this one was rolled back and blocks nobody.",
        "End or wait for the transaction that holds the lock; later boots try again by themselves, or: "
        "initdb resume",
        causes=(
            "A long transaction of the application, a report or a backup uses the table.",
            "Somebody left a transaction open in a console.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See who blocks whom: SELECT pid, pg_blocking_pids(pid), state, query FROM pg_stat_activity "
                "WHERE cardinality(pg_blocking_pids(pid)) > 0",
                "postgresql",
            ),
            Advice("troubleshooting", "See which processes use the file: fuser -v FILE", "sqlite"),
            Advice(
                "alternative-configuration",
                "Wait longer for locks: lock_timeout = 30 (seconds). While a schema change waits, later "
                "queries on the table wait behind it.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "With PRAGMA journal_mode = WAL readers and the writer do not wait for each other.",
                "sqlite",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "statement-timeout",
        "The server ended a statement that took longer than its limit allows.",
        "Every step that was committed stands; this one was rolled back.",
        "Raise statement_timeout for this role, or make the statement cheaper, then: initdb resume",
        causes=(
            "statement_timeout is set for the role, the database or the server.",
            "The table is larger than it was where the revision was tried.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See where the limit comes from: SELECT name, setting, source FROM pg_settings WHERE name "
                "= 'statement_timeout'",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Let the working role take longer: ALTER ROLE shop_owner SET statement_timeout = 0",
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
        "Ask whoever cancelled it, then: initdb resume",
        causes=("An administrator called pg_cancel_backend.", "The process was asked to stop."),
        advice=(
            Advice(
                "troubleshooting",
                "The server's log names the time of the cancel, and the statement.",
                "postgresql",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "deadlock",
        "Two transactions waited for each other, and the database ended this one.",
        "Every step that was committed stands; this one was rolled back.",
        "Nothing needs mending; later boots try again by themselves, or: initdb resume",
        causes=(
            "The application writes to the same tables in another order.",
            "Two programs change the schema at the same time.",
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
        "The database ended this transaction in favour of another one that changed the same rows.",
        "Every step that was committed stands; this one was rolled back.",
        "Nothing needs mending; later boots try again by themselves, or: initdb resume",
        causes=(
            "The engine's isolation level is REPEATABLE READ or SERIALIZABLE.",
            "A standby had to remove rows that a query still read.",
        ),
        advice=(
            Advice(
                "alternative-configuration",
                "Work in READ COMMITTED: give work_url no isolation level of its own.",
                "postgresql",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "unsupported-database",
        "This kind of database is not supported; SQLite and PostgreSQL are.",
        _NOTHING,
        "Name a SQLite or PostgreSQL database in database_url, then: initdb run",
        causes=("database_url names MySQL, Oracle or another database.",),
        advice=(Advice("alternative-configuration", "Use postgresql://app@host/shop, or sqlite:///app.db"),),
        exit_code=2,
    ),
    ErrorRow(
        "internal-error",
        "Something happened in initdb itself that it did not expect.",
        "Every step that was committed stands; the one at work was rolled back.",
        "Report it with the lines above; to try again: initdb resume",
        causes=(
            "A mistake in initdb.",
            "A version of a library that behaves in another way than the ones it was tested with.",
        ),
        advice=(
            Advice(
                "troubleshooting", "See what was done before: initdb journal --last 20; versions: pip freeze"
            ),
        ),
    ),
)
