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
    ErrorRow(
        "not-in-manifest",
        "A file that would run is not as the signed manifest has it.",
        "Nothing was changed: the file was not run.",
        "Restore what was built (ls -l FILE). Or, if it is right, sign it where the private key is: "
        "initdb manifest manifest.jsonl --sign-with manifest.pem",
        causes=(
            "A revision, a seed or env.py was edited after the manifest was signed, or added.",
            "The manifest was not written anew for this release.",
            "The build converts line endings after it has signed.",
        ),
        advice=(
            Advice(
                "history-integrity",
                "The bytes that are hashed are the bytes that are compiled (docs/manifest.md).",
            ),
        ),
    ),
    ErrorRow(
        "manifest-unusable",
        "The manifest that the settings require cannot be used.",
        "Nothing was changed: nothing of the application was run.",
        "Let manifest_public_key name the public key, and sign the manifest with its private key: "
        "initdb manifest FILE --sign-with manifest.pem",
        causes=(
            "The manifest or the public key is missing, or cannot be read.",
            "The manifest is not signed, or with another key, or was edited after it was signed.",
            "The package cryptography is not installed.",
        ),
        advice=(
            Advice(
                "configuration-example",
                "A key is made where releases are built: initdb journal checkpoint --new-key manifest.pem "
                "> manifest.pub\n"
                '    require_manifest = "manifest.jsonl"\n'
                '    manifest_public_key = "manifest.pub"',
            ),
        ),
    ),
    ErrorRow(
        "settings-file-refused",
        "A settings file was found that another user can have put there. What it names would be run.",
        "Nothing was changed: the file was not used.",
        "If you trust the folder, name the file: INITDB_CONFIG=FILE initdb run; else read none: "
        "INITDB_CONFIG=/dev/null initdb run",
        causes=(
            "Another user owns the file or its folder, or every user may write one of them.",
            "Root works in the folder of an ordinary user, as the entrypoint of a container does.",
            "The file is in a folder above the working directory, such as /tmp.",
        ),
        advice=(
            Advice(
                "permission-fix",
                "See whose they are, and call initdb as that user: ls -ld FOLDER FILE\n"
                "Or give them to root, who should own what he runs: chown root FOLDER FILE",
            ),
            Advice(
                "alternative-configuration",
                "In an image, set INITDB_CONFIG once and for all, in its Dockerfile.\n"
                "    ENV INITDB_CONFIG=FILE\n"
                "The user who typed sudo is trusted. So is the owner of a folder that is mounted into a "
                "container in which no user has his number.",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "shared-folder",
        "Root does not open a SQLite database in a folder that every user may write.",
        "Nothing was changed: the database was not opened.",
        "Close the folder (chmod o-w FOLDER), or allow it: INITDB_ALLOW_SHARED_FOLDER=true initdb run",
        causes=(
            "The database lies in /tmp, or in a volume of mode 0777, and root is at work.",
            "A folder above it can be replaced by any user.",
        ),
        advice=(
            Advice(
                "user-permissions",
                "SQLite believes the files beside a database. By a journal that he puts there, another user "
                "can make root delete or overwrite any file, even where root only reads.",
                "sqlite",
            ),
            Advice(
                "alternative-configuration",
                "Work as the user of the application, not as root. Where nobody else is on the machine, as "
                "in most containers, say so for good: allow_shared_folder = true",
                "sqlite",
            ),
        ),
    ),
)
