"""Models of an application, for a revision that imports them."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The application's base."""


class Second(Base):
    """A row of t2."""

    __tablename__ = "t2"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
