"""A small shop: products that customers order."""

from pathlib import Path

from flask import Flask

from initdb.flask import init_app
from shop.config import database_url
from shop.extensions import db, migrate
from shop.views import pages


def create_app() -> Flask:
    """The application; its database is the one that DATABASE_URL names, else instance/shop.db."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url(Path(app.instance_path))
    db.init_app(app)
    migrate.init_app(app, db, directory=str(Path(app.root_path).parent / "migrations"))
    app.register_blueprint(pages)
    init_app(app, db)
    return app
