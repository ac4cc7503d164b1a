"""Catalogue: the server is there, but the role or its credentials are not let in, or not let do what the "
"work needs."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed."

_SQLITE_NO_LOGIN = Advice(
    "credential-verification",
    "SQLite has no users and no passwords: who may use the database is decided by the permissions of its "
    "file.\n"
    "An encrypted file (SQLCipher) looks to SQLite like a file that is not a database.",
    "sqlite",
)
_WORK_URL = Advice(
    "alternative-configuration",
    "Let a stronger role do the work and serve with the small one: set work_url beside database_url.\n"
    "Boots then work with the role of work_url and the application serves with its own.",
    "postgresql",
)
_WORK_URL_EXAMPLE = Advice(
    "configuration-example",
    'In initdb.toml: work_url = "postgresql://shop_owner@db.example.com/shop"\n'
    "    [tool.initdb]\n"
    '    database_url = "postgresql://shop_app@db.example.com/shop"\n'
    '    work_url = "postgresql://shop_owner@db.example.com/shop"',
    "postgresql",
)
_ELSEWHERE = Advice(
    "alternative-configuration",
    "Put the file where the process may write: --database-url sqlite:////var/lib/shop/app.db",
    "sqlite",
)

ACCESS: tuple[ErrorRow, ...] = (
    ErrorRow(
        "authentication-failed",
        "The database server did not accept the credentials.",
        _NOTHING,
        "Correct the user or the password where the deployment keeps them, then: initdb run",
        causes=(
            "The password is wrong, has expired or was changed, or none was given.",
            "The role does not exist, or may not log in.",
            "pg_hba.conf has no line for this user, database, address and encryption, or asks for another "
            "method (peer).",
            "A special character of the password is not escaped in the URL.",
        ),
        advice=(
            Advice(
                "credential-verification",
                "Try the same credentials by hand, typing the password: psql -h HOST -p PORT -U USER -W "
                "DATABASE\n"
                "If that works, look at where the application reads them: the environment, ~/.pgpass (mode "
                "0600), "
                "initdb.toml. In a URL write @ as %40, / as %2F, : as %3A, # as %23 and % as %25.\n"
                "If it does not, give the role a new password in psql, which does not show it:\n"
                "    \\password app",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "Read the server's log: it names the line of pg_hba.conf that decided, which clients are "
                "not told.\n"
                "For “Peer authentication failed” give a host, so that the connection is made over TCP.",
                "postgresql",
            ),
            _SQLITE_NO_LOGIN,
            Advice(
                "configuration-example",
                'In initdb.toml: database_url = "postgresql://app@db.example.com/shop", the password in '
                "~/.pgpass\n"
                "    # ~/.pgpass, mode 0600; host:port:database:user, a colon and the password\n"
                "    # or in the environment of the service, never in a file under version control:\n"
                "    # DATABASE_URL, or PGPASSWORD\n"
                "A line of pg_hba.conf that lets the role in with a password:\n"
                "    host  shop  app  10.0.0.0/8  scram-sha-256",
                "postgresql",
            ),
            Advice(
                "configuration-example",
                'In initdb.toml: database_url = "sqlite:///app.db", which takes no user and no password',
                "sqlite",
            ),
        ),
        requirements=("Authentication Failures",),
    ),
    ErrorRow(
        "unknown-database",
        "The database does not exist on this server.",
        _NOTHING,
        "Create the database (createdb -O USER DATABASE), or correct its name in database_url, then: "
        "initdb run",
        causes=(
            "A typing error in the name.",
            "The database was not created yet, and the role has no CREATEDB.",
            "It is another server's.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "List what the server has: psql -h HOST -U USER -l",
                "postgresql",
            ),
            Advice(
                "user-permissions",
                "Create it for the role, or let the role do so: CREATE DATABASE shop OWNER app; ALTER ROLE "
                "app CREATEDB\n"
                "For a role with CREATEDB nothing need be prepared: the first boot creates the database.",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "SQLite creates a missing file itself, but never a missing folder.",
                "sqlite",
            ),
        ),
        requirements=("Connection Refused",),
    ),
    ErrorRow(
        "database-permission-denied",
        "The database role may not do what this step needs.",
        "Every step that was committed stands; this one was rolled back.",
        "Give the role the permission that the message names, then: initdb resume",
        causes=(
            "The objects belong to another role.",
            "Since PostgreSQL 15 only the owner of a database may create in the schema public.",
            "The application's role is kept small on purpose.",
        ),
        advice=(
            Advice(
                "user-permissions",
                "To bring a database to ready a role needs: GRANT CONNECT, CREATE ON DATABASE shop TO app; "
                "GRANT USAGE, CREATE ON SCHEMA public TO app\n"
                "and to alter a table it must own it, or be a member of the owner:\n"
                "    ALTER TABLE orders OWNER TO app;\n"
                "    GRANT shop_owner TO app;\n"
                "To serve, SELECT, INSERT, UPDATE and DELETE are enough.",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "See who owns what, and who you are: psql -c '\\dn+' -c '\\dt+' -c 'SELECT current_user'",
                "postgresql",
            ),
            Advice(
                "user-permissions",
                "SQLite has no roles: the user of the process needs read and write on the file and on its "
                "folder.",
                "sqlite",
            ),
            Advice(
                "permission-fix",
                "On the server nothing is to be changed in files: PostgreSQL keeps its permissions inside "
                "the database.",
                "postgresql",
            ),
            _WORK_URL,
            _WORK_URL_EXAMPLE,
            _ELSEWHERE,
        ),
        requirements=("Permission Errors",),
    ),
    ErrorRow(
        "file-permission-denied",
        "This process may not read or write a file or folder that it needs.",
        _NOTHING,
        "Give the process's user the file and its folder (chown, chmod as below), then: initdb run",
        causes=(
            "The file or its folder belongs to another user, often root, since it was made by another "
            "command.",
            "The folder is not writable: SQLite needs it for its journal beside the file.",
            "A mandatory policy (SELinux, AppArmor), or a container volume with other user ids.",
        ),
        advice=(
            Advice(
                "permission-fix",
                "Give the file and its folder to the user of the process: chown USER FOLDER FILE; chmod "
                "700 FOLDER; chmod 600 FILE\n"
                "See who may do what now:\n"
                "    ls -ld FOLDER FILE\n"
                "    id USER\n"
                "The files FILE-wal, FILE-shm, FILE-journal and FILE-initdb beside it need the same owner.",
                "sqlite",
            ),
            Advice(
                "permission-fix",
                "Give the file to the user of the process: chown USER FILE; chmod 600 FILE\n"
                "For PostgreSQL this concerns the client's files: ~/.pgpass, the TLS key and certificates, "
                "seed files.",
                "postgresql",
            ),
            Advice(
                "user-permissions",
                "SQLite has no roles; the user of the process needs read and write on the file and write "
                "on the folder.",
                "sqlite",
            ),
            Advice(
                "user-permissions",
                "No permission of a database role is missing; the operating system's user needs the file.",
                "postgresql",
            ),
            _ELSEWHERE,
            Advice(
                "alternative-configuration",
                "Name another place for the file in the URL or the settings: sslkey=, sslcert=, seeds, "
                "migrations.",
                "postgresql",
            ),
            Advice(
                "configuration-example",
                'In initdb.toml: database_url = "sqlite:////var/lib/shop/app.db"\n'
                "    # once, as root:\n"
                "    install -d -o shop -g shop -m 700 /var/lib/shop",
                "sqlite",
            ),
        ),
        requirements=("Permission Errors",),
    ),
    ErrorRow(
        "read-only-database",
        "The database can be read but not written.",
        _NOTHING,
        "Name the writable database in database_url (or work_url), then: initdb run",
        causes=(
            "The server is a standby, or default_transaction_read_only is on for the role or the database.",
            "The file lies on a read-only file system, or the URL says mode=ro or immutable=1.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Ask the server: SELECT pg_is_in_recovery(); SHOW default_transaction_read_only",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "Look at the file system and the URL: findmnt -T FILE; mode=ro and immutable=1 forbid "
                "writing",
                "sqlite",
            ),
            Advice(
                "permission-fix",
                "Make the file and its folder writable: chmod u+w FILE FOLDER, or mount -o remount,rw "
                "MOUNTPOINT",
                "sqlite",
            ),
            Advice(
                "user-permissions",
                "Let the role write: ALTER ROLE app RESET default_transaction_read_only",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Let the driver find the primary: postgresql://app@a,b/shop?target_session_attrs=read-write\n"
                'A replica that only reads boots with mode = "wait": it waits until others have brought '
                "the database to ready.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                'A process that only reads boots with mode = "wait" or mode = "check", and writes nothing.',
                "sqlite",
            ),
            Advice(
                "configuration-example",
                'In initdb.toml: mode = "wait"',
            ),
        ),
        requirements=("Permission Errors",),
    ),
)
