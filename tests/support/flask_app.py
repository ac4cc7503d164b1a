"""Flask applications in the test's process: a model, a page, and optionally a Flask-Migrate directory."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Connection, Engine, Integer, String, Table, insert, inspect, select, text

REVISION = '''"""{doc}"""
import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
    {up}


def downgrade():
    {back}
'''
PRODUCT = (
    'op.create_table("product", sa.Column("id", sa.Integer, primary_key=True),'
    ' sa.Column("name", sa.String(80), nullable=False, unique=True))'
)


@dataclass
class Shop:
    """An application, its db, and its Flask-Migrate directory where it has one."""

    app: Flask
    db: SQLAlchemy
    migrations: Path | None = None

    def with_revisions(self, *names: str) -> Shop:
        """Make the directory as `flask db init` does, and a revision of each name after the one before."""
        assert self.migrations is not None
        with self.app.app_context(), contextlib.redirect_stdout(io.StringIO()):
            flask_migrate.init(str(self.migrations))
        down = None
        for name in names:
            up, back = (
                (PRODUCT, 'op.drop_table("product")')
                if down is None
                else (
                    f'op.create_table("{name}", sa.Column("id", sa.Integer, primary_key=True))',
                    f'op.drop_table("{name}")',
                )
            )
            self.revision(name, down, up, back)
            down = name
        return self

    def revision(self, name: str, down: str | None, up: str, back: str = "pass") -> Path:
        """Write one revision."""
        assert self.migrations is not None
        path = self.migrations / "versions" / f"{name}.py"
        path.write_text(REVISION.format(doc=f"the revision {name}", name=name, down=down, up=up, back=back))
        return path


def shop(url: str, *, migrations: Path | None = None, models: bool = True, **config: Any) -> Shop:
    """A new application of the name `shop` with a db of its own; `config` goes into app.config."""
    app = Flask("shop", root_path=str(Path(__file__).parent))
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config.update(config)
    db = SQLAlchemy()
    if models:
        Table(
            "product",
            db.metadata,
            Column("id", Integer, primary_key=True),
            Column("name", String(80), nullable=False, unique=True),
        )
    db.init_app(app)
    if migrations is not None:
        flask_migrate.Migrate(app, db, directory=str(migrations))

    @app.get("/")
    def products() -> str:
        name = db.metadata.tables["product"].c.name
        return ",".join(db.session.scalars(select(name).order_by(name)))

    return Shop(app, db, migrations)


def journal(engine: Engine) -> list[str]:
    """The types of the journal's entries, in order; nothing where there is no journal."""
    if "init_journal" not in inspect(engine).get_table_names():
        return []
    with engine.connect() as connection:
        return list(
            connection.scalars(
                text("SELECT type FROM init_journal WHERE type NOT IN ('snapshot', 'inventory') ORDER BY seq")
            )
        )


def stock(connection: Connection) -> None:
    """Brings the first product in; asks the application for its name, as a seed in its context may."""
    tables = current_app.extensions["sqlalchemy"].metadata.tables
    connection.execute(insert(tables["product"]).values(name=f"{current_app.name}'s tea"))


def spoilt(connection: Connection) -> None:
    """A seed that fails."""
    raise ValueError("spoilt")
