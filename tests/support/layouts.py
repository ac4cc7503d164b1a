"""Folders of applications as people lay them out: Flask or plain SQLAlchemy, with and without revisions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, str]

EXTENSIONS = """
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
migrate = Migrate()
"""

FACTORY = '''"""A shop."""
import os

from flask import Flask

from .extensions import db, migrate


def create_app(config=None):
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    db.init_app(app)
    migrate.init_app(app, db)
    from . import models

    @app.get("/")
    def index():
        return str(models.Product)

    return app
'''

FLASK_MODELS = """
from shop.extensions import db


class Product(db.Model):
    __tablename__ = "product"
    id = db.Column(db.Integer, primary_key=True)
"""

FLASK_ENV = """
from alembic import context
from flask import current_app

db = current_app.extensions["migrate"].db

with db.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=db.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""

REVISION = '''"""make product"""
import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.create_table("product", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("product")
'''

SINGLE_FILE = """
import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)


class Product(db.Model):
    id = db.Column(db.Integer, primary_key=True)


if __name__ == "__main__":
    app.run()
"""

BASE = """
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
"""

PRODUCT = """
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Product(Base):
    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
"""

PLAIN_ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

from store.models import Base

target_metadata = Base.metadata
engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()
"""

PYPROJECT = """\
[project]
name = "shop"  # as on the sign
version = "1.0"

# how we write
[tool.ruff]
line-length = 100  # wide screens
"""

SHOP = {
    "shop/__init__.py": FACTORY,
    "shop/extensions.py": EXTENSIONS,
    "shop/models.py": FLASK_MODELS,
}
FLASK_MIGRATE = {
    "migrations/alembic.ini": "[alembic]\n",
    "migrations/env.py": FLASK_ENV,
    "migrations/versions/a1.py": REVISION,
}
STORE = {
    "store/__init__.py": "",
    "store/base.py": BASE,
    "store/models/__init__.py": "from store.base import Base\nfrom store.models.product import Product\n",
    "store/models/product.py": PRODUCT,
}

LAYOUTS: Mapping[str, tuple[Files, Mapping[str, str]]] = {
    "a factory with Flask-Migrate": (
        {**SHOP, **FLASK_MIGRATE, "pyproject.toml": PYPROJECT},
        {"app": "shop:create_app", "migrations": "migrations"},
    ),
    "a factory without revisions": (SHOP, {"app": "shop:create_app"}),
    "an app.py": ({"app.py": SINGLE_FILE}, {"app": "app:app"}),
    "a factory in src": (
        {f"src/{path}": text for path, text in SHOP.items()} | FLASK_MIGRATE,
        {"app": "shop:create_app", "migrations": "migrations"},
    ),
    "a factory that needs arguments, called in wsgi.py": (
        {
            **SHOP,
            "shop/__init__.py": FACTORY.replace("config=None", "config"),
            "wsgi.py": "from shop import create_app\n\napplication = create_app('production')\n",
        },
        {"app": "wsgi:application"},
    ),
    "plain SQLAlchemy with an alembic.ini": (
        {
            **STORE,
            "alembic.ini": "[alembic]\nscript_location = %(here)s/alembic\n",
            "alembic/env.py": PLAIN_ENV,
            "alembic/versions/a1.py": REVISION,
        },
        {"metadata": "store.models:Base", "migrations": "alembic.ini"},
    ),
    "Alembic's directory in a package": (
        {
            **STORE,
            "alembic.ini": "[alembic]\nscript_location = store:db/migrations\n",
            "store/db/migrations/env.py": PLAIN_ENV,
            "store/db/migrations/versions/a1.py": REVISION,
        },
        {"metadata": "store.models:Base", "migrations": "alembic.ini"},
    ),
    "Alembic in pyproject.toml": (
        {
            **STORE,
            "pyproject.toml": PYPROJECT + '\n[tool.alembic]\nscript_location = "%(here)s/revisions"\n',
            "revisions/env.py": PLAIN_ENV,
            "revisions/versions/a1.py": REVISION,
        },
        {"metadata": "store.models:Base", "migrations": "pyproject.toml"},
    ),
    "models alone, in src": (
        {f"src/{path}": text for path, text in STORE.items()},
        {"metadata": "store.models:Base"},
    ),
    "an Alembic directory alone": (
        {
            "alembic.ini": "[alembic]\nscript_location = alembic\n",
            "alembic/env.py": PLAIN_ENV.replace("from store.models import Base\n", "").replace(
                "Base.metadata", "None"
            ),
            "alembic/versions/a1.py": REVISION,
        },
        {"migrations": "alembic.ini"},
    ),
}
"""Name → the files, and the settings that they need, if DATABASE_URL is set. Each makes a table `product`."""


def lay_out(folder: Path, files: Files) -> None:
    """Write the files: path below the folder → text."""
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
