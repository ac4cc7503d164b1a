"""Every setting as one row of data, from which files, variables, options and documentation are read."""

from __future__ import annotations

from typing import get_args

from initdb.settings import values
from initdb.settings.kinds import IDENTIFIER, NAME, NAMES, OBJECT, duration, one_of, whole
from initdb.settings.places import DATABASES, FILE, PLACE, PLACES, URL
from initdb.settings.setting import Setting

OTHER_VARIABLES = {
    "INITDB_ADMIN_PASSWORD": "The first password of the built-in identity schema's administrator.",
}
"""Variables that begin with the prefix and are no settings: name → help in one sentence."""


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "database_url",
        URL,
        None,
        "The database to bring to ready, as the application connects to it.",
        secret=True,
        other_variables=("DATABASE_URL",),
    ),
    Setting(
        "databases",
        DATABASES,
        (),
        "The other databases that the same env.py migrates, each with a journal of its own.",
        secret=True,
    ),
    Setting(
        "database",
        NAME,
        None,
        "Which one of several databases to work on; when not given, all of them, the first one first.",
    ),
    Setting(
        "work_url",
        URL,
        None,
        "The same database by the role that does the work, where the application's may not create tables.",
        secret=True,
    ),
    Setting(
        "app",
        OBJECT,
        None,
        "The application or the function that makes it; its database and models are used.",
    ),
    Setting(
        "metadata",
        OBJECT,
        None,
        "The models: a MetaData, a declarative base, a db object, or a function that returns one.",
    ),
    Setting(
        "migrations",
        PLACE,
        None,
        "Alembic's directory, ini file or package, or a callable that passes a Config to its argument.",
    ),
    Setting(
        "seeds",
        PLACES,
        (),
        "Where the first rows come from: folders, files and functions, in this order.",
    ),
    Setting(
        "schema_from",
        one_of(*get_args(values.SchemaSource)),
        None,
        "What makes the schema of an empty database; when not given, initdb decides by what is present.",
        alters_work=True,
    ),
    Setting(
        "base",
        OBJECT,
        None,
        "The metadata, or the callable, that makes the schema which the first revision expects to find.",
        alters_work=True,
    ),
    Setting(
        "repair",
        one_of(*get_args(values.Repair)),
        "safe",
        "Whether a boot mends defects where no data can be lost, or never.",
        alters_work=True,
    ),
    Setting(
        "ignore",
        NAMES,
        (),
        "Names of tables and other objects that are left out when the schema is compared.",
        alters_work=True,
    ),
    Setting(
        "lock_timeout",
        duration(0.001),
        5.0,
        "How long one statement waits for a lock before its step is rolled back and tried again.",
        unit="seconds",
    ),
    Setting(
        "wait_limit",
        duration(0),
        300.0,
        "How long a boot waits for the database, or for another process's work, before it gives up.",
        unit="seconds",
    ),
    Setting(
        "attempts",
        whole(1, 1000),
        5,
        "How many interrupted tries of one step by the same code are made before boots stop with crash-loop.",
        unit="tries",
    ),
    Setting(
        "batch_size",
        whole(1, 1_000_000),
        1000,
        "How many seed rows are committed in one transaction.",
        unit="rows",
    ),
    Setting(
        "on_failure",
        one_of(*get_args(values.OnFailure)),
        "exit",
        "What an application's boot does when its database did not become ready.",
    ),
    Setting("admin_password_file", FILE, None, "The file that holds the administrator's first password."),
    Setting(
        "mode",
        one_of(*get_args(values.Mode)),
        "work",
        "What this process does at boot: the work, wait for it, look only, or nothing.",
    ),
    Setting(
        "application",
        NAME,
        None,
        "The name that the journal belongs to; when not given, it is derived.",
    ),
    Setting(
        "journal_schema",
        IDENTIFIER,
        None,
        "The PostgreSQL schema of the journal; when not given, the one found first is remembered.",
    ),
    Setting(
        "when_ahead",
        one_of(*get_args(values.WhenNotOurs)),
        "serve",
        "What a boot does on a database that has revisions this code does not know.",
    ),
    Setting(
        "when_held",
        one_of(*get_args(values.WhenNotOurs)),
        "serve",
        "What a boot does while a reverted revision is held.",
    ),
)

BY_NAME = {setting.name: setting for setting in SETTINGS}
