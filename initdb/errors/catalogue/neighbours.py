"""Catalogue: what other roles have put beside the journal, or into it."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed."

_VERIFY = Advice(
    "troubleshooting", "Check every entry, and the head, against the chain of hashes: initdb journal verify"
)

NEIGHBOURS: tuple[ErrorRow, ...] = (
    ErrorRow(
        "journal-of-a-stranger",
        "What has the names of the journal belongs to a role that nothing here speaks for.",
        "Nothing of it was read, and nothing was changed.",
        "Set journal_owner to OWNERROLE if it makes this database ready; after a restore, change the owner "
        "(initdb explain journal-of-a-stranger); then: initdb run",
        causes=(
            "The database was restored, and another role owns the tables now.",
            "Another role makes the database ready, and the setting journal_owner does not name it.",
            "Somebody else has created tables with the names of the journal.",
        ),
        advice=(
            Advice(
                "permission-fix",
                "After a restore, give the journal to the role that makes the database ready, and then the "
                "tables (initdb doctor names them):\n"
                '    ALTER TABLE "SCHEMANAME".init_journal OWNER TO DBROLE;\n'
                '    ALTER TABLE "SCHEMANAME".init_journal_head OWNER TO DBROLE;\n'
                '    ALTER TABLE "SCHEMANAME".init_journal_version OWNER TO DBROLE;\n'
                '    ALTER VIEW IF EXISTS "SCHEMANAME".init_runs OWNER TO DBROLE;\n'
                '    ALTER VIEW IF EXISTS "SCHEMANAME".init_failures OWNER TO DBROLE;\n'
                '    ALTER FUNCTION "SCHEMANAME".init_journal_append() OWNER TO DBROLE;\n'
                '    ALTER FUNCTION "SCHEMANAME".init_journal_move() OWNER TO DBROLE;\n'
                '    ALTER FUNCTION "SCHEMANAME".init_journal_refuse() OWNER TO DBROLE;\n'
                '    ALTER FUNCTION "SCHEMANAME".init_journal_check() OWNER TO DBROLE;\n'
                "REASSIGN OWNED would also give away the databases of OWNERROLE, also that of the original.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "If another role makes the database ready, and this one only serves: set journal_owner, or "
                "work_url with that role.",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "If the journal is of another application, give this one a schema of its own: set "
                "application and "
                "journal_schema.",
                "postgresql",
            ),
            Advice(
                "consistency",
                "The owner of a table decides which code runs when it is used. So a journal is only read if"
                " every "
                "role that may act as its owner may do everything here anyway: superusers, the owner of the "
                "database, this role itself, and the roles in journal_owner and work_url.",
                "postgresql",
            ),
        ),
    ),
    ErrorRow(
        "journal-place-taken",
        "The journal cannot be created: somebody else has things with its names in the schema SCHEMANAME.",
        _NOTHING,
        "Let their owner drop them, or set journal_schema to a schema in which this role may create tables,"
        " then: "
        "initdb run",
        causes=(
            "Another role may create objects in this schema, and has used a name of the journal.",
            "The schema belongs to another role.",
        ),
        advice=(
            Advice(
                "permission-fix",
                "Let only the owner create objects in the schema: REVOKE CREATE ON SCHEMA SCHEMANAME FROM "
                "PUBLIC;",
                "postgresql",
            ),
            Advice(
                "alternative-configuration",
                "Or put the journal into another schema: set journal_schema. Without the setting, a schema "
                "named "
                "initdb is used where the default schema is taken, if this role may create it.",
                "postgresql",
            ),
        ),
    ),
    ErrorRow(
        "journal-unsafe",
        "Something was added to the journal's tables that would run other people's code, or hide entries.",
        "Nothing of the journal was read, and nothing was changed.",
        "Look at what is named above, remove it by the statement behind it, then: initdb run",
        causes=(
            "A role that may create triggers on the journal's tables has made one.",
            "Somebody has put a rule, a policy or an index of an expression on them.",
        ),
        advice=(
            Advice(
                "permission-fix",
                "See who may create triggers, and take that right away: initdb doctor",
                "postgresql",
            ),
            _VERIFY,
        ),
    ),
    ErrorRow(
        "table-of-a-stranger",
        "A table that initdb reads or writes would run code of a role that nothing here speaks for.",
        "Nothing of it was read, and nothing was changed.",
        "Let its owner take away what is named above, or make a role of this application its owner, then: "
        "initdb run",
        causes=(
            "Another role may create objects in a schema of the search_path, and has used the name of a "
            "table.",
            "Another role may create triggers on a table of the application.",
        ),
        advice=(
            Advice(
                "permission-fix",
                "Let only the owner create objects in the schema, as its owner:\n"
                "    REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
                "postgresql",
            ),
        ),
    ),
    ErrorRow(
        "set-aside-refused",
        "This entry cannot be set aside.",
        _NOTHING,
        "See the entries and their numbers: initdb journal",
        causes=("The number is that of another entry.",),
        advice=(_VERIFY,),
        exit_code=1,
    ),
    ErrorRow(
        "archive-refused",
        "The journal is damaged, so its entries are not moved to an archive.",
        "Nothing was changed; the file of the archive was not written.",
        "See what it is (initdb journal verify). If the other entries are right: initdb journal set-aside "
        "SEQ --reason '…', then archive again",
        causes=(
            "Somebody edited or removed entries, or changed what guards the journal.",
            "A process with a defect, or a foreign one, has appended something.",
        ),
        advice=(
            _VERIFY,
            Advice(
                "consistency", "If entries are missing, restore the database from a backup that verifies."
            ),
        ),
        exit_code=1,
    ),
)
