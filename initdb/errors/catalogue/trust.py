"""Catalogue: files and folders that another user may have put there."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed."

TRUST: tuple[ErrorRow, ...] = (
    ErrorRow(
        "side-file-refused",
        "DBFILE-initdb, which a run locks while it works, is not a file that initdb may trust.",
        _NOTHING,
        "See what it is (ls -ld DBFILE-initdb). If no run is at work, move it out of the way: "
        "mv DBFILE-initdb DBFILE-refused, then: initdb run",
        causes=(
            "Another user of this machine put it there, perhaps to make a file through a symbolic link.",
            "A backup or a deployment tool replaced files by links.",
            "The database was given to another owner, and this file was not.",
        ),
        advice=(
            Advice(
                "permission-fix",
                "If it is an empty file of your own, give it the owner of the database: chown "
                "--no-dereference --reference=DBFILE DBFILE-initdb",
                "sqlite",
            ),
            Advice(
                "user-permissions",
                "It must be a regular file with one name, of this process's user, of root, or of the "
                "database's owner.\n"
                "Where a group shares the database (its file has g+w), the file of any member will do, as "
                "long as it has that group and other users may not write to the folder.",
                "sqlite",
            ),
        ),
    ),
    ErrorRow(
        "file-changed-meanwhile",
        "A revision or env.py is not the file any more that this process had read. It was not run.",
        "Every step that was committed stands; nothing of the changed file has run.",
        "See that the file is the one that you want (ls -l FILE), then: initdb resume",
        causes=(
            "A deployment replaced the files of a process that was at work.",
            "env.py, or a program that it calls, writes revisions.",
            "Another user may write the file.",
        ),
        advice=(
            Advice(
                "history-integrity",
                "The journal names the hash of what ran: the same bytes are hashed and compiled, and no "
                "compiled cache stands for them.\n"
                "See who may write the file: ls -l FILE",
            ),
        ),
    ),
)
