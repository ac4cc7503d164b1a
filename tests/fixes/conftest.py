"""A person in an empty folder, and one in the folder of a small application, on either database."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from initdb.statemachine.loop import patience
from initdb.steps.one_revision import perform
from tests.bad_journals.owner import Owner, append_entry
from tests.cli.console import Console, toy_project
from tests.fixes.person import Person
from tests.fixes.scenes import Models, set_to
from tests.support.postgres_server import PASSWORD_GROUP, PostgresServer
from tests.support.toy import Toy

_OURS = ("INITDB_", "DATABASE_URL", "FLASK_", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "TTY_", "PG")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of a file beside the application's own files, whose folder has a blank in its name."""
    return f"sqlite:///{tmp_path / 'my shop' / 'app.db'}"


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """In an empty folder; the programs of this environment are on PATH."""
    for name in list(os.environ):
        if name.startswith(_OURS):
            monkeypatch.delenv(name)
    folder = tmp_path / "my shop"
    folder.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    state = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield Person(folder, {**os.environ, **state, "PATH": path})


@pytest.fixture
def shared(person: Person) -> Iterator[None]:
    """The folder is where every user may go; our commands are called by one who is not root."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        # What a command imports is then there: this Python may be in a folder of root's.
        person.runs("initdb run --schema-from identity --database-url sqlite:///before.db")
        folder = Path(name) / "my shop"
        folder.mkdir()
        shutil.chown(folder, "nobody")
        person.folder, person.is_plain = folder, True
        person.environ |= {"HOME": name, "XDG_STATE_HOME": f"{folder}/state"}
        yield


@pytest.fixture(scope="session")
def ready_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database of `toy` that is ready, to be copied."""
    folder = tmp_path_factory.mktemp("ready")
    _make_ready(folder, f"sqlite:///{folder / 'ready.db'}")
    return folder / "ready.db"


@pytest.fixture(scope="session")
def ready_database(
    _session_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a PostgreSQL database of `toy` that is ready, to be copied."""
    name = f"ready_{uuid.uuid4().hex[:12]}"
    _session_server.admin_execute(f"CREATE DATABASE {name}")
    _make_ready(tmp_path_factory.mktemp("ready"), _session_server.url(name))
    yield name
    _session_server.admin_execute(f"DROP DATABASE {name}")


def _make_ready(folder: Path, url: str) -> None:
    toy_project(folder, url)
    done = Console(folder, {**os.environ, "HOME": str(folder)})("run")
    assert done.exit_code == 0, done.output


@pytest.fixture
def template(request: pytest.FixtureRequest) -> str:
    """A database of `ready` is a copy of one that is."""
    is_ready = "ready" in request.fixturenames
    return str(request.getfixturevalue("ready_database")) if is_ready else "template0"


@pytest.fixture
def ready(toy: Toy, request: pytest.FixtureRequest) -> Toy:
    """The same application, after a first run."""
    if toy.url.startswith("sqlite"):
        shutil.copy(request.getfixturevalue("ready_file"), toy.url.removeprefix("sqlite:///"))
    return toy


@pytest.fixture
def owner(person: Person, ready: Toy, request: pytest.FixtureRequest) -> Owner:
    """Of a ready database in which there is work to do, with entries that are not in a snapshot yet."""
    for _ in range(3):
        append_entry(ready)
    ready.with_seeds(6)
    programs = request.getfixturevalue("server").bin if person.database else None
    return Owner(ready, Console(person.folder, person.environ), programs)


@pytest.fixture
def toy(person: Person, database_url: str, request: pytest.FixtureRequest) -> Toy:
    """An application of three revisions and a seed in the person's folder."""
    if database_url.startswith("postgresql"):
        with_server(person, request.getfixturevalue("server"), database_url)
    return toy_project(person.folder, database_url)


def with_server(person: Person, server: PostgresServer, url: str) -> None:
    """The person's PATH has the server's programs; SQL is given to the database as its administrator."""
    first, rest = person.environ["PATH"].split(os.pathsep, 1)
    person.environ["PATH"] = os.pathsep.join((first, str(server.bin), rest))  # it has an initdb too
    person.database = url.replace("postgresql+psycopg2", "postgresql")


@pytest.fixture(autouse=True)
def _claims(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test says that it types it has seen printed, and has typed."""
    claimed = {reference for mark in request.node.iter_markers("fixes") for reference in mark.args}
    person: Person | None = request.getfixturevalue("person") if claimed else None
    yield
    if person is not None:
        assert claimed <= person.met, f"not printed: {claimed - person.met}"
        assert claimed <= person.typed, f"nothing typed: {claimed - person.typed}"


@pytest.fixture
def models(person: Person, toy: Toy) -> Models:
    """An application without revisions and seeds."""
    for name in ("migrations", "seeds"):
        set_to(person, name, None)
    shutil.rmtree(toy.migrations)
    shutil.rmtree(toy.seeds)
    set_to(person, "metadata", '"models:metadata"')
    made = Models(person.folder / "models.py", toy)
    made.write()
    return made


@pytest.fixture
def app(server: PostgresServer, toy: Toy) -> Iterator[str]:
    """A role that is no superuser, and owns the database; the settings name it."""
    name = make_url(toy.url).database
    server.admin_execute(f"CREATE ROLE \"shop app\" LOGIN PASSWORD 'right' IN ROLE {PASSWORD_GROUP}")
    server.admin_execute(f'ALTER DATABASE {name} OWNER TO "shop app"')
    yield "shop app"
    server.admin_execute('DROP OWNED BY "shop app" CASCADE', database=name or "")
    server.admin_execute(f"ALTER DATABASE {name} OWNER TO postgres")
    server.admin_execute('DROP ROLE "shop app"')


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One try, since the pauses between several take seconds."""
    for module in (patience, perform):
        monkeypatch.setattr(module, "TRIES", 1)
