"""What programs may rely on: the exit codes, and the fields of the JSON that each command prints."""

from __future__ import annotations

from collections.abc import Mapping

EXIT_CODES: Mapping[str, str] = {
    "0": "ready; or, for a command that only reads, done",
    "1": "failed: the error on stderr says what is wrong, what was kept, and what fixes it",
    "2": "wrong usage: an option, a setting, a URL or a name is wrong; nothing was changed",
    "3": "pending, held or not ready: there is work, which this command or its settings do not do",
    "4": "another process works, and --no-wait was given",
    "130": "stopped by SIGINT (Ctrl-C); the current step was rolled back",
    "143": "stopped by SIGTERM; the current step was rolled back",
}
"""Exit code → its meaning."""

VERIFY_CODES: Mapping[str, str] = {
    "0": "intact",
    "1": "something was found",
    "5": "it could not be checked: there is no journal, or the journal cannot be read",
}
"""The exit codes of `journal verify`, besides 2."""

Fields = dict[str, str]

DATABASE = "`kind` (sqlite or postgresql) and `url`, without a password"
ERROR = (
    "the failure, or null: `reference`, `message`, `context` (lines), `kept`, `fix`, `advice` (lines),"
    " `sqlstate`, `passing`, `database`, `exit_code`"
)
EDITED = (
    "the files that were edited or removed since they were applied: `kind` (revision, seed or env.py),"
    " `name`, `file`, `at` (when it was applied; of env.py when the database was last ready), `was` and"
    " `now` (sha256; `now` is null if it was removed)"
)
COMMON: Fields = {
    "command": "the command, such as `run` or `journal verify`; empty if the words name none",
    "exit_code": "the exit code",
}

WORK: Fields = COMMON | {
    "outcome": "ready, failed, held, ahead, pending, busy, running (from inside a run), stopped, or done"
    " (rollback, release)",
    "already": "whether this process had nothing to do",
    "application": "the name of the application; of several databases, the name of this one after a slash",
    "database": DATABASE,
    "state": "the state of the database, or null if it is not known",
    "run": "the id of the run, or null if none began",
    "steps": "what was done: `seq`, `at` and `type` of each event, and `text`, a sentence",
    "applied": "the revisions that were applied, in order",
    "reverted": "the revisions that were rolled back, in order",
    "seeded": "the seed sources that were completed",
    "repaired": "what was repaired, one sentence each",
    "edited": EDITED,
    "warnings": "what a person should know, although nothing failed",
    "assumed": "what was assumed, since nothing was configured",
    "error": ERROR,
    "ms": "how long it took, in milliseconds",
}

STATUS: Fields = COMMON | {
    "application": "the name of the application",
    "database": DATABASE,
    "state": "the state in the journal",
    "verdict": "what a boot of this code would conclude: ready, work, failed, held or ahead",
    "reason": "why there is work",
    "changed": "the parts that have changed: migrations, seeds, models, rules, settings, catalog",
    "journal_schema": "the schema of the journal, or null if there is no journal",
    "entries": "how many entries the journal has",
    "at_work": "whether a process works now; it is the one of `run`",
    "last_type": "the type of the last entry, or null",
    "last_at": "its time, or null",
    "run": "the last run, or null: `run`, `at`, `host`, `pid`, `app`, `reason`, `ended` (null if it has not)",
    "rows": "the rows of the version table",
    "applied": "how many revisions are applied, as the journal knows",
    "held": "the revisions that were rolled back and are held",
    "revisions": "the revisions for which the verdict is held or ahead",
    "seeds": "the seed sources that are applied",
    "failure": "the failure that stands, or null: `seq`, `at`, `retry_in` (seconds, or null), `error`",
    "backup": "the file of the backup from before the last changes, or the command that made it; or null",
    "edited": EDITED,
    "warnings": "that the database cannot be written or is not safe, files that were edited, and the warnings"
    " of the last validation",
}

FIELDS: Mapping[str, Fields] = {
    "init": COMMON
    | {
        "folder": "the folder of the application",
        "found": "what was found there, one line each",
        "warnings": "what could not be read",
        "settings": "name → value of the settings that are proposed",
        "file": "the file that gets them, or null if there is nothing to write",
        "diff": "the unified diff of that file, or null",
        "written": "whether it was written",
        "boot": "the unified diff that makes the Flask application boot its database, or null; never written",
        "undecided": "what a person has to decide first",
        "needed": "what a person has to do besides",
        "next": "the command to type next",
    },
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
        "changed": "the parts that have changed",
        "state": "what an inspection would find",
        "missing": "that the database is not there, and what a boot does about it; or null",
        "at_work": "which other process is at work now, or null",
        "unknown": "why nothing can be foreseen, or null",
        "steps": "what a boot would do, in order, empty if there is nothing to do: `step`, `subject`, `note`;"
        " `event`, the type of the event that a run then writes (empty if the next step's says it too);"
        " `marks`, each with `kind` (destructive or blocks), `text` and `instead`, the safer way; with"
        " --sql also `sql`, the statements (null if they cannot be printed), and `refused`, why not",
        "stop": "the failure by which the run would then be stopped, or null; as `error` of run",
        "assumed": "what was assumed, since nothing was configured",
        "edited": EDITED,
        "warnings": "files in the folders of the seeds that are no seeds, with the reason; edited files",
    },
    "validate": COMMON
    | {
        "valid": "whether no issue is an error",
        "severity": "the worst severity: info, warning, error or critical",
        "checks": "check → ok, or the worst severity that it found",
        "issues": "`kind`, `name`, `text`, `severity`, `suggestion` and `table` of each",
    },
    "journal verify": COMMON
    | {
        "outcome": "intact or findings",
        "database": DATABASE,
        "entries": "how many entries were checked",
        "since": "with --since, the number of the entry after which they begin; null if all were checked",
        "archived": "the number of the last entry that is archived and was not checked, or null",
        "checkpoint": "if it is intact, a checkpoint of the last entry, not signed, for --since; else null",
        "hash": "the hash of the last entry, or null; compare it with one that you kept in another place",
        "findings": "`seq` and `text` of each",
        "checkpoints": "of each that was given: `line`, `seq`, `signature` (good, wrong, unsigned, of another"
        " key, unchecked) and `finding` (null if the journal agrees)",
        "damaged": "what was given and is no whole checkpoint, one sentence each",
    },
    "journal checkpoint": COMMON
    | {
        "outcome": "checkpoint; or key, with --new-key or --public-key: there are only `public_key` (PEM)"
        " and `file`, that of the private key",
        "database": DATABASE,
        "line": "the checkpoint",
        "journal": "the id of the journal",
        "entry": "the number of the last entry",
        "hash": "its hash",
        "at": "the time",
        "signed": "whether it is signed",
    },
    "replay": COMMON
    | {
        "outcome": "replayed; or impossible, if an event cannot have followed from those before it",
        "database": DATABASE,
        "point": "what was known after the event: `entry`, `at`, `type`, `run_of_entry`; `state`, `next`"
        " (what a boot would have done), `revisions_pending`, `seeds_pending`, `heads`, `applied`, `held`,"
        " `seeds`, `judgements`, `failure`, `doubt`, `retry`, `run`, `run_reason`, `run_began`, `run_ended`,"
        " `attempts`, `crashes`, `last_ready`, `backup`, `edited`, `accepted`, `version_table`, `catalog`,"
        " `journal`, `application`. With --diff there are `from` and `to` instead, and `changes`: `field`,"
        " `name`, `before` and `after` of each",
        "findings": "the events that cannot have followed: `seq` and `text` of each, the first one first",
    },
    "journal set-aside": COMMON
    | {
        "outcome": "set-aside",
        "seq": "the number of the entry",
        "was": "the type that it says it has",
    },
    "journal archive": COMMON
    | {
        "outcome": "archived; or nothing, if no entry before that moment could be moved",
        "database": DATABASE,
        "file": "the file",
        "upto": "the number of the last entry that was moved, or null; the first one was the second",
        "hash": "its hash, or null",
        "moved": "how many entries were moved",
        "entries": "how many entries the file has of the journal",
    },
    "journal export": COMMON
    | {
        "outcome": "exported",
        "database": DATABASE,
        "entries": "how many entries were exported",
        "hash": "the hash of the last entry, or null",
        "file": "the file of the export; without FILE nothing but the entries is printed",
    },
    "doctor": COMMON
    | {
        "problems": "how many findings keep a run from working",
        "warnings": "how many are what people stumble over",
        "findings": "`area`, `level` (ok, warning or problem), `text` and `fix` (what to type) of each",
        "sql": "the script of --sql, which examines nothing; else null",
    },
    "restore": COMMON
    | {
        "outcome": "listed, or restored",
        "database": DATABASE,
        "backups": "what can be restored, the newest first: `name`, `path`, `size` (bytes), and `entry`, `at`"
        " and `rows` of its journal (null if it cannot be read); null after a restore",
        "backup": "the file that was restored; this and what follows is null in a list",
        "digest": "its SHA-256",
        "replaced": "the file that keeps what was there before, or null if there was nothing",
        "entry_was": "the number of the last entry before, or null if it could not be read",
        "entry_is": "the number of the last entry of the backup",
        "undone": "the revisions that were applied and that the backup does not have",
    },
    "eject": COMMON
    | {
        "outcome": "ejected; or nothing, if there was nothing of initdb",
        "database": DATABASE,
        "journal_schema": "the schema that the journal was in, or null if there was none",
        "entries": "how many entries were exported",
        "hash": "the hash of the last entry, or null",
        "file": "the file of the export, or null if there was no journal",
        "findings": "where the journal was not intact: `seq` and `text` of each",
        "removed": "what was removed, each with its kind and its name",
        "left": "what a person has to remove",
        "warnings": "what is lost with the journal, or was not finished",
    },
    "explain": COMMON
    | {
        "reference": "the name of the error; without REFERENCE there is `references` instead: name → message",
        "message": "what happened",
        "kept": "what was kept",
        "fix": "what fixes it",
        "causes": "what usually leads to it",
        "passing": "whether it can pass by itself",
        "failure_exit_code": "the exit code of a command that ends with it",
        "text": "the whole page",
    },
    "completion": COMMON | {"script": "the script"},
    "diagram": COMMON | {"mermaid": "the diagram"},
    "manifest": COMMON
    | {"outcome": "written", "file": "the file, if one was named", "hashes": "how many it has"},
    "admin set-password": COMMON | {"username": "the user"},
}
"""Command → the fields of its object. `journal` prints no object, but events as they are stored."""

FAILED: Fields = COMMON | {"outcome": "failed", "error": ERROR}
"""The object of a command that failed before it could begin; `journal` prints it too."""
