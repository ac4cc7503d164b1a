"""Catalogue: credentials that the server rejects, and permissions that the role or the process lacks."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed."

_SQLITE_NO_LOGIN = Advice(
    "credential-verification",
    "SQLite has no users and no passwords: the permissions of the file decide who may use the database.\n"
    "An encrypted file (SQLCipher) is reported as a file that is not a database.",
    "sqlite",
)
_WORK_URL = Advice(
    "alternative-configuration",
    "Let a role with more rights do the work: set work_url beside database_url.\n"
    "A boot then works as the role in work_url; the application itself still connects as the role in "
    "database_url.",
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
    "Move the file to a folder where the process may write: --database-url sqlite:////var/lib/shop/app.db",
    "sqlite",
)

ACCESS: tuple[ErrorRow, ...] = (
    ErrorRow(
        "authentication-failed",
        "The database server did not accept the credentials.",
        _NOTHING,
        "Correct the user or the password in the deployment's configuration, then: initdb run",
        causes=(
            "The password is wrong, has expired or was changed, or none was given.",
            "The role does not exist, or may not log in.",
            "pg_hba.conf has no line for this user, database, address and encryption, or requires another "
            "method (peer).",
            "A special character in the password is not escaped in the URL.",
        ),
        advice=(
            Advice(
                "credential-verification",
                "Try the same credentials by hand; psql asks for the password: psql -W DBURL\n"
                "If that works, check where the application reads them from: the environment, ~/.pgpass "
                "(mode 0600), initdb.toml. In a URL write @ as %40, / as %2F, : as %3A, # as %23 and % as "
                "%25.\n"
                "If it does not, set a new password in psql, which does not show it:\n"
                "    \\password app",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "Read the server's log: it names the line of pg_hba.conf that applied; the client is not "
                "told.\n"
                "If it says “Peer authentication failed”, put a host into the URL, so that the connection "
                "uses TCP.",
                "postgresql",
            ),
            _SQLITE_NO_LOGIN,
            Advice(
                "configuration-example",
                'In initdb.toml: database_url = "postgresql://app@db.example.com/shop", the password in '
                "~/.pgpass\n"
                "    # ~/.pgpass, mode 0600; one line: host:port:database:user, a colon, the password\n"
                "    # or in the environment of the service, never in a file under version control:\n"
                "    # DATABASE_URL, or PGPASSWORD\n"
                "In pg_hba.conf, this line lets the role log in with a password:\n"
                "    host  shop  app  10.0.0.0/8  scram-sha-256",
                "postgresql",
            ),
            Advice(
                "configuration-example",
                'In initdb.toml: database_url = "sqlite:///app.db" (SQLite needs no user and no password)',
                "sqlite",
            ),
        ),
        requirements=("Authentication Failures",),
    ),
    ErrorRow(
        "unknown-database",
        "The database does not exist on this server.",
        _NOTHING,
        "Correct the name in the URL. Or let initdb create the database: initdb run --create-database yes",
        causes=(
            "The name has a typing error.",
            "The database was not created yet. That happens only if a person at a terminal agrees, or if the "
            "setting create_database says so.",
            "The database is on another server.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "List the server's databases: psql -l SERVERURL",
                "postgresql",
            ),
            Advice(
                "configuration-example",
                "Where nobody can be asked, in servers and jobs, a setting lets boots create it: "
                "INITDB_CREATE_DATABASE=yes\n"
                "Of several processes that boot at once, one creates it.",
                "postgresql",
            ),
            Advice(
                "user-permissions",
                "Let an administrator of the server create it: "
                'CREATE DATABASE "DBNAME" OWNER "DBROLE"\n'
                "If the role has CREATEDB, a boot creates the database where create_database is yes.",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "SQLite creates a missing file, but never a missing folder.",
                "sqlite",
            ),
        ),
        requirements=("Connection Refused",),
    ),
    ErrorRow(
        "login-paused",
        "The server has refused these credentials, and a boot of this host does not try them again yet.",
        _NOTHING,
        "Correct the user or the password; others are tried at once. To try these at once: initdb resume",
        causes=(
            "The application is restarted on and on with a wrong password.",
            "The role was made, or its password set on the server, after this host had been refused.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Many servers lock an account after some wrong passwords; so the pause doubles "
                "with each refusal.\n"
                "login_pause and login_pause_limit say how long it is, login_pause = 0 turns it off.",
            ),
            Advice(
                "credential-verification",
                "Try the same credentials by hand; psql asks for the password: psql -W DBURL",
                "postgresql",
            ),
        ),
    ),
    ErrorRow(
        "database-permission-denied",
        "The database role lacks a permission that this step needs.",
        "Every step that was committed stands; this one was rolled back.",
        "Give the role the permission that it lacks, then: initdb resume",
        causes=(
            "The objects belong to another role.",
            "Since PostgreSQL 15 only the owner of a database may create tables in its schema public.",
            "The application's role has few rights on purpose.",
        ),
        advice=(
            Advice(
                "user-permissions",
                'To bring a database to ready a role needs: GRANT CONNECT, CREATE ON DATABASE "DBNAME" TO '
                '"DBROLE"; GRANT USAGE, CREATE ON SCHEMA public TO "DBROLE"\n'
                "To alter a table, it must own the table or be a member of the role that does:\n"
                "    ALTER TABLE orders OWNER TO app;\n"
                "    GRANT shop_owner TO app;\n"
                "The role that only serves the application needs SELECT, INSERT, UPDATE and DELETE.",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "See the owners, and your own role: psql DBURL -c '\\dn+' -c '\\dt+' -c "
                "'SELECT current_user'",
                "postgresql",
            ),
            Advice(
                "user-permissions",
                "SQLite has no roles: the process's user must be able to read and write the file and its "
                "folder.",
                "sqlite",
            ),
            Advice(
                "permission-fix",
                "No file on the server needs a change: PostgreSQL keeps its permissions inside the database.",
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
        "Let root give it to the process's user: chown OSUSER FILE; chmod u+rwX FILE, then: initdb run",
        causes=(
            "The file or its folder belongs to another user, often root, because another command created it.",
            "The folder is not writable, and SQLite writes a second file beside the database.",
            "A security policy (SELinux, AppArmor) forbids it, or the container's volume has other user ids.",
        ),
        advice=(
            Advice(
                "permission-fix",
                "SQLite also writes to the folder, and to the files beside the database; see their owners: "
                "ls -la FOLDER\n"
                "The files whose names begin with that of the database and end in -wal, -shm, -journal or "
                "-initdb need the same owner.",
                "sqlite",
            ),
            Advice(
                "permission-fix",
                "With PostgreSQL, these are the client's files: ~/.pgpass, the TLS key and certificates, "
                "seed files.",
                "postgresql",
            ),
            Advice(
                "user-permissions",
                "SQLite has no roles; the process's user must be able to read and write the file, and to "
                "write to its folder.",
                "sqlite",
            ),
            Advice(
                "user-permissions",
                "The database role lacks nothing; the operating system's user lacks access to the file.",
                "postgresql",
            ),
            _ELSEWHERE,
            Advice(
                "alternative-configuration",
                "Name another path for the file in the URL or in the settings: sslkey=, sslcert=, seeds, "
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
                "Check the file system and the URL: findmnt -T FOLDER; mode=ro and immutable=1 forbid "
                "writing",
                "sqlite",
            ),
            Advice(
                "permission-fix",
                "Make the file and its folder writable: chmod u+w DBFILE FOLDER, or mount -o remount,rw "
                "MOUNTPOINT",
                "sqlite",
            ),
            Advice(
                "user-permissions",
                'Allow the role to write: ALTER ROLE "DBROLE" SET default_transaction_read_only = off',
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Let the driver find the primary: postgresql://app@a,b/shop?target_session_attrs=read-write\n"
                'A replica that only reads can boot with mode = "wait": it waits until others have brought '
                "the database to ready.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                'A process that only reads can boot with mode = "wait" or mode = "check": it writes nothing.',
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
