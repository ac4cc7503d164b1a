"""Catalogue: backups that are made before a change, and what is restored from them."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_AS_IT_WAS = "Nothing was changed; the database is as it was."

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
    ErrorRow(
        "backup-not-found",
        "There is no such backup.",
        _AS_IT_WAS,
        "See which there are: initdb restore --list",
        causes=(
            "The name has a typing error.",
            "Somebody has removed the backup, or none was made: backup is off by default.",
            "The backups are in another folder now (backup_folder).",
        ),
        advice=(
            Advice(
                "alternative-configuration",
                "A path is taken too: initdb restore /var/backups/shop/last.backup",
                "sqlite",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "backup-unusable",
        "The database cannot be restored from this file.",
        _AS_IT_WAS,
        "See which others there are: initdb restore --list",
        causes=(
            "The file is damaged, or is no SQLite database.",
            "It has no journal, or that of another application or database.",
            "A newer version of initdb has written it.",
        ),
        advice=(
            Advice(
                "troubleshooting", "See what SQLite says: sqlite3 BACKUP 'PRAGMA integrity_check'", "sqlite"
            ),
            Advice(
                "manual-procedure",
                "To use the file all the same, stop what uses the database, move DBFILE and its -wal away, "
                "and put the file in its place; then: initdb run",
                "sqlite",
            ),
        ),
    ),
    ErrorRow(
        "restore-refused",
        "The database must not be replaced now.",
        _AS_IT_WAS,
        "Stop what uses the database, then: initdb restore BACKUP --yes",
        causes=(
            "Another process has the file open: the application, or a shell of SQLite.",
            "Nobody was there to ask, and --yes was not given.",
        ),
        advice=(
            Advice("troubleshooting", "See who has the file open: fuser -v DBFILE", "sqlite"),
            Advice(
                "consistency",
                "What a process wrote through an open connection after a restore could be lost.",
                "sqlite",
            ),
        ),
    ),
    ErrorRow(
        "restore-elsewhere",
        "This command restores SQLite files. The program that backed up a PostgreSQL database restores it.",
        _AS_IT_WAS,
        "Restore it into a new database (pg_restore), then swap the names: initdb explain restore-elsewhere",
        causes=("The database is on a PostgreSQL server.",),
        advice=(
            Advice(
                "manual-procedure",
                "Restore it beside the present one, then swap the names while nobody is connected:\n"
                "    createdb -h HOST -p PORT -U DBROLE restored\n"
                "    pg_restore -h HOST -p PORT -U DBROLE --exit-on-error --dbname=restored BACKUP\n"
                "    psql SERVERURL -c 'ALTER DATABASE \"DBNAME\" RENAME TO replaced'\n"
                "    psql SERVERURL -c 'ALTER DATABASE restored RENAME TO \"DBNAME\"'",
                "postgresql",
            ),
            Advice(
                "consistency",
                "After a restore boots go on from there. They apply the revisions that the code has and the "
                "backup has not.",
            ),
        ),
        exit_code=2,
    ),
)
