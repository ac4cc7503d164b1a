"""Every setting as one row of data. Files, variables, options and the documentation are read from it."""

from __future__ import annotations

from typing import get_args

from initdb.settings import values
from initdb.settings.kinds import (
    ANSWER,
    COMMAND,
    IDENTIFIER,
    NAME,
    NAMES,
    OBJECT,
    OBJECTS,
    PROGRAM,
    YES_OR_NO,
    duration,
    one_of,
    some_of,
    whole,
)
from initdb.settings.places import DATABASES, FILE, PLACE, PLACES, URL
from initdb.settings.setting import Setting

OTHER_VARIABLES = {
    "INITDB_CONFIG": "The settings file to read, in place of those that a search would find.",
    "INITDB_ADMIN_PASSWORD": "The first password of the administrator in the built-in identity schema.",
}
"""Variables that begin with the prefix but are not settings: name → help in one sentence."""


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "database_url",
        URL,
        None,
        "The database to make ready, by the URL with which the application connects.",
        example="postgresql://shop@db.example.org/shop",
        secret=True,
        other_variables=("DATABASE_URL",),
    ),
    Setting(
        "databases",
        DATABASES,
        (),
        "The other databases that the same env.py migrates; each has a journal of its own.",
        example=("stock=postgresql://shop@db.example.org/stock",),
        secret=True,
    ),
    Setting(
        "database",
        NAME,
        None,
        "The one of several databases to work on; by default initdb works on all, beginning with the first.",
        example="stock",
    ),
    Setting(
        "work_url",
        URL,
        None,
        "The same database, with a role that may create tables if the application's own role may not.",
        example="postgresql://owner@db.example.org/shop",
        secret=True,
    ),
    Setting(
        "allow_shared_folder",
        YES_OR_NO,
        False,
        "Whether root may work on a SQLite file in a folder that other users may write.",
        example="true",
    ),
    Setting(
        "create_database",
        ANSWER,
        "ask",
        "Whether a missing PostgreSQL database is created: yes, no, or ask a person at a terminal.",
        example="yes",
    ),
    Setting(
        "app",
        OBJECT,
        None,
        "The Flask application, or the function that creates it; initdb uses its database and its models.",
        example="shop:create_app",
    ),
    Setting(
        "metadata",
        OBJECTS,
        (),
        "The models: a MetaData, a declarative base, a db object, or a function that returns one of these;"
        " a list of them where target_metadata in env.py is a list.",
        example="shop.models:Base",
    ),
    Setting(
        "migrations",
        PLACE,
        None,
        "Alembic's directory, its ini file or package, or a function that makes a Config.",
        example="migrations",
    ),
    Setting(
        "seeds",
        PLACES,
        (),
        "The sources of the first rows, in this order: folders, files and functions.",
        example=("seeds", "shop.seeds:roles"),
    ),
    Setting(
        "schema_from",
        one_of(*get_args(values.SchemaSource)),
        None,
        "What creates the schema of an empty database (identity: the built-in tables); by default the"
        " migrations, if there are any.",
        example="migrations",
        alters_work=True,
    ),
    Setting(
        "base",
        OBJECT,
        None,
        "The MetaData or the callable that creates the tables which the first revision expects to find.",
        example="shop.legacy:metadata",
        alters_work=True,
    ),
    Setting(
        "repair",
        one_of(*get_args(values.Repair)),
        "safe",
        "Whether a boot repairs defects if that loses no data (safe), or none (never); initdb repair does.",
        example="never",
        alters_work=True,
    ),
    Setting(
        "ignore",
        NAMES,
        (),
        "Names of tables and other objects that initdb ignores when it compares the schema with the models.",
        example=("spatial_ref_sys",),
        alters_work=True,
    ),
    Setting(
        "backup",
        one_of(*get_args(values.Backup)),
        "off",
        "Whether a backup is made before a run changes a database that has tables (docs/backups.md).",
        example="before-changes",
    ),
    Setting(
        "backup_folder",
        FILE,
        None,
        "The folder of the backups; by default that of the SQLite file.",
        example="/var/backups/shop",
    ),
    Setting(
        "backup_command",
        COMMAND,
        None,
        "The command that backs up a PostgreSQL database; it runs without a shell, and finds the database by"
        " PGHOST, PGDATABASE, PGPASSWORD and the like.",
        example="pg_dump --format=custom --file={file}",
    ),
    Setting(
        "checkpoint_when",
        one_of(*get_args(values.CheckpointWhen)),
        "asked",
        "When a checkpoint of the journal is written (docs/evidence.md): if initdb journal checkpoint asks"
        " for it, or also whenever a run has made the database ready.",
        example="ready",
    ),
    Setting(
        "checkpoint_key",
        FILE,
        None,
        "The file of the private key that signs checkpoints; initdb journal checkpoint --new-key makes one.",
        example="/run/secrets/checkpoint.pem",
    ),
    Setting(
        "checkpoint_file",
        FILE,
        None,
        "The file to which each checkpoint is appended.",
        example="/var/log/shop.checkpoints",
    ),
    Setting(
        "checkpoint_command",
        PROGRAM,
        None,
        "The command that gets each checkpoint on its stdin; it runs without a shell, for 10 s at most, and a"
        " run does not fail if it fails.",
        example="logger --tag initdb",
    ),
    Setting(
        "lock_timeout",
        duration(0.001),
        5.0,
        "How long a statement waits for a lock before its step is rolled back and tried again.",
        example="500ms",
        unit="seconds",
    ),
    Setting(
        "wait_limit",
        duration(0),
        300.0,
        "How long a boot waits for the database, or for another process that works, before it gives up.",
        example="2m",
        unit="seconds",
    ),
    Setting(
        "attempts",
        whole(1, 1000),
        5,
        "After how many attempts without progress boots of the same code stop with crash-loop.",
        example=3,
        unit="attempts",
    ),
    Setting(
        "login_pause",
        duration(0),
        10.0,
        "How long boots of this host do not try credentials again that the server refused; it doubles with"
        " each refusal, and 0 is no pause (docs/outages.md).",
        example="1m",
        unit="seconds",
    ),
    Setting(
        "login_pause_limit",
        duration(0),
        900.0,
        "The longest pause before refused credentials are tried again.",
        example="1h",
        unit="seconds",
    ),
    Setting(
        "batch_size",
        whole(1, 1_000_000),
        10_000,
        "How many seed rows are committed in one transaction.",
        example=5000,
        unit="rows",
    ),
    Setting(
        "seed_rows",
        one_of(*get_args(values.SeedRows)),
        "added",
        "Which rows are looked at if rows were only added at the end of a CSV seed: these (added), or all.",
        example="all",
    ),
    Setting(
        "on_failure",
        one_of(*get_args(values.OnFailure)),
        "exit",
        "What the application does if its database did not become ready: exit, or answer 503 until it is.",
        example="serve-503",
    ),
    Setting(
        "admin_password_file",
        FILE,
        None,
        "The file with the first password of the administrator in the built-in identity schema.",
        example="/run/secrets/admin_password",
    ),
    Setting(
        "admin_password_must_change",
        YES_OR_NO,
        False,
        "Whether a password that was given by a variable, a file or initdb admin set-password must be changed"
        " at the next log-in, as a generated one must.",
        example="true",
    ),
    Setting(
        "mode",
        one_of(*get_args(values.Mode)),
        "work",
        "What a boot does: work, wait until another process has done the work, only check, or nothing (off).",
        example="wait",
    ),
    Setting(
        "application",
        NAME,
        None,
        "The name of the application that owns the journal; needed if several applications use one database.",
        example="shop",
    ),
    Setting(
        "journal_schema",
        IDENTIFIER,
        None,
        "The PostgreSQL schema of the journal, by default where initdb finds it, or else the default schema;"
        " on SQLite the name of the journal of a second application in the file.",
        example="ops",
    ),
    Setting(
        "journal_owner",
        NAMES,
        (),
        "The PostgreSQL roles that may own the journal, besides the owner of the database, the role of"
        " work_url and the role of the session.",
        example=("shop_owner",),
    ),
    Setting(
        "require_manifest",
        FILE,
        None,
        "The signed manifest (initdb manifest) that must have the hashes of env.py, revisions and seeds, or"
        " nothing runs (docs/manifest.md).",
        example="/etc/shop/manifest.jsonl",
    ),
    Setting(
        "manifest_public_key",
        FILE,
        None,
        "The file of the public key with which the manifest must be signed.",
        example="/etc/shop/manifest.pub",
    ),
    Setting(
        "orders_refused",
        some_of(*get_args(values.OrderName)),
        (),
        "The orders that nobody may give (docs/orders.md); what one place refuses, no other place allows.",
        example=("rollback", "mark-applied"),
    ),
    Setting(
        "orders_by",
        NAMES,
        (),
        "The PostgreSQL roles of which the session's role must be a member to give an order; on SQLite, which"
        " has no roles, nobody may give one then.",
        example=("shop_dba",),
    ),
    Setting(
        "orders_need_reason",
        YES_OR_NO,
        False,
        "Whether an order must say why it is given, by --reason.",
        example="true",
    ),
    Setting(
        "security_log",
        FILE,
        None,
        "The file to which refusals, findings and orders are appended as JSON (docs/security-log.md); they"
        " also go to the logger initdb.security.",
        example="/dev/stderr",
    ),
    Setting(
        "when_ahead",
        one_of(*get_args(values.WhenNotOurs)),
        "serve",
        "What a boot does if the database has revisions that this code does not know: serve, or exit.",
        example="exit",
    ),
    Setting(
        "when_held",
        one_of(*get_args(values.WhenNotOurs)),
        "serve",
        "What a boot does while a revision that was rolled back is held: serve, or exit.",
        example="exit",
    ),
    Setting(
        "when_edited",
        one_of(*get_args(values.WhenEdited)),
        "warn",
        "What a run does if an applied revision or seed, or env.py, was edited or removed: warn, or fail.",
        example="fail",
        alters_work=True,
        newer=True,
    ),
)

BY_NAME = {setting.name: setting for setting in SETTINGS}
