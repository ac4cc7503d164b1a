"""A test suite that creates its application for each test."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from initdb import init_app

BOOTS = 100
LIMIT = 6.0
"""Seconds of this process, whatever else the machine does meanwhile. Seen: 2."""


class Base(DeclarativeBase):
    """The models of the suite's application."""


db = SQLAlchemy(model_class=Base)


class Author(db.Model):  # type: ignore[name-defined,misc]
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class Book(db.Model):  # type: ignore[name-defined,misc]
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))


class Reader(db.Model):  # type: ignore[name-defined,misc]
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Loan(db.Model):  # type: ignore[name-defined,misc]
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"), primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("reader.id"), primary_key=True)


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db.init_app(app)
    return init_app(app, db)


@pytest.mark.slow
def test_a_hundred_applications_in_memory(record_property: Callable[[str, object], None]) -> None:
    """Each has a database of its own, empty but for its schema, and all of them together are quick."""
    begun = time.process_time()
    for _ in range(BOOTS):
        app = create_app()
        with app.app_context():
            assert db.session.scalars(select(Author.name)).all() == []
            db.session.add(Author(name="only here"))
            db.session.commit()
    seconds = time.process_time() - begun
    record_property("seconds", seconds)
    assert seconds < LIMIT


def test_a_database_in_memory_lives_on_after_the_boot() -> None:
    """What is written later is there in the next context: the boot has not closed its only connection."""
    app = create_app()
    with app.app_context():
        db.session.add(Author(name="Ada"))
        db.session.commit()
    with app.app_context():
        assert db.session.scalars(select(Author.name)).all() == ["Ada"]
        db.session.add(Author(name="Blaise"))
        db.session.rollback()
        assert db.session.scalars(select(Author.name)).all() == ["Ada"]
