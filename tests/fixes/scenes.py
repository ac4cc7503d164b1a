"""What several cases need: lines of settings, models, roles, something that disturbs a revision."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from initdb.events.baton import Baton, try_baton
from initdb.events.find import find
from initdb.events.sessions import session
from tests.fixes.person import Person
from tests.support.toy import ENV, Toy


def set_to(person: Person, name: str, value: str | None) -> None:
    """Another line of initdb.toml, or one less."""
    file = person.folder / "initdb.toml"
    kept = [line for line in file.read_text().splitlines() if line.partition(" ")[0] != name]
    file.write_text("\n".join([*kept, *([f"{name} = {value}"] if value else [])]) + "\n")


MODELS = """
from sqlalchemy import Column, Integer, MetaData, String, Table

metadata = MetaData()
for name in ("t1", "t2", "t3"):
    unique = Column("name", String(40), nullable=False, unique=True)
    Table(name, metadata, Column("id", Integer, primary_key=True), unique)
"""


def as_app(person: Person, toy: Toy, **parts: str) -> None:
    """The settings name the database with this role; the password is in the environment."""
    person.environ["PGPASSWORD"] = parts.pop("password", "right")
    url = make_url(toy.url).set(username="shop app", **parts)
    set_to(person, "database_url", json.dumps(url.render_as_string(hide_password=False)))


ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


UNLESS = "    import os, pathlib\n    if not pathlib.Path('better').exists():\n        "


def better(person: Person) -> None:
    """What disturbed the revision is over."""
    (person.folder / "better").touch()


@contextlib.contextmanager
def held(toy: Toy) -> Iterator[Baton]:
    """This process holds the baton, as another run does."""
    engine = create_engine(toy.url, poolclass=NullPool)
    with session(engine) as connection:
        journal, _ = find(connection, "toy", None)
    baton = try_baton(engine, journal)
    assert baton is not None
    yield baton
    baton.release()
    engine.dispose()


SHOP = """
from sqlalchemy import CheckConstraint, Column, Index, Integer, MetaData, String, Table, text

metadata = MetaData()
shop = Table(
    "shop",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(40), nullable=False),
    {more}
)
"""


class Models:
    """The file with the models; `write` says what the table has besides id and name."""

    def __init__(self, file: Path, toy: Toy) -> None:
        self.file, self.toy = file, toy

    def write(self, more: str = "") -> None:
        self.file.write_text(SHOP.replace("{more}", more))


OFFLINE = """
if context.is_offline_mode():
    context.configure(url=config.get_main_option("sqlalchemy.url"), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run()
"""


def ini(person: Person, toy: Toy) -> None:
    """As in a project that Alembic alone has migrated: alembic.ini, and an env.py that can also print."""
    url = toy.url.replace("%", "%%")
    (person.folder / "alembic.ini").write_text(
        f"[alembic]\nscript_location = alembic\nsqlalchemy.url = {url}\n"
    )
    (toy.migrations / "env.py").write_text(ENV.format(options="").rstrip().removesuffix("run()") + OFFLINE)
