"""The pages of the shop."""

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import joinedload

from shop.extensions import db
from shop.models import Product

pages = Blueprint("pages", __name__)


@pages.get("/")
def products() -> str:
    found = db.session.scalars(select(Product).options(joinedload(Product.category)).order_by(Product.name))
    return render_template("products.html", products=found)


@pages.get("/health")
def health() -> ResponseReturnValue:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return jsonify(status="database unreachable"), 503
    return jsonify(status="ok")
