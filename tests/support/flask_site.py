"""A small Flask application on disk, and servers that serve it: `flask run`, gunicorn, a Celery worker."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import NullPool, create_engine, inspect, text

from tests.support import forked
from tests.support.forked import Forked
from tests.support.waiting import is_listening, wait_until

APP = """
import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from initdb import init_app
from stock import stock


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Product(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["SITE_URL"]
    db.init_app(app)

    @app.get("/")
    def products():
        return f"{os.getpid()} " + ",".join(db.session.scalars(select(Product.name)))

    return init_app(app, db, seeds=[stock])
"""

STOCK = """
import os
import time

from sqlalchemy import text


def stock(connection):
    time.sleep(float(os.environ.get("STOCKING", "0")))
    if os.environ.get("SPOILT"):
        raise ValueError("the stock is spoilt")
    connection.execute(text("INSERT INTO product (name) VALUES ('tea')"))
"""

TASKS = """
from pathlib import Path

from celery import Celery
from sqlalchemy import select

from site_app import Product, create_app, db

flask_app = create_app()
folder = Path(__file__).parent / "broker"
folder.mkdir(exist_ok=True)
app = Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder),
}
app.conf.worker_hijack_root_logger = False


@app.task
def write_names(path):
    with flask_app.app_context():
        Path(path).write_text(",".join(db.session.scalars(select(Product.name))))
"""

READY = ["database_inspected", "schema_created", "seed_batch_applied", "health_validated"]
"""What one undisturbed run does for this application, after `journal_created` and `run_started`."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Place:
    """An application's folder, its database, and its processes, which print into the folder `logs`."""

    folder: Path
    url: str
    logs: Path
    environ: dict[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        """This process's environment without what would reach initdb, and the site's."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("INITDB_", "FLASK_", "WERKZEUG_")) and name != "DATABASE_URL"
        }
        own = {"PYTHONPATH": str(self.folder), "PYTHONUNBUFFERED": "1"}
        return {**kept, **own, **self.environ, **more}

    def run(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """`python -m …` in the site's folder, to its end."""
        return forked.run(*command, cwd=self.folder, env=self.environment(**environ))

    @contextlib.contextmanager
    def serving(self, *command: str, port: int | None = None, **environ: str) -> Iterator[Served]:
        """`python -m …` for the length of a block; once it listens on `port`, where one is given."""
        log = self.logs / "server.log"
        with log.open("w") as output:
            process = Forked(
                *command,
                cwd=self.folder,
                env=self.environment(**environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        served = Served(process, log, port)
        try:
            if port is not None:
                assert served.comes_up(), served.log
            yield served
        finally:
            served.stop()

    def events(self) -> list[str]:
        """The types of the journal's entries, in order."""
        return [
            str(row[0])
            for row in self.sql(
                "SELECT type FROM init_journal WHERE type NOT IN ('snapshot', 'inventory') ORDER BY seq"
            )
        ]

    def tables(self) -> list[str]:
        """The tables that there are; none where there is no database file."""
        if self.url.startswith("sqlite") and not Path(self.url.removeprefix("sqlite:///")).exists():
            return []
        engine = create_engine(self.url, poolclass=NullPool)
        return sorted(inspect(engine).get_table_names())

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """The rows of a query, on a connection of its own."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]


class FlaskSite(Place):
    """The application of this module, written into a folder."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, url, folder, {"SITE_URL": url})
        (folder / "site_app.py").write_text(APP)
        (folder / "stock.py").write_text(STOCK)
        (folder / "tasks.py").write_text(TASKS)

    def names(self) -> list[str]:
        """The products' names."""
        return [str(row[0]) for row in self.sql("SELECT name FROM product")]


@dataclass
class Served:
    """A server that runs, and everything it printed."""

    process: subprocess.Popen[str]
    path: Path
    port: int | None

    @property
    def log(self) -> str:
        """What it printed so far."""
        return self.path.read_text()

    def comes_up(self) -> bool:
        """Waits until it listens; False where it ended first."""
        assert self.port is not None
        port = self.port
        wait_until(lambda: is_listening("127.0.0.1", port) or self.process.poll() is not None)
        return self.process.poll() is None

    def get(self, path: str = "/", **headers: str) -> tuple[int, str, dict[str, str]]:
        """Status, body and headers of a request; waits until the server answers at all."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read().decode(), dict(response.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), dict(error.headers)

    def comes_to(self, start: str) -> bool:
        """Waits until the body begins with `start`, however often the server is started again meanwhile."""

        def holds() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get()[1].startswith(start)
            return False

        return wait_until(holds, pause=0.3)

    def ends(self) -> int:
        """Waits for its end; gives its exit code."""
        return self.process.wait(timeout=60)

    def stop(self) -> None:
        """Ends it, and then every process of its session."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=10)
        self.kill()

    def kill(self) -> None:
        """Ends every process of its session at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
