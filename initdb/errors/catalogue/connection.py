"""Catalogue: the server cannot be reached, or the connection to it is lost."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed: there was no connection yet."
_UNIT = "Every step that was committed stands; the step at work was rolled back by the database."

_SQLITE_INSTEAD = Advice(
    "alternative-configuration",
    "To go on without a server, use a SQLite file: initdb run --database-url sqlite:///app.db\n"
    "The same models, revisions and seeds are applied there; the URL alone decides.",
    "postgresql",
)
_SOCKET_INSTEAD = Advice(
    "alternative-configuration",
    "A server on the same machine can be reached through its socket: "
    "postgresql:///shop?host=/var/run/postgresql\n"
    "In containers the host is the service's name (db), not localhost.",
    "postgresql",
)
_URL_EXAMPLE = Advice(
    "configuration-example",
    'In initdb.toml: database_url = "postgresql://app@db.example.com:5432/shop"\n'
    "Or in pyproject.toml, under [tool.initdb], with the password kept out of the file:\n"
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
            "Host or port of the URL are not the server's.",
            "The server listens on its socket or on localhost only (listen_addresses).",
            "A firewall rejects the connection.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Ask the server whether it accepts connections: pg_isready -h HOST -p PORT\n"
                "If it does not answer, look at the service and its log:\n"
                "    systemctl status postgresql\n"
                "    docker compose ps db\n"
                "If it answers here and not from the application's machine, look at listen_addresses in "
                "postgresql.conf, at pg_hba.conf and at the firewall.",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "SQLite has no server: a refused connection means that database_url names another database.\n"
                "See what is in force with: initdb status",
                "sqlite",
            ),
            _SQLITE_INSTEAD,
            _SOCKET_INSTEAD,
            Advice(
                "alternative-configuration",
                "Use a file on a local disk, or no file at all for a trial: sqlite:///app.db, "
                "sqlite:///:memory:",
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
        "The name of the database host is unknown to the resolver.",
        _NOTHING,
        "Correct the host in database_url, then: initdb run",
        causes=(
            "A typing error in the host's name.",
            "The name exists only inside another network (a container's service name, a private DNS zone).",
            "A special character of the password is not escaped, so that a part of it was read as the host.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Ask the resolver from the same machine or container: getent hosts HOST\n"
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
            "A firewall or a security group drops the packets silently.",
            "The address is that of another network.",
            "The server is overloaded, or frozen.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Test the way to the port alone: nc -vz -w 5 HOST PORT\n"
                "A refusal answers at once; silence points to a firewall, a security group or a wrong "
                "address.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "A slow network may be given more time: add ?connect_timeout=30 to database_url (seconds).\n"
                "How long a boot keeps trying is the setting wait_limit.",
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
            "The address is of an IP version that has no route.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Look at the route to the host: ip route get ADDRESS\n"
                "Where a name has an IPv6 and an IPv4 address, try each: psql -h ADDRESS.",
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
            "The server has no TLS and sslmode asks for it, or the server asks for TLS and sslmode forbids "
            "it.",
            "The server's certificate is not signed by the authority in sslrootcert, has expired, or is "
            "for another host.",
            "The client's key file can be read by others; the driver then refuses to use it.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Look at what the server offers: openssl s_client -starttls postgres -connect HOST:PORT\n"
                "Compare the certificate's names and dates with the host in the URL; chmod 0600 the "
                "client's key.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Inside a trusted network sslmode=prefer accepts a server without TLS; sslmode=verify-full "
                "checks "
                "the certificate and the host, and is the one to use across networks.",
                "postgresql",
            ),
            Advice(
                "configuration-example",
                'In initdb.toml: database_url = "postgresql://app@db.example.com/shop?sslmode=verify-full"\n'
                "With an authority of your own:\n"
                "    database_url = "
                '"postgresql://app@db.example.com/shop?sslmode=verify-full&sslrootcert=/etc/ssl/db-ca.pem"',
                "postgresql",
            ),
        ),
        requirements=("Connection Refused",),
    ),
    ErrorRow(
        "server-starting",
        "The database server is starting, recovering or shutting down and takes no connections yet.",
        _NOTHING,
        "Wait until the server is up; boots try again by themselves, or: initdb run",
        causes=("The server was restarted a moment ago.", "It recovers from a crash, or replays a backup."),
        advice=(
            Advice(
                "troubleshooting",
                "Follow the server's log until it says that it is ready to accept connections; pg_isready "
                "tells it too.\n"
                "A recovery after a crash can take minutes. A server that restarts over and over is often "
                "out of disk.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Let boots wait longer: wait_limit = 600 (seconds)\n"
                "In Docker Compose let the application start after the health check of the database:\n"
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
        "The server lets nobody into this database at present.",
        _NOTHING,
        "Open it: ALTER DATABASE shop ALLOW_CONNECTIONS true; boots wait and go on by themselves.",
        causes=(
            "It was closed for maintenance (ALLOW_CONNECTIONS false), for a restore or a copy.",
            "It is a template, such as template0.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See which databases are closed: SELECT datname, datallowconn FROM pg_database",
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
            "Connections were left idle by other programs.",
            "The role or the database has a limit of its own (CONNECTION LIMIT).",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See who holds the connections: SELECT usename, state, count(*) FROM pg_stat_activity "
                "GROUP BY 1, 2\n"
                "And which limit was met:\n"
                "    SHOW max_connections;\n"
                "    SELECT rolname, rolconnlimit FROM pg_roles WHERE rolconnlimit >= 0;",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Make the application's pools smaller, put PgBouncer in front, or raise max_connections.\n"
                "A run needs two connections while it works; processes that wait hold none between their "
                "looks.",
                "postgresql",
            ),
            Advice(
                "configuration-example",
                "In postgresql.conf: max_connections = 200 (a restart makes it effective)",
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
            "The server's last free connection was the first of the two.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Look at the role's own limit: SELECT rolconnlimit FROM pg_roles WHERE rolname = "
                "current_user\n"
                "One connection works; the other holds the baton that tells other processes that somebody "
                "does.",
                "postgresql",
            ),
            Advice(
                "user-permissions",
                "Raise the limit of the role: ALTER ROLE app CONNECTION LIMIT 20",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Let another role do the work: work_url may name one with more connections than the "
                "application's.",
                "postgresql",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "connection-lost",
        "The connection to the database was lost in the middle of the work.",
        _UNIT,
        "Nothing needs mending; the next boot goes on from here, or: initdb run",
        causes=(
            "The server was restarted, failed over, or ended the session (pg_terminate_backend, a timeout).",
            "The network or a pooler in between closed the connection.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Read the server's log at the time of the error: it says why the session ended.\n"
                "Whether the last COMMIT arrived is settled by the journal at the next boot, never guessed.",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "Look whether the file was replaced, moved or deleted, or the disk removed, while it was "
                "open.",
                "sqlite",
            ),
            Advice(
                "consistency",
                "A step and the event that records it commit in one transaction, so either both are there "
                "or neither.",
            ),
        ),
        passing=True,
    ),
    ErrorRow(
        "connection-failed",
        "The database could not be opened, for a reason that the driver does not say more exactly.",
        _NOTHING,
        "Act on the driver's message above, then: initdb run",
        causes=("The driver's own message is all that is known.",),
        advice=(
            Advice(
                "troubleshooting",
                "Connect with the same values by hand: psql -h HOST -p PORT -U USER DATABASE\n"
                "The server's log often says more than it tells the client.",
                "postgresql",
            ),
            Advice(
                "troubleshooting",
                "Open the file by hand: sqlite3 FILE 'PRAGMA integrity_check'\n"
                "and look at it and at its folder: ls -ld FOLDER FILE",
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
