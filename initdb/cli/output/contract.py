"""What programs may rely on: the exit codes, and the fields of the JSON object that each command prints."""

from __future__ import annotations

from collections.abc import Mapping

EXIT_CODES: Mapping[str, str] = {
    "0": "ready; of a command that only looks or prints: done",
    "1": "failed: the error on stderr says what is wrong, what was kept and what fixes it",
    "2": "usage: an option, a setting, a URL or a name is wrong; nothing was changed",
    "3": "pending, held or not ready: there is work, and this command or its settings do not do it",
    "4": "another process is at work, and --no-wait was given",
    "130": "stopped by SIGINT (Ctrl-C); the step at work was rolled back",
    "143": "stopped by SIGTERM; the step at work was rolled back",
}
"""Exit code → what it means."""

VERIFY_CODES: Mapping[str, str] = {
    "0": "intact",
    "1": "something was found",
    "5": "it could not be checked: there is no journal, or it cannot be read",
}
"""The exit codes of `journal verify`, besides 2."""

Fields = dict[str, str]

DATABASE = "`kind` (sqlite or postgresql) and `url`, without a password"
ERROR = (
    "the failure, or null: `reference`, `message`, `context` (lines), `kept`, `fix`, `advice` (lines),"
    " `sqlstate`, `passing`, `database`, `exit_code`"
)
COMMON: Fields = {
    "command": "the command, such as `run` or `journal verify`",
    "exit_code": "what it exits with",
}

WORK: Fields = COMMON | {
    "outcome": "ready, failed, held, ahead, pending, busy, running (from inside a run), stopped, or done"
    " (rollback, release)",
    "already": "whether nothing was to be done by this process",
    "application": "what the application is called; of several databases, which one it is after a slash",
    "database": DATABASE,
    "state": "the state that the database is in, as far as it is known, else null",
    "run": "the id of the run, or null where none was begun",
    "steps": "what was done: `seq`, `at`, `type` of each event, and `text`, a sentence",
    "applied": "revisions applied, in order",
    "reverted": "revisions reverted, in order",
    "seeded": "seed sources brought to their end",
    "repaired": "what was repaired, a sentence each",
    "warnings": "what should be known although it is no failure",
    "assumed": "what was assumed where nothing was configured",
    "error": ERROR,
    "ms": "how long it took, in milliseconds",
}

STATUS: Fields = COMMON | {
    "application": "what the application is called",
    "database": DATABASE,
    "state": "the state in the journal",
    "verdict": "what a boot of this code would conclude: ready, work, failed, held or ahead",
    "reason": "why there is work",
    "changed": "the parts that changed: migrations, seeds, models, settings, catalog",
    "journal_schema": "where the journal is, or null where there is none",
    "entries": "how many entries the journal has",
    "at_work": "whether a process is at work now; it is then that of `run`",
    "last_type": "the type of the last entry, or null",
    "last_at": "its time, or null",
    "run": "the last run, or null: `run`, `at`, `host`, `pid`, `app`, `reason`, `ended` (null: it has not)",
    "rows": "the rows of the version table",
    "applied": "how many revisions the journal knows as applied",
    "held": "the revisions that were reverted and are held",
    "revisions": "those that make the verdict held or ahead",
    "seeds": "the seed sources that are applied",
    "failure": "the failure that stands, or null: `seq`, `at`, `retry_in` (seconds or null), `error`",
    "warnings": "what the last validation warned of",
}

FIELDS: Mapping[str, Fields] = {
    "run": WORK,
    "resume": WORK,
    "repair": WORK,
    "rollback": WORK,
    "release": WORK,
    "status": STATUS,
    "plan": COMMON
    | {
        "verdict": "as in status",
        "reason": "why there is work",
        "changed": "the parts that changed",
        "state": "what an inspection would find",
        "steps": "what would be done, in order: `step`, `subject`, `note`; empty where nothing is to be done",
        "assumed": "what was assumed where nothing was configured",
    },
    "validate": COMMON
    | {
        "valid": "whether no issue is an error",
        "severity": "the worst: info, warning, error or critical",
        "checks": "check → ok, or the severity of the worst that it found",
        "issues": "`kind`, `name`, `text`, `severity`, `suggestion` and `table` of each",
    },
    "journal verify": COMMON
    | {
        "outcome": "intact or findings",
        "database": DATABASE,
        "entries": "how many entries were checked",
        "hash": "the hash of the last one, or null: compare it with one that you kept elsewhere",
        "findings": "`seq` and `text` of each",
    },
    "explain": COMMON
    | {
        "reference": "the failure's name; without REFERENCE there is `references` instead: name → message",
        "message": "what is wrong",
        "kept": "what stands all the same",
        "fix": "what fixes it",
        "causes": "what usually leads to it",
        "passing": "whether it can pass by itself",
        "failure_exit_code": "what a command that ends with it exits with",
        "text": "the whole page",
    },
    "diagram": COMMON | {"mermaid": "the diagram"},
    "admin set-password": COMMON | {"username": "the user"},
}
"""Command → the fields of its object. `journal` prints no object, but each event as it is stored."""

FAILED: Fields = COMMON | {"outcome": "failed", "error": ERROR}
"""The object of any command that failed before it could begin; of `journal` too."""
