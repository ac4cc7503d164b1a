"""Catalogue: backups that are made before a change, and what is restored from them."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

BACKUPS: tuple[ErrorRow, ...] = (
    ErrorRow(
        "backup-not-set-up",
        "A backup is to come before changes, but nothing says how it is made.",
        "No connection was made.",
        'Set in initdb.toml: backup_command = "pg_dump --format=custom --file={file}"; backup_folder = '
        '"/var/backups/shop"; then: initdb run',
        causes=("The database was moved from SQLite, which needs no command, to PostgreSQL.",),
        advice=(
            Advice(
                "alternative-configuration",
                "A command that keeps its backups elsewhere has no {file}, and needs no folder: "
                'backup_command = "pgbackrest --stanza=shop backup"',
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "backup-failed",
        "The backup could not be made that has to come before the first change.",
        "Nothing was changed: the backup comes before the first change.",
        "Correct what the lines say; later boots try again by themselves, or: initdb resume",
        causes=(
            "The program of backup_command is not installed where initdb runs: images of applications often "
            "lack pg_dump.",
            "pg_dump is older than the server, or the role may not read all tables.",
            "The folder of the backups cannot be made or must not be written: backup_folder, or that of the "
            "SQLite file.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Run the command by hand, on the same machine and as the same user: "
                "pg_dump --format=custom --file=try.backup DBURL",
                "postgresql",
            ),
            Advice("alternative-configuration", "To go on without a backup: initdb resume --backup off"),
            Advice(
                "configuration-example",
                'In initdb.toml: backup_command = "pg_dump --format=custom --file={file}", and backup_folder',
                "postgresql",
            ),
            Advice("configuration-example", 'In initdb.toml: backup_folder = "/var/backups/shop"', "sqlite"),
            Advice(
                "consistency",
                "The backup is complete and noted in the journal before anything is changed.",
            ),
        ),
        passing=True,
    ),
)
