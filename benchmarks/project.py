"""Makes the project that is measured: models, revisions, an application of Flask-SQLAlchemy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Program

APP = """
import os
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
URL = os.environ["DATABASE_URL"]

for number in range({tables}):
    sa.Table(
        f"table_{{number:04}}", db.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        *(sa.Column(f"column_{{one}}", kind, index=one < 2)
          for one, kind in enumerate((sa.Integer(), sa.String(40), sa.Text(), sa.Boolean(), sa.DateTime(),
                                      sa.Numeric(10, 2), sa.Float(), sa.BigInteger(), sa.Date()))),
    )


def bare():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = URL
    db.init_app(app)
    return app


def migrated():
    from flask_migrate import Migrate

    app = bare()
    Migrate(app, db)
    return app


def create_app():
    from initdb import init_app

    app = migrated()
    init_app(app, db)
    return app
"""

ENV = """
from alembic import context
from flask import current_app

db = current_app.extensions["migrate"].db if "migrate" in current_app.extensions else None
if db is None:
    from shop import db
with db.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=db.metadata{options})
    with context.begin_transaction():
        context.run_migrations()
"""

REVISION = '''"""Revision {number}."""
import sqlalchemy as sa
from alembic import op

revision = "r{number:04}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
{up}


def downgrade():
    raise NotImplementedError
'''


@dataclass(frozen=True, slots=True)
class Project:
    """A project on the disk.

    Attributes:
        folder: Its folder.
        url: Its database.
        environ: What its processes need in their environment.
    """

    folder: Path
    url: str
    environ: dict[str, str]

    def program(self, text: str | Sequence[str]) -> Program:
        """A program that runs in the project.

        Args:
            text: As for `Program`.
        """
        return Program(text, self.folder, self.environ)


def make(folder: Path, url: str, tables: int, revisions: int, options: str = "") -> Project:
    """Make a project.

    Args:
        folder: Its folder, which exists.
        url: Its database.
        tables: How many tables the models have: eleven columns and two indexes each.
        revisions: How many revisions there are; the tables are spread over them.
        options: What env.py gives to `context.configure` besides.
    """
    (folder / "shop.py").write_text(APP.format(tables=tables))
    (folder / "wsgi.py").write_text("from shop import create_app\n\napp = create_app()\n")
    if revisions:
        versions = folder / "migrations" / "versions"
        versions.mkdir(parents=True)
        (folder / "migrations" / "env.py").write_text(ENV.format(options=options))
        (folder / "migrations" / "alembic.ini").write_text("[alembic]\n")
        (folder / "migrations" / "script.py.mako").write_text("")
        for number in range(revisions):
            first, end = (-(-tables * one // revisions) for one in (number, number + 1))
            (versions / f"r{number:04}_step.py").write_text(
                REVISION.format(
                    number=number,
                    down=f"r{number - 1:04}" if number else None,
                    up="\n".join(map(_table, range(first, end))) or _row(number),
                )
            )
    environ = {"DATABASE_URL": url, "FLASK_APP": "shop:create_app", "PYTHONPATH": str(folder)}
    return Project(folder, url, environ)


def _table(number: int) -> str:
    kinds = (
        "Integer()", "String(40)", "Text()", "Boolean()", "DateTime()", "Numeric(10, 2)", "Float()", "BigInteger()", "Date()",
    )  # fmt: skip
    columns = "".join(f'\n        sa.Column("column_{one}", sa.{kind}),' for one, kind in enumerate(kinds))
    name = f"table_{number:04}"
    return (
        f'    op.create_table(\n        "{name}",\n        sa.Column("id", sa.Integer(), primary_key=True),'
        f'\n        sa.Column("name", sa.String(80), nullable=False),{columns}\n    )\n'
        f'    op.create_index("ix_{name}_column_0", "{name}", ["column_0"])\n'
        f'    op.create_index("ix_{name}_column_1", "{name}", ["column_1"])'
    )


def _row(number: int) -> str:
    return f"    op.execute(\"UPDATE table_0000 SET name = 'r{number}' WHERE id = {number}\")"
