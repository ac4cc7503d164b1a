"""Catalogue: settings, URLs, and the arguments of a command."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed: the settings are read first."
_EXAMPLE = Advice(
    "configuration-example",
    'In initdb.toml: database_url = "sqlite:///app.db"; the same under [tool.initdb] in pyproject.toml\n'
    "    [tool.initdb]\n"
    '    database_url = "postgresql://app@db.example.com/shop"\n'
    '    metadata = "shop.models:db.metadata"\n'
    '    migrations = "migrations"\n'
    '    seeds = "seeds"',
)

_DRIVER = Advice(
    "alternative-configuration",
    "For a plain postgresql://… SQLAlchemy 2.1 needs psycopg, and 2.0 psycopg2. Name the driver in the URL\n"
    "of the application (postgresql+psycopg2://…), or: pip install 'psycopg[binary]'",
    "postgresql",
)

SETTINGS: tuple[ErrorRow, ...] = (
    ErrorRow(
        "bad-usage",
        "A command, an option or an argument was typed that this initdb does not take.",
        "Nothing was changed: the command did not begin.",
        "See what the command takes: initdb run --help",
        causes=(
            "A name has a typing error.",
            "An argument or a value is missing.",
            "The option belongs to another command, or to another version of initdb.",
        ),
        advice=(
            Advice("troubleshooting", "List the commands: initdb --help"),
            Advice(
                "alternative-configuration",
                "In containers and scripts write python -m initdb: PostgreSQL has an initdb too.",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "bad-url",
        "database_url is not a database URL.",
        _NOTHING,
        "Write it as dialect://user@host:5432/database, or sqlite:///file, then: initdb run",
        causes=(
            "A special character in the password is not escaped.",
            "The port is not a number.",
            "Quotes or a line break were copied into it.",
        ),
        advice=(
            Advice(
                "troubleshooting", "In a password, write @ as %40, / as %2F, : as %3A, # as %23 and % as %25."
            ),
            Advice("configuration-example", "postgresql://app@db.example.com:5432/shop", "postgresql"),
            Advice(
                "configuration-example",
                "sqlite:///app.db (relative), sqlite:////var/lib/shop/app.db (absolute)",
                "sqlite",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "library-too-old",
        "A library that initdb needs is installed in a version that is too old.",
        _NOTHING,
        "Install a newer version, then: initdb run",
        causes=(
            "Another package of the application holds the library back.",
            "The package was installed with pip install --no-deps, or into an image that was built before.",
        ),
        advice=(
            Advice("troubleshooting", "See which package demands it: pip check; pip show sqlalchemy alembic"),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "no-such-driver",
        "The driver that the URL names is not installed, or SQLAlchemy does not know it.",
        _NOTHING,
        "Install the driver (for PostgreSQL: pip install psycopg2-binary), or correct the URL, then: "
        "initdb run",
        causes=(
            "The part before :// has a typing error.",
            "The driver is missing in this environment or image.",
            "Its system library (libpq) is missing.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See what is installed: pip list | grep -i psycopg; python -c 'import psycopg2'",
                "postgresql",
            ),
            Advice(
                "troubleshooting", "SQLite's driver comes with Python: python -c 'import sqlite3'", "sqlite"
            ),
            Advice(
                "alternative-configuration",
                "Use postgresql+psycopg2://… or sqlite://…: their drivers are installed with initdb.",
            ),
            _DRIVER,
        ),
        exit_code=2,
    ),
    ErrorRow(
        "database-url-missing",
        "No database was named.",
        _NOTHING,
        "Set DATABASE_URL, or: initdb run --database-url sqlite:///app.db",
        causes=("The environment variable is not set here.", "The configuration file is in another folder."),
        advice=(_EXAMPLE,),
        exit_code=2,
    ),
    ErrorRow(
        "schema-not-named",
        "Nothing says which schema the database is to have.",
        "Nothing was changed: no database was made or opened.",
        "Import the models before init_app is called, or name metadata or migrations: initdb init proposes "
        "settings. Then: initdb run",
        causes=(
            "The application's models and revisions are not configured: there are no settings here.",
            "The command was called in another folder than that of the settings.",
            "The db of a Flask application has no tables, since its models are imported after init_app, or "
            "nowhere.",
        ),
        advice=(
            Advice(
                "alternative-configuration",
                "The built-in identity schema (tenants, users) is created if you ask for it: schema_from ="
                ' "identity".',
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "bad-setting",
        "A setting has an invalid value.",
        _NOTHING,
        "Correct the value where it is set, then: initdb run",
        causes=(
            "It has a typing error.",
            "A number has a unit, or a list stands where one value is expected.",
        ),
        advice=(_EXAMPLE,),
        exit_code=2,
    ),
    ErrorRow(
        "unknown-setting",
        "There is no setting with this name.",
        _NOTHING,
        "Correct or remove the name where it is set, then: initdb run",
        causes=("It has a typing error.", "The setting belongs to another version of initdb."),
        advice=(_EXAMPLE,),
        exit_code=2,
    ),
    ErrorRow(
        "settings-file-unreadable",
        "A configuration file cannot be read.",
        _NOTHING,
        "Correct the file (TOML, UTF-8) or its permissions, then: initdb run",
        causes=(
            "It has a syntax error, such as a string without quotes or a repeated key.",
            "This user may not read the file.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                'See the line: python -c \'import tomllib; tomllib.load(open("FILE", "rb"))\'',
            ),
            _EXAMPLE,
        ),
        exit_code=2,
    ),
    ErrorRow(
        "settings-file-unwritable",
        "A settings file cannot be written.",
        "Nothing was changed: the file is as it was.",
        "Allow this user to write the file and its folder, then: initdb init --yes",
        causes=(
            "This user may not write the file, or the folder that it is in.",
            "Somebody else changed the file at the same moment.",
            "tool.initdb is an inline table, which is on one line and takes no other lines.",
        ),
        advice=(
            Advice("permission-fix", "See who may write it: ls -ld . pyproject.toml initdb.toml"),
            _EXAMPLE,
        ),
        exit_code=1,
    ),
    ErrorRow(
        "application-not-found",
        "There is no application in this folder for which settings can be proposed.",
        "Nothing was changed.",
        "Call it in the folder of the application. To try initdb without one: initdb run",
        causes=(
            "The application is in another folder.",
            "It has neither models of SQLAlchemy nor an Alembic directory nor Flask-SQLAlchemy.",
            "Its models are made in a way that cannot be read without running it.",
        ),
        advice=(
            Advice(
                "alternative-configuration",
                "Name the parts yourself: initdb init --metadata shop.models:Base --migrations migrations",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "bad-metadata",
        "The setting metadata does not lead to the models of the application.",
        _NOTHING,
        'Write metadata as "module:name", such as "shop.models:db", then: initdb run',
        causes=(
            "The module is neither in this folder nor installed.",
            "The module raises an error when it is imported.",
            "The name stands for something else than a MetaData, a declarative base, a db object of "
            "Flask-SQLAlchemy, or a function that returns one of these.",
        ),
        advice=(
            Advice("manual-procedure", "Import the module by hand: python -c 'import shop.models'"),
            Advice("configuration-example", 'In initdb.toml: metadata = "shop.models:db"'),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "bad-base",
        "The setting base does not lead to what creates the tables that come before the revisions.",
        _NOTHING,
        'Write base as "module:name", such as "shop.legacy:metadata", then: initdb run',
        causes=(
            "The module is neither in this folder nor installed.",
            "The module raises an error when it is imported.",
            "The name stands for something else than a MetaData, or a function that is given a connection.",
        ),
        advice=(
            Advice("manual-procedure", "Import the module by hand: python -c 'import shop.models'"),
            Advice(
                "configuration-example",
                'In initdb.toml: schema_from = "base" and base = "shop.legacy:metadata"',
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "bad-app",
        "The application that app or FLASK_APP names cannot be found, imported or created.",
        _NOTHING,
        'Correct app ("module:factory", for example shop:create_app), then: initdb run',
        causes=(
            "The module cannot be imported from this working directory.",
            "The factory needs arguments, or raises an error.",
            "It has no SQLAlchemy extension.",
            "The driver that its database URL needs is not installed.",
        ),
        advice=(Advice("configuration-example", 'In initdb.toml: app = "shop:create_app"'),),
        exit_code=2,
    ),
    ErrorRow(
        "postgresql-initdb-missing",
        "These options belong to PostgreSQL's own initdb, which is not on PATH.",
        "Nothing was changed.",
        "Put the folder of PostgreSQL's programs on PATH, or call its initdb by its full path.",
        causes=(
            "PostgreSQL's initdb, which creates a cluster, has the same name as this command, which prepares "
            "an application's database.",
            "PostgreSQL is not installed here, or its programs are not on PATH.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See every initdb on PATH: which -a initdb; on Debian it is in /usr/lib/postgresql/*/bin",
                "postgresql",
            ),
            Advice("alternative-configuration", "For this command: initdb run, or python -m initdb run"),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "unknown-reference",
        "The catalogue has no error with this name.",
        "Nothing was changed.",
        "List them all: initdb explain",
        causes=("It has a typing error.", "The error belongs to another version of initdb."),
        advice=(Advice("troubleshooting", "The first line of each error has its name after “error:”."),),
        exit_code=2,
    ),
)
