"""Revisions, seeds and URLs that fail with a value in every text that a database or Python makes of it.

`{T}` stands for the canary.
"""

from __future__ import annotations

FIRST = """
    op.execute("CREATE TABLE users (id {ID} PRIMARY KEY, name VARCHAR(60) NOT NULL UNIQUE,"
        " email VARCHAR(60) UNIQUE, age INTEGER CONSTRAINT grown CHECK (age < 200), note VARCHAR(60),"
        " boss INTEGER REFERENCES users (id))")
    op.execute("INSERT INTO users (id, name) VALUES (1, 'k4naryFirst') -- k4naryFirst")
    op.get_bind().execute(sa.text("INSERT INTO users (id, name) VALUES (9, :n)"), {{"n": "k4naryBound"}})
"""

MODELS = """
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, String, Table

metadata = MetaData()
users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(60), nullable=False, unique=True),
    Column("email", String(60), unique=True),
    Column("age", Integer, CheckConstraint("age < 200", name="grown")),
    Column("note", String(60)),
    Column("boss", ForeignKey("users.id")),
)
"""

ON_POSTGRESQL = """
    op.execute("DO $$ BEGIN RAISE NOTICE 'k4naryNotice'; RAISE WARNING 'k4naryNotice'; END $$")
"""

_FORGED = """
    class Forged(Exception):
        pgcode = "23505"
        diag = type("Diag", (), dict.fromkeys(
            ("message_primary", "message_detail", "message_hint", "table_name", "column_name",
             "constraint_name", "schema_name"), "{T}") | {{"source_file": "nbtinsert.c"}})()
    raise Forged("{T}")"""

_FORGED_SQLITE = """
    import sqlite3
    error = sqlite3.IntegrityError("UNIQUE constraint failed: {T}.{T}")
    error.sqlite_errorcode, error.sqlite_errorname = 2067, "SQLITE_CONSTRAINT_UNIQUE"
    raise error"""

REVISIONS = {
    "UniqueLiteral": """op.execute("INSERT INTO users (id, name) VALUES (2, '{T}'), (3, '{T}')")""",
    "UniqueBound": """op.get_bind().execute(
        sa.text("INSERT INTO users (id, name) VALUES (:i, :n)"),
        [{{"i": 2, "n": "{T}"}}, {{"i": 3, "n": "{T}"}}])""",
    "UniqueText": """op.execute(sa.text("UPDATE users SET name = :n").bindparams(n="{T}"))""",
    "NotNull": """op.execute("INSERT INTO users (id, name, note) VALUES (2, NULL, '{T}')")""",
    "Check": """op.execute("INSERT INTO users (id, name, age) VALUES (2, '{T}', 201)")""",
    "NewCheck": """op.execute("CREATE TABLE u (a TEXT CHECK (a <> '{T}'))")
    op.execute("INSERT INTO u VALUES ('{T}')")""",
    "Type": """op.execute("INSERT INTO users (id, name) VALUES ('{T}', 'a')")""",
    "Syntax": """op.execute("INSERT INTO users (id, name) VALUES (2, 'it's {T}')")""",
    "SyntaxQuoted": """op.execute("INSERT INTO users (id, name) VALUES (2, 'a ' {T} ' b')")""",
    "NoColumn": """op.execute("SELECT '{T}', nothing FROM users")""",
    "NoTable": """op.execute("INSERT INTO nowhere VALUES ('{T}')")""",
    "ManyRows": """op.bulk_insert(sa.table("users", sa.column("id"), sa.column("name")),
        [{{"id": n, "name": "{T}"}} for n in (2, 3)])""",
    "Commit": """op.execute("COMMIT -- {T}")""",
    "BadBind": """
    class Odd:
        def __repr__(self):
            return "{T}"
    op.get_bind().execute(sa.text("SELECT :a"), {{"a": Odd()}})""",
    "ValueError": """raise ValueError("{T}")""",
    "Chained": """
    try:
        raise KeyError("{T}")
    except KeyError as error:
        raise RuntimeError("{T}") from error""",
    "Exit": """raise SystemExit("{T}")""",
    "Import": """raise ImportError("{T}", name="{T}", path="{T}")""",
    "Module": """__import__("{T}".lower())""",
    "System": """raise OSError(13, "{T}", "/{T}/{T}")""",
    "Attribute": """getattr(op, "{T}")""",
    "Forged": _FORGED,
    "ForgedSqlite": _FORGED_SQLITE,
}
"""Where → the body of an upgrade that fails."""

OF_POSTGRESQL = {
    "ForeignKey": """op.execute("INSERT INTO users (id, name, boss) VALUES (2, '{T}', 77)")""",
    "Raise": """op.execute("DO $$ BEGIN RAISE EXCEPTION '{T}' USING DETAIL = '{T}', HINT = '{T}',"
        " TABLE = '{T}', COLUMN = '{T}', CONSTRAINT = '{T}', SCHEMA = '{T}', DATATYPE = '{T}',"
        " ERRCODE = '23505'; END $$")""",
    "RaiseDenied": """op.execute("DO $$ BEGIN RAISE 'permission denied for table {T}'"
        " USING ERRCODE = '42501'; END $$")""",
    "Temporary": """op.execute("DO $$ BEGIN CREATE TEMP TABLE \\"{T}\\" (a int CHECK (a > 1));"
        " INSERT INTO \\"{T}\\" VALUES (1); END $$")""",
    "Cast": """op.execute("SELECT CAST('{T}' AS date)")""",
    "Parameter": """op.execute("SET kontr0l.token = {T}"); op.execute("SELECT 1/0")""",
}

OF_SQLITE = {
    "Raise": """op.execute("CREATE TRIGGER no BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, '{T}'); END")
    op.execute("DELETE FROM users")""",
    "Double": """op.execute('SELECT "{T}", nothing FROM users')""",
}

SEEDS = {
    "CsvUnique": ("10_users.csv", "name,email\na,{T}@x\nb,{T}@x\n"),
    "CsvQuote": ("10_users.csv", 'name,email\na,"{T}\n'),
    "CsvMany": (
        "10_users.csv",
        "name,email\n" + "".join(f"a{n},{n}@x\n" for n in range(300)) + "b,{T}\nc,{T}\n",
    ),
    "CsvType": ("10_users.csv", "name,age\na,{T}\n"),
    "JsonUnique": (
        "10_kontr0l.json",
        '{{"table": "users", "rows": [{{"name": "a", "email": "{T}"}}, {{"name": "b", "email": "{T}"}}]}}',
    ),
    "JsonCheck": ("10_kontr0l.json", '{{"table": "users", "rows": [{{"name": "{T}", "age": 201}}]}}'),
    "JsonBroken": ("10_kontr0l.json", '{{"table": "users", "rows": [{{"name": "{T}" "age": 1}}]}}'),
    "YamlAlias": ("10_kontr0l.yaml", "table: users\nrows:\n  - name: *{T}\n"),
    "YamlTag": ("10_kontr0l.yaml", "table: users\nrows:\n  - name: !{T} a\n"),
    "YamlUnique": (
        "10_kontr0l.yaml",
        "table: users\nrows:\n  - {{name: a, email: {T}}}\n  - {{name: b, email: {T}}}\n",
    ),
    "Rows": (
        "10_kontr0l.py",
        'TABLE = "users"\n\ndef rows():\n    yield {{"name": "a"}}\n    raise ValueError("{T}")\n',
    ),
    "RowsUnique": (
        "10_kontr0l.py",
        'TABLE = "users"\n\ndef rows():\n'
        '    yield {{"name": "a", "email": "{T}"}}\n    yield {{"name": "b", "email": "{T}"}}\n',
    ),
    "Function": ("10_kontr0l.py", 'def seed(connection):\n    raise ValueError("{T}")\n'),
    "FunctionSql": (
        "10_kontr0l.py",
        "def seed(connection):\n"
        "    connection.exec_driver_sql(\"INSERT INTO users (id, name) VALUES (2, '{T}'), (3, '{T}')\")\n",
    ),
    "Import": ("10_kontr0l.py", 'raise ValueError("{T}")\n\ndef seed(connection):\n    pass\n'),
}
"""Where → a file of seeds that fails."""

URLS = (
    "postgresql://app:{T}@127.0.0.1:1/db",
    "postgresql://app:x@{T}@127.0.0.1:1/db",
    "postgresql://app:x@y/{T}@127.0.0.1:1/db",
    "postgresql://app:{T}:{T}@127.0.0.1:1/db",
    "postgresql://app:x/{T}@127.0.0.1:1/db",
    "postgresql://app:x?{T}@127.0.0.1:1/db",
    "postgresql://app:x@?{T}@127.0.0.1:1/db",
    "postgresql://app:x@?a={T}@127.0.0.1:1/db",
    "postgresql://app:x#{T}@127.0.0.1:1/db",
    "postgresql://app:x%40{T}@127.0.0.1:1/db",
    "postgresql://app:{T}",
    "postgresql://127.0.0.1:1/db?options=-c%20app.token%3D{T}",
    "postgresql://127.0.0.1:1/db?password={T}&user=app",
    "postgresql://127.0.0.1:1/db?sslpassword={T}",
    "postgresql://127.0.0.1:1/db?key={T}",
    "postgresql://127.0.0.1:1/db?passfile=/{T}",
    "postgresql://127.0.0.1:1/db?{T}={T}",
    "postgresql+nosuch://app:{T}@127.0.0.1:1/db",
    "nosuch://app:{T}@127.0.0.1:1/db",
    "postgres:/app:{T}@127.0.0.1:1/db",
    "host=127.0.0.1 port=1 password={T}",
    "host=127.0.0.1 password = '{T} x'",
    "sqlite:///nowhere/x.db?key={T}",
    "{T}",
)
"""URLs of databases that cannot be reached, with a password somewhere."""
