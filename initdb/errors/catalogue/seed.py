"""Catalogue: the first rows of the application and the built-in users."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_BATCH = "The schema and every batch before this one; this batch was rolled back."
_NOTHING_SEEDED = "The schema and every source before this one; nothing of this one was written."
_AGAIN = Advice(
    "consistency",
    "Rows that exist are known by their natural key and skipped, so a source can be applied again at any "
    "time.",
)
_ADMIN = Advice("manual-procedure", "Set the password of the admin at any time: initdb admin set-password")

SEED: tuple[ErrorRow, ...] = (
    ErrorRow(
        "seed-rejected",
        "A seed row broke a constraint of the schema.",
        _BATCH,
        "Correct the row, then: initdb resume",
        causes=(
            "The row repeats a unique value, or leaves out one that must be there.",
            "It refers to a row that comes later or is missing.",
            "A value does not fit its type.",
        ),
        advice=(
            Advice(
                "data-clean-up",
                "Look at the line that is named, and at the row that is there: SELECT * FROM roles WHERE "
                "name = 'admin'",
            ),
            Advice(
                "conflict-resolution",
                "If the file should win over the row that is there, say so for this source: on_conflict = "
                '"update"',
            ),
            Advice(
                "manual-data-fix",
                "Files are applied in the order of their names: a row's parents belong into one with a "
                "smaller number (01_tenants.csv, 02_users.csv).",
            ),
            _AGAIN,
        ),
        requirements=("Constraint Violations",),
    ),
    ErrorRow(
        "seed-failed",
        "The database refused a statement of the seeding.",
        _BATCH,
        "Act on the database's message above, then: initdb resume",
        causes=(
            "A statement of a seed function is not what this database takes.",
            "The role may not insert into the table.",
        ),
        advice=(
            Advice(
                "troubleshooting",
                "See which sources are applied, and how far: initdb journal --type seed_batch_applied",
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
            "A syntax error, or a quote that is not closed.",
            "Another encoding than UTF-8.",
            "The file is gone, or this user may not read it.",
            "A YAML file, and PyYAML is not installed.",
        ),
        advice=(
            Advice(
                "troubleshooting", "Try the file alone: python -m json.tool FILE; file FILE (its encoding)"
            ),
            Advice(
                "file-restoration",
                "Take the file back from version control: git checkout COMMIT -- seeds/FILE",
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
        "A seed that the setting seeds names is not there, or is no file, folder or function.",
        "Nothing was changed: the seeds are looked at first.",
        'Correct seeds (a folder, a file, or "module:function"), then: initdb run',
        causes=(
            "A relative path was taken from another folder.",
            "The folder is not part of the package or the image.",
            "The module cannot be imported, or has no such function.",
        ),
        advice=(
            Advice(
                "configuration-example",
                'In initdb.toml: seeds = ["seeds", "shop.seeds:first_users"]',
            ),
            Advice(
                "file-restoration", "Take the folder back from version control: git checkout COMMIT -- seeds"
            ),
        ),
        exit_code=2,
    ),
    ErrorRow(
        "seed-name-twice",
        "Two seeds have the same name, by which the journal knows whether one was applied.",
        "Nothing was changed: the seeds are looked at first.",
        "Rename one of the two, then: initdb run",
        causes=("Two folders hold a file of the same name.", "A file and a function are called alike."),
        advice=(
            Advice(
                "conflict-resolution",
                "Rename the newer one; a seed that was applied keeps its name: initdb journal --type "
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
            "The head line of the file has a typing error.",
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
            "A typing error.",
            "The column was renamed or removed.",
            "The file is meant for another table.",
        ),
        advice=(
            Advice("troubleshooting", "See the table's columns: \\d TABLE (in psql)", "postgresql"),
            Advice("troubleshooting", "See the table's columns: sqlite3 FILE '.schema TABLE'", "sqlite"),
        ),
    ),
    ErrorRow(
        "seed-table-unknown",
        "A seed is for a table that is not there.",
        _NOTHING_SEEDED,
        "Correct the table in the file's name (NN_table.csv), or write the revision that makes it, then: "
        "initdb resume",
        causes=(
            "A typing error in the file's name.",
            "The table was renamed, or is made by a revision that is not there yet.",
            "The table is in another schema: NN_schema.table.csv.",
        ),
        advice=(
            Advice("troubleshooting", "List the tables: \\dt (in psql)", "postgresql"),
            Advice("troubleshooting", "List the tables: sqlite3 FILE .tables", "sqlite"),
        ),
    ),
    ErrorRow(
        "seed-key-missing",
        "It is not known by which columns a row of this seed is recognised.",
        _NOTHING_SEEDED,
        'Name the key of the seed (key = ["name"]), or give its table a unique constraint, then: initdb '
        "resume",
        causes=(
            "The table has no unique constraint besides its surrogate key.",
            "The table has several, and none of them is named.",
            "The seed leaves out a column of the key.",
        ),
        advice=(
            Advice(
                "constraint-modification",
                'Say in the model what makes a row one of a kind: UniqueConstraint("name")',
            ),
            Advice("consistency", "Without a key a second boot would write the same rows again."),
        ),
    ),
    ErrorRow(
        "seed-callable-failed",
        "A seed function failed.",
        _BATCH,
        "Correct the function, then: initdb resume",
        causes=(
            "An error in the function itself.",
            "It needs the network, a file or a setting that is not there.",
            "It commits or closes the connection that it was given.",
        ),
        advice=(
            Advice("troubleshooting", "The file and line above are the last of the function's own."),
            _AGAIN,
        ),
    ),
    ErrorRow(
        "identity-refused",
        "The built-in identity schema (tenants, users, roles) is only made in a database that is empty or "
        "already holds it.",
        "Nothing was changed; the tables are as they were.",
        "Name the application's models with metadata or app, or an empty database in database_url, then: "
        "initdb run",
        causes=(
            "No metadata, app or migrations are configured, and the database belongs to an application.",
            "The configuration was not found: another working directory.",
        ),
        advice=(
            Advice(
                "configuration-example",
                'In initdb.toml: metadata = "shop.models:db.metadata"; migrations = "migrations"',
            ),
            Advice("troubleshooting", "See which configuration is in force: initdb status"),
            Advice("conflicting-objects", "List the tables: \\dt (in psql)", "postgresql"),
            Advice("conflicting-objects", "List the tables: sqlite3 FILE .tables", "sqlite"),
        ),
    ),
    ErrorRow(
        "identity-not-used",
        "The application has models of its own: the built-in identity schema (tenants, users, roles) is not "
        "used.",
        "Nothing was changed.",
        "Bring the application's own users in with its seeds, then: initdb run",
        causes=(
            "The question was about the built-in admin or system tenant of an application without them.",
        ),
        advice=(Advice("troubleshooting", "See which configuration is in force: initdb status"),),
    ),
    ErrorRow(
        "identity-incomplete",
        "The built-in identity schema lacks the rows that the admin needs.",
        "Nothing was changed; no admin was created.",
        "Put the row back, then: initdb resume",
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
        "Give a longer one (12 characters at least, not a common one), then: initdb resume",
        causes=("It is too short, or one of the passwords that are tried first.",),
        advice=(
            Advice(
                "credential-verification",
                "Let the machine choose one: python -c 'import secrets; print(secrets.token_urlsafe(18))'",
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
            "The file is empty, or is no text.",
        ),
        advice=(
            Advice("permission-fix", "Let only the process's user read it: chown USER FILE; chmod 400 FILE"),
            _ADMIN,
        ),
    ),
    ErrorRow(
        "user-unknown",
        "There is no such user in the identity schema.",
        "Nothing was changed.",
        "Name a user that is there: SELECT username FROM users",
        causes=("A typing error.", "The database is another one, or was not seeded yet."),
        advice=(Advice("troubleshooting", "See whether the database is ready: initdb status"),),
        exit_code=2,
    ),
)
