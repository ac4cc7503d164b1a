"""Catalogue: the database file, its disk, and the limits of the server."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed."
_UNIT = "Every step that was committed stands; the step at work was rolled back."

_FILE_EXAMPLE = Advice(
    "configuration-example",
    'In initdb.toml: database_url = "sqlite:///app.db" (four slashes begin an absolute path)',
    "sqlite",
)

STORAGE: tuple[ErrorRow, ...] = (
    ErrorRow(
        "folder-missing",
        "The folder of the database file does not exist.",
        _NOTHING,
        "Create the folder (mkdir -p FOLDER), or correct the path in database_url, then: initdb run",
        causes=(
            "The path has a typing error.",
            "A relative path started from another working directory: sqlite:///app.db is relative, "
            "sqlite:////app.db is not.",
            "A volume is not mounted.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "SQLite creates a missing file, never a missing folder: mkdir -p FOLDER\n"
                "If the folder should be a volume, check that it is mounted: findmnt -T FOLDER",
                "sqlite",
            ),
            Advice(
                "permission-fix",
                "Create the folder for the process's user alone: install -d -o OSUSER -m 700 FOLDER",
                "sqlite",
            ),
            Advice(
                "alternative-configuration", "Put the file in an existing folder: sqlite:///app.db", "sqlite"
            ),
            _FILE_EXAMPLE,
        ),
        requirements=("Connection Refused",),
    ),
    ErrorRow(
        "database-is-a-folder",
        "The path in database_url is a folder, or something else that is not a regular file.",
        _NOTHING,
        "Name a file in database_url, such as sqlite:///DBFILE/app.db, then: initdb run",
        causes=(
            "The file's name is missing at the end of the path.",
            "A container created a folder because the file to be mounted was missing.",
        ),
        advice=(
            Advice("troubleshooting", "See what the path is: ls -ld DBFILE", "sqlite"),
            _FILE_EXAMPLE,
        ),
        requirements=("Connection Refused",),
    ),
    ErrorRow(
        "not-a-database",
        "The file is not a SQLite database.",
        "Nothing was changed; the file is as it was.",
        "Correct the file in database_url, or move this one away: mv DBFILE DBFILE.moved, then: initdb run",
        causes=(
            "The URL names some other file.",
            "The database is encrypted (SQLCipher), or compressed (a backup).",
            "The beginning of the file was overwritten.",
        ),
        advice=(
            Advice("troubleshooting", "See what the file is: file DBFILE", "sqlite"),
            Advice(
                "file-restoration",
                "If it should be a database, restore a backup, or save what can still be read, as initdb "
                "explain "
                "database-corrupt says.",
                "sqlite",
            ),
            Advice("alternative-configuration", "Start with a new file: sqlite:///new.db", "sqlite"),
            _FILE_EXAMPLE,
        ),
        requirements=("Connection Refused",),
    ),
    ErrorRow(
        "database-corrupt",
        "The database is damaged: its own checks fail.",
        _UNIT,
        "Restore a backup, or recover the data (initdb explain database-corrupt), then: initdb resume",
        causes=(
            "The file was copied while it was written, without its -wal or -journal.",
            "Two programs wrote it through a network file system without locks.",
            "The disk is failing, or the power failed while SQLite's synchronous was OFF.",
        ),
        advice=(
            Advice(
                "backup",
                "Before you try anything, copy the file together with its -wal and -journal.",
                "sqlite",
            ),
            Advice(
                "backup",
                "Before you try anything, stop the server and copy its data directory.",
                "postgresql",
            ),
            Advice(
                "manual-procedure",
                "See how much is damaged, then write what can be read into a new file: sqlite3 DBFILE "
                "'PRAGMA "
                "integrity_check'\n"
                "    sqlite3 DBFILE .dump | sed 's/^ROLLBACK;.*/COMMIT;/' | sqlite3 recovered.db\n"
                "    sqlite3 recovered.db 'PRAGMA integrity_check; PRAGMA foreign_key_check'\n"
                "Rows of the damaged part are missing. sqlite3 DBFILE .recover finds more of them, if that "
                "program "
                "has it: with some builds it prints no table at all.\n"
                "Put the new file in the place of the old one, then check its journal: initdb journal verify",
                "sqlite",
            ),
            Advice(
                "manual-procedure",
                "Find what is damaged, and rebuild the indexes first: SELECT * FROM bt_index_check('NAME') "
                "(extension amcheck)\n"
                "    REINDEX DATABASE shop;\n"
                "Damage in a table needs a backup, or the help of someone who knows pageinspect.",
                "postgresql",
            ),
            Advice(
                "consistency",
                "No boot repairs this: damaged data cannot be told from sound data.",
            ),
        ),
    ),
    ErrorRow(
        "disk-full",
        "The disk of the database is full.",
        _UNIT,
        "Free space on the disk; later boots try again by themselves, or: initdb resume",
        causes=(
            "The disk, its quota or its inodes are used up.",
            "A migration that rewrites a table needs free space of the table's size.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See the free space and the free inodes on the file's disk: df -h FOLDER; df -i FOLDER",
                "sqlite",
            ),
            Advice(
                "troubleshooting",
                "See the free space where the server keeps its data: SHOW data_directory, then there: df -h\n"
                "A replication slot that nobody reads keeps old files in pg_wal:\n"
                "    SELECT slot_name, active FROM pg_replication_slots;",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Move the file to a larger disk, and change its path in database_url.",
                "sqlite",
            ),
            Advice(
                "alternative-configuration",
                "Put large tables on another disk: CREATE TABLESPACE",
                "postgresql",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "disk-error",
        "The operating system reported an error while the database read or wrote its file.",
        _UNIT,
        "Read what the system's log says about the disk, fix the disk, then: initdb resume",
        causes=(
            "The disk or the network file system is failing.",
            "The disk was full when the file was synced.",
            "The file was replaced while it was open.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Read the system's log: dmesg --level=err,warn; and the space: df -h FOLDER",
                "sqlite",
            ),
            Advice(
                "troubleshooting",
                "Read the log of the server's system: dmesg --level=err,warn; and the server's own log",
                "postgresql",
            ),
            Advice("backup", "Before you try anything, copy the database to another disk."),
            Advice(
                "alternative-configuration",
                "Keep the file on a local disk: network file systems lose SQLite's locks.",
                "sqlite",
            ),
        ),
    ),
    ErrorRow(
        "server-out-of-resources",
        "The database server has run out of memory or reached a configured limit.",
        _UNIT,
        "Raise the limit that was reached (--show-values names it), then: initdb resume",
        causes=(
            "max_locks_per_transaction is too small for a revision that touches hundreds of tables.",
            "A query used up temp_file_limit, or the server's memory.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Compare the limit with the need: SHOW max_locks_per_transaction; SHOW temp_file_limit",
                "postgresql",
            ),
            Advice(
                "configuration-example",
                "In postgresql.conf: max_locks_per_transaction = 256 (takes effect after a restart)",
                "postgresql",
            ),
            Advice(
                "troubleshooting", "See the process's limits for memory and open files: ulimit -a", "sqlite"
            ),
        ),
    ),
    ErrorRow(
        "postgresql-too-old",
        "This PostgreSQL server is older than version 14, the oldest that initdb works with.",
        _NOTHING,
        "Upgrade the server (pg_upgrade), or name another one in database_url, then: initdb run",
        causes=("The server is past the end of its support, or soon will be.",),
        advice=(
            Advice("troubleshooting", "Ask the server: SELECT version()", "postgresql"),
            Advice("backup", "Before an upgrade: pg_dumpall > all.sql", "postgresql"),
        ),
    ),
    ErrorRow(
        "restore-unfinished",
        "The journal's tables are there, but not its rows and triggers: a backup is being restored.",
        "Nothing was changed.",
        "Wait until the restore is complete; boots go on by themselves. If none is at work, restore the "
        "whole backup, then: initdb run",
        causes=(
            "A restore is at work: it creates all tables first, then fills them, and makes triggers last.",
            "A restore was interrupted, or left out the rows.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See what is at work: SELECT pid, application_name, query FROM pg_stat_activity WHERE "
                "datname = current_database()",
                "postgresql",
            ),
            Advice("troubleshooting", "See which tables there are: sqlite3 DBFILE .tables", "sqlite"),
            Advice(
                "backup",
                "Restore into a database that is closed, or that has another name until it is complete, or "
                "in one transaction (psql --single-transaction): then no boot can see a part of it.",
                "postgresql",
            ),
        ),
        passing=True,
    ),
)
