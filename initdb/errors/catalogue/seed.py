"""Catalogue: the first rows of an application, and the built-in users."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_BATCH = "The schema and every batch before this one stand; this batch was rolled back."
_NOTHING_SEEDED = "The schema and every source before this one stand; nothing of this source was written."
_AGAIN = Advice(
    "consistency",
    "A row that exists is recognised by its key and skipped, so a source can be applied again at any time.",
)
_ADMIN = Advice("manual-procedure", "Set the password of the admin at any time: initdb admin set-password")

SEED: tuple[ErrorRow, ...] = (
    ErrorRow(
        "seed-rejected",
        "A seed row broke a constraint of the schema.",
        _BATCH,
        "Correct the row, then: initdb resume",
        causes=(
            "The row repeats a unique value, or lacks a required one.",
            "It refers to a row that comes later or does not exist.",
            "A value does not fit its type.",
        ),
        advice=(
            Advice(
                "data-clean-up",
                "Look at the line named above, and at the row in the table: SELECT * FROM roles WHERE name = "
                "'admin'",
            ),
            Advice(
                "conflict-resolution",
                "If the file should overwrite the existing row, say so for this source: on_conflict = "
                '"update"',
            ),
            Advice(
                "manual-data-fix",
                "Files are applied in the order of their names: give the file with the parent rows a smaller "
                "number (01_tenants.csv, 02_users.csv).",
            ),
            _AGAIN,
        ),
        requirements=("Constraint Violations",),
    ),
    ErrorRow(
        "seed-failed",
        "The database refused a statement while seeds were applied.",
        _BATCH,
        "Act on what is said above, then: initdb resume",
        causes=(
            "A seed function sent a statement that this database does not accept.",
            "The role may not insert into the table.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See which sources were applied, and how far: initdb journal --type seed_batch_applied",
            ),
            _AGAIN,
        ),
    ),
    ErrorRow(
        "seed-file-unreadable",
        "A seed file cannot be read.",
        _NOTHING_SEEDED,
        "Correct the file (encoding UTF-8, valid CSV, JSON or YAML), then: initdb resume",
        causes=(
            "It has a syntax error, or a quote that is not closed.",
            "Its encoding is not UTF-8.",
            "The file was deleted, or this user may not read it.",
            "It is a YAML file, and PyYAML is not installed.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "Check the file alone: python -m json.tool FILE; and its encoding: file FILE",
            ),
            Advice(
                "file-restoration",
                "Restore the file from version control: git checkout COMMIT -- seeds/FILE",
            ),
            Advice(
                "configuration-example",
                "A seed file is named NN_table.csv, .json or .yaml; the first line of a CSV file names the "
                "columns:\n"
                "    name,label\n"
                "    admin,Administrator",
            ),
        ),
    ),
    ErrorRow(
        "seeds-not-found",
        "The setting seeds names something that does not exist, or is not a file, a folder or a function.",
        "Nothing was changed: the seeds are checked first.",
        'Correct seeds (a folder, a file, or "module:function"), then: initdb run',
        causes=(
            "A relative path started from another folder.",
            "The folder is not part of the package or the image.",
            "The module cannot be imported, or has no such function.",
        ),
        advice=(
            Advice(
                "configuration-example",
                'In initdb.toml: seeds = ["seeds", "shop.seeds:first_users"]',
            ),
            Advice(
                "file-restoration", "Restore the folder from version control: git checkout COMMIT -- seeds"
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "seed-name-twice",
        "Two seeds have the same name. The journal needs the name to know which seeds were applied.",
        "Nothing was changed: the seeds are checked first.",
        "Rename one of the two, then: initdb run",
        causes=("Two folders have a file with the same name.", "A file and a function have the same name."),
        advice=(
            Advice(
                "conflict-resolution",
                "Rename the newer one; keep the name of a seed that was applied: initdb journal --type "
                "seed_batch_applied",
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "seed-column-missing",
        "A seed leaves out a column that must have a value.",
        _NOTHING_SEEDED,
        "Add the column to the seed, or give it a default in the model, then: initdb resume",
        causes=(
            "The column is new and NOT NULL, and the seed is older.",
            "The header line of the file has a typing error.",
        ),
        advice=(
            Advice("constraint-modification", "Give the column a default (server_default=…), or allow NULL."),
            _AGAIN,
        ),
    ),
    ErrorRow(
        "seed-column-unknown",
        "A seed names a column that its table does not have.",
        _NOTHING_SEEDED,
        "Correct or remove the column in the seed, then: initdb resume",
        causes=(
            "The name has a typing error.",
            "The column was renamed or removed.",
            "The file is meant for another table.",
        ),
        advice=(
            Advice(
                "troubleshooting", "See the table's columns: psql DBURL -c '\\d \"TABLENAME\"'", "postgresql"
            ),
            Advice(
                "troubleshooting", "See the table's columns: sqlite3 DBFILE '.schema \"TABLENAME\"'", "sqlite"
            ),
        ),
    ),
    ErrorRow(
        "seed-table-unknown",
        "A seed is for a table that does not exist.",
        _NOTHING_SEEDED,
        "Correct the table in the file's name (NN_table.csv), or write the revision that creates it, then: "
        "initdb resume",
        causes=(
            "The file's name has a typing error.",
            "The table was renamed, or the revision that creates it is missing here.",
            "The table is in another schema: NN_schema.table.csv.",
        ),
        advice=(
            Advice("troubleshooting", "List the tables: psql DBURL -c '\\dt'", "postgresql"),
            Advice("troubleshooting", "List the tables: sqlite3 DBFILE .tables", "sqlite"),
        ),
    ),
    ErrorRow(
        "seed-key-missing",
        "This seed has no key: nothing says by which columns an existing row is recognised.",
        _NOTHING_SEEDED,
        'Name the key of the seed (key = ["name"]), or give its table a unique constraint, then: initdb '
        "resume",
        causes=(
            "The table has no unique constraint besides its surrogate key.",
            "The table has several unique constraints, and the seed does not say which one is its key.",
            "The seed leaves out a column of the key.",
        ),
        advice=(
            Advice(
                "constraint-modification",
                'Say in the model what makes a row unique: UniqueConstraint("name")',
            ),
            Advice("consistency", "Without a key, a second boot would insert the same rows again."),
        ),
    ),
    ErrorRow(
        "seed-callable-failed",
        "A seed function failed.",
        _BATCH,
        "Correct the function, then: initdb resume",
        causes=(
            "The function itself has an error.",
            "It needs a network, a file or a setting that is missing.",
            "It commits or closes the connection that it was given.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "The file and line above are the last place in your own code before the error.",
            ),
            _AGAIN,
        ),
    ),
    ErrorRow(
        "identity-refused",
        "The built-in identity schema (tenants, users, roles) needs a database that is empty or already has "
        "it.",
        "Nothing was changed: the tables are as they were.",
        "Name the application's models instead (initdb init proposes the settings), or an empty database in "
        "database_url, then: initdb run",
        causes=(
            'schema_from is "identity", and the database belongs to an application.',
            "Nothing is configured in this folder but a database, and that belongs to an application.",
            "The configuration was not found, because this is another working directory.",
        ),
        advice=(
            Advice(
                "configuration-example",
                'In initdb.toml: metadata = "shop.models:db.metadata"; migrations = "migrations"',
            ),
            Advice("troubleshooting", "See which configuration is used: initdb status"),
            Advice("conflicting-objects", "List the tables: psql DBURL -c '\\dt'", "postgresql"),
            Advice("conflicting-objects", "List the tables: sqlite3 DBFILE .tables", "sqlite"),
        ),
    ),
    ErrorRow(
        "identity-not-used",
        "The application has its own models, so it does not use the built-in identity schema (tenants, "
        "users, roles).",
        "Nothing was changed.",
        "Create the application's users with a seed of your own, then: initdb run",
        causes=(
            "A call asked for the built-in admin or system tenant, which this application does not have.",
        ),
        advice=(Advice("troubleshooting", "See which configuration is used: initdb status"),),
    ),
    ErrorRow(
        "identity-incomplete",
        "The built-in identity schema lacks a row that the admin needs.",
        "Nothing was changed; no admin was created.",
        "Restore the row, then: initdb resume",
        causes=("Somebody deleted the system tenant or the admin role, or gave it another name.",),
        advice=(
            Advice(
                "manual-data-fix",
                "Give the row its name back: the tenant's slug is system, the role's name is admin.\n"
                "    SELECT slug, name FROM tenants WHERE is_system\n"
                "    SELECT name FROM roles WHERE is_system",
            ),
        ),
    ),
    ErrorRow(
        "admin-password-weak",
        "The password given for the admin is too weak.",
        "The admin's password was not changed.",
        "Choose a longer one (at least 12 characters, and not a common one), then: initdb resume",
        causes=("It is too short, or one of the most common passwords.",),
        advice=(
            Advice(
                "credential-verification",
                "Generate one: python -c 'import secrets; print(secrets.token_urlsafe(18))'",
            ),
            _ADMIN,
        ),
    ),
    ErrorRow(
        "admin-password-unreadable",
        "The file with the admin's password cannot be read.",
        "The admin's password was not changed.",
        "Correct admin_password_file, or the file's permissions, then: initdb resume",
        causes=(
            "The path is wrong, or the secret is not mounted.",
            "Another user owns the file.",
            "The file is empty, or is not text.",
        ),
        advice=(
            Advice(
                "permission-fix", "Let only the process's user read it: chown OSUSER FILE; chmod 400 FILE"
            ),
            _ADMIN,
        ),
    ),
    ErrorRow(
        "user-unknown",
        "The identity schema has no such user.",
        "Nothing was changed.",
        "Name an existing user: SELECT username FROM users",
        causes=("The name has a typing error.", "The database is a different one, or was not seeded yet."),
        advice=(Advice("troubleshooting", "See whether the database is ready: initdb status"),),
        exit_code=2,
    ),
)
