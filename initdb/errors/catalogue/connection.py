"""Catalogue: the server cannot be reached, or the connection to it is lost."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed: there was no connection yet."
_UNIT = "Every step that was committed stands; the database rolled back the step at work."

_SQLITE_INSTEAD = Advice(
    "alternative-configuration",
    "To go on without a server, use a SQLite file: initdb run --database-url sqlite:///app.db\n"
    "The same models, revisions and seeds work there; only the URL changes.",
    "postgresql",
)
_SOCKET_INSTEAD = Advice(
    "alternative-configuration",
    "A server on the same machine can be reached through its socket: "
    "postgresql:///DBNAME?host=/var/run/postgresql\n"
    "In containers the host is the service's name (db), not localhost.",
    "postgresql",
)
_URL_EXAMPLE = Advice(
    "configuration-example",
    'In initdb.toml: database_url = "postgresql://app@db.example.com:5432/shop"\n'
    "Or in pyproject.toml; keep the password out of the file:\n"
    "    [tool.initdb]\n"
    '    database_url = "postgresql://app@db.example.com:5432/shop"\n'
    "    # the password: ~/.pgpass (mode 0600), or the environment variable PGPASSWORD",
    "postgresql",
)
_FILE_EXAMPLE = Advice(
    "configuration-example",
    'In initdb.toml: database_url = "sqlite:///app.db" (four slashes begin an absolute path)\n'
    "    [tool.initdb]\n"
    '    database_url = "sqlite:////var/lib/shop/app.db"',
    "sqlite",
)

CONNECTION: tuple[ErrorRow, ...] = (
    ErrorRow(
        "connection-refused",
        "The database server refused the connection: nothing listens at this address.",
        _NOTHING,
        "Start the server, or correct database_url, then: initdb run",
        causes=(
            "The server is not running, or is still starting.",
            "The URL has the wrong host or port.",
            "The server listens only on its socket or on localhost (listen_addresses).",
            "A firewall rejects the connection.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Ask the server whether it accepts connections: pg_isready -d DBURL\n"
                "If it does not answer, check the service and its log:\n"
                "    systemctl status postgresql\n"
                "    docker compose ps db\n"
                "If it answers here but not from the application's machine, check listen_addresses in "
                "postgresql.conf, pg_hba.conf and the firewall.",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "SQLite has no server: a refused connection means that database_url names another database.\n"
                "See which URL is used: initdb status",
                "sqlite",
            ),
            _SQLITE_INSTEAD,
            _SOCKET_INSTEAD,
            Advice(
                "alternative-configuration",
                "Use a file on a local disk (sqlite:///app.db), or try it in memory (sqlite:///:memory:).",
                "sqlite",
            ),
            _URL_EXAMPLE,
            _FILE_EXAMPLE,
        ),
        requirements=("Connection Refused",),
        passing=True,
    ),
    ErrorRow(
        "host-not-found",
        "The name of the database host cannot be resolved.",
        _NOTHING,
        "Correct the host in database_url, then: initdb run",
        causes=(
            "The host's name has a typing error.",
            "The name exists only in another network (a container's service name, a private DNS zone).",
            "A special character in the password is not escaped, so a part of the password was read as the "
            "host.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Resolve the name on the same machine or in the same container: getent hosts HOST\n"
                "In a password, write @ as %40, / as %2F, : as %3A, # as %23 and % as %25.",
                "postgresql",
            ),
            _SOCKET_INSTEAD,
            _SQLITE_INSTEAD,
            _URL_EXAMPLE,
        ),
        requirements=("Connection Refused",),
        passing=True,
    ),
    ErrorRow(
        "connection-timeout",
        "The database server did not answer in time.",
        _NOTHING,
        "Make the server reachable from here, or correct database_url, then: initdb run",
        causes=(
            "A firewall or a security group silently drops the packets.",
            "The address belongs to another network.",
            "The server is overloaded, or frozen.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Test whether the port can be reached: nc -vz -w 5 HOST PORT\n"
                "A refusal answers at once; silence points to a firewall, a security group or a wrong "
                "address.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Allow a slow network more time: add ?connect_timeout=30 to database_url (seconds).\n"
                "The setting wait_limit says how long a boot keeps trying.",
                "postgresql",
            ),
            _SQLITE_INSTEAD,
            _URL_EXAMPLE,
        ),
        requirements=("Connection Refused",),
        passing=True,
    ),
    ErrorRow(
        "host-unreachable",
        "There is no route to the database host.",
        _NOTHING,
        "Join the host's network (VPN, container network), or correct database_url, then: initdb run",
        causes=(
            "The machine is off.",
            "The network or the VPN is down.",
            "This machine has no route for the address's IP version.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See how far packets come: tracepath HOST\n"
                "If the name has an IPv6 and an IPv4 address, try each: tracepath -6 HOST; tracepath -4 HOST",
                "postgresql",
            ),
            _SOCKET_INSTEAD,
            _SQLITE_INSTEAD,
            _URL_EXAMPLE,
        ),
        requirements=("Connection Refused",),
        passing=True,
    ),
    ErrorRow(
        "tls-failed",
        "An encrypted connection to the database server could not be set up.",
        _NOTHING,
        "Correct sslmode, sslrootcert or the certificate, then: initdb run",
        causes=(
            "The server has no TLS but sslmode requires it, or the server requires TLS but sslmode forbids "
            "it.",
            "The server's certificate is not signed by the authority in sslrootcert, has expired, or is "
            "for another host.",
            "Other users can read the client's key file, so the driver refuses to use it.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See which certificate the server offers: openssl s_client -starttls postgres -connect "
                "HOST:PORT\n"
                "Compare the certificate's names with the host in the URL, and check its dates. The client's "
                "key needs chmod 0600.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Inside a trusted network sslmode=prefer accepts a server without TLS; sslmode=verify-full "
                "checks the certificate and the host; use it across networks.",
                "postgresql",
            ),
            Advice(
                "configuration-example",
                'In initdb.toml: database_url = "postgresql://app@db.example.com/shop?sslmode=verify-full"\n'
                "With your own certificate authority:\n"
                "    database_url = "
                '"postgresql://app@db.example.com/shop?sslmode=verify-full&sslrootcert=/etc/ssl/db-ca.pem"',
                "postgresql",
            ),
        ),
        requirements=("Connection Refused",),
    ),
    ErrorRow(
        "server-starting",
        "The database server is starting, recovering or shutting down, and accepts no connections now.",
        _NOTHING,
        "Wait until the server is up; boots try again by themselves, or: initdb run",
        causes=(
            "The server was restarted a moment ago.",
            "It is recovering from a crash, or replaying a backup.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Follow the server's log until it says that it is ready to accept connections; pg_isready "
                "says so too.\n"
                "A recovery after a crash can take minutes. A server that restarts again and again is often "
                "out of disk space.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Let boots wait longer: wait_limit = 600 (seconds)\n"
                "In Docker Compose, start the application after the database's health check:\n"
                "    depends_on: {db: {condition: service_healthy}}",
                "postgresql",
            ),
            Advice("configuration-example", "In initdb.toml: wait_limit = 600", "postgresql"),
        ),
        requirements=("Connection Refused",),
        passing=True,
    ),
    ErrorRow(
        "database-closed",
        "The server accepts no connections to this database.",
        _NOTHING,
        'Allow connections: ALTER DATABASE "DBNAME" ALLOW_CONNECTIONS true; boots that wait then go on.',
        causes=(
            "An administrator closed it (ALLOW_CONNECTIONS false) for maintenance, a restore or a copy.",
            "It is a template, such as template0.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See which databases accept connections: SELECT datname, datallowconn FROM pg_database",
                "postgresql",
            ),
        ),
        requirements=("Connection Refused",),
        passing=True,
    ),
    ErrorRow(
        "too-many-connections",
        "The database server has no free connection for this role.",
        _NOTHING,
        "Free connections or raise the limit; boots wait and try again by themselves.",
        causes=(
            "Many replicas boot at once, each with its own pool.",
            "Other programs keep idle connections open.",
            "The role or the database has a limit of its own (CONNECTION LIMIT).",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See who holds the connections: SELECT usename, state, count(*) FROM pg_stat_activity GROUP "
                "BY 1, 2\n"
                "See which limit was reached:\n"
                "    SHOW max_connections;\n"
                "    SELECT rolname, rolconnlimit FROM pg_roles WHERE rolconnlimit >= 0;",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Make the application's pools smaller, put PgBouncer in front, or raise max_connections.\n"
                "A run needs two connections. A waiting process has none open between two looks at the "
                "database.",
                "postgresql",
            ),
            Advice(
                "configuration-example",
                "In postgresql.conf: max_connections = 200 (takes effect after a restart)",
                "postgresql",
            ),
        ),
        requirements=("Connection Refused",),
        passing=True,
    ),
    ErrorRow(
        "too-few-connections",
        "A run needs two connections at the same time, and could not open the second one.",
        "Nothing was changed: a run opens both before its first step.",
        "Allow two connections to this role, then: initdb run",
        causes=(
            "The role's CONNECTION LIMIT is 1.",
            "A pooler in front of the server gives one connection to each client.",
            "The first of the two was the server's last free connection.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See the role's own limit: SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user\n"
                "One connection does the work; the other holds the baton, the lock that tells other "
                "processes that a run is at work.",
                "postgresql",
            ),
            Advice(
                "user-permissions",
                'Raise the limit of the role: ALTER ROLE "DBROLE" CONNECTION LIMIT 20',
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Let another role do the work: set work_url to a role that may have more connections.",
                "postgresql",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "connection-lost",
        "The connection to the database was lost while a step was at work.",
        _UNIT,
        "Nothing to fix: the next boot goes on from here. To go on now: initdb run",
        causes=(
            "The server was restarted, failed over, or ended the session (pg_terminate_backend, a timeout).",
            "The network or a pooler in between closed the connection.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Read the server's log at the time of the error: it says why the session ended.\n"
                "The next boot reads in the journal whether the last COMMIT arrived; it never guesses.",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "Check whether the file was replaced, moved or deleted while it was open, or its disk "
                "removed.",
                "sqlite",
            ),
            Advice(
                "consistency",
                "A step and the event that records it commit in one transaction, so the database has both or "
                "neither.",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "connection-failed",
        "The database could not be opened; the driver does not say exactly why.",
        _NOTHING,
        "Act on what is said above, then: initdb run",
        causes=("Only the driver's own message is known.",),
        advice=(
            Advice(
                "troubleshooting",
                "Connect with the same values by hand: psql DBURL\n"
                "The server's log often says more than it tells the client.",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "Open the file by hand: sqlite3 DBFILE 'PRAGMA integrity_check'\n"
                "See the file and its folder: ls -ld FOLDER DBFILE",
                "sqlite",
            ),
            _SQLITE_INSTEAD,
            _URL_EXAMPLE,
            _FILE_EXAMPLE,
        ),
        requirements=("Connection Refused",),
        passing=True,
    ),
)
