"""A small schema whose parts can be left out or replaced one by one, to create a difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

Part = Callable[[], Any]

TEAMS: Mapping[str, Part] = {
    "id": lambda: Column("id", Integer, primary_key=True),
    "name": lambda: Column("name", String(40), nullable=False),
    "uq": lambda: UniqueConstraint("name"),
}
USERS: Mapping[str, Part] = {
    "id": lambda: Column("id", Integer, nullable=False, autoincrement=False),
    "team_id": lambda: Column("team_id", Integer),
    "email": lambda: Column("email", String(80), nullable=False),
    "age": lambda: Column("age", Integer),
    "note": lambda: Column("note", Text),
    "pk": lambda: PrimaryKeyConstraint("id"),
    "fk": lambda: ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_users_team", ondelete="CASCADE"),
    "uq": lambda: UniqueConstraint("email", name="uq_users_email"),
    "ck": lambda: CheckConstraint("age > 0", name="ck_users_age"),
    "ck2": lambda: CheckConstraint("age < 200"),
    "ix": lambda: Index("ix_users_age", "age"),
    "ux": lambda: Index("ux_users_note", "note", unique=True),
}


def shop(
    *without: str, teams: Mapping[str, Part] | None = None, users: Mapping[str, Part] | None = None
) -> MetaData:
    """Teams and users. without: tables ("teams") or parts ("users.ix") to leave out. Others are added."""
    metadata = MetaData()
    for name, parts in (("teams", {**TEAMS, **(teams or {})}), ("users", {**USERS, **(users or {})})):
        if name not in without:
            chosen = [part() for key, part in parts.items() if f"{name}.{key}" not in without]
            Table(name, metadata, *chosen)
    return metadata
