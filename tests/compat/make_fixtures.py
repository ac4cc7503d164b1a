"""Writes the fixtures anew: what 0.1.0 makes of each history, on both databases.

usage: python -m tests.compat.make_fixtures     (as root, for the disk that is full)
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.compat.histories import HISTORIES
from tests.compat.shop import Shop
from tests.compat.versions import HERE, Version, install
from tests.support.postgres_server import CHOICE, PostgresServer

FIXTURES = HERE / "fixtures"
SERVER = "16"
"""The oldest that the tests bring along: a newer one reads its dumps."""

Dump = Callable[[], str]


def main() -> None:
    """Every history on every database."""
    os.environ[CHOICE] = SERVER
    with tempfile.TemporaryDirectory() as temporary, _server() as server:
        folder = Path(temporary)
        version = Version("0.1.0", install(folder / "site"), folder)
        for name, history in HISTORIES.items():
            for database, open_ in (("sqlite", _sqlite), ("postgresql", _postgresql)):
                with _shop(history.settings, *open_(name, server)) as (shop, dump):
                    history.make(version, shop)
                    _write(FIXTURES / database / name, dump(), _facts(folder / "site", shop))
        version.close()


@contextmanager
def _server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.remove()


@contextmanager
def _shop(settings: str, url: str, dump: Dump) -> Iterator[tuple[Shop, Dump]]:
    """In a folder with a plain name: a stored failure names the file that it is about."""
    shop = Shop.open(Path(tempfile.gettempdir(), "shop"), url, settings, {"SHOP_HOST": "shop-1"})
    try:
        yield shop, dump
    finally:
        shutil.rmtree(shop.folder)


def _sqlite(name: str, server: PostgresServer) -> tuple[str, Dump]:
    folder = Path(tempfile.mkdtemp())

    def dump() -> str:
        with closing(sqlite3.connect(folder / "shop.db")) as connection:
            return "\n".join(connection.iterdump())

    return f"sqlite:///{folder / 'shop.db'}", dump


def _postgresql(name: str, server: PostgresServer) -> tuple[str, Dump]:
    server.admin_execute(f"CREATE DATABASE {name}")
    url = server.url(name, tcp=True)

    def dump() -> str:
        """Without the lines that only psql understands."""
        words = (server.bin / "pg_dump", "--inserts", url.replace("+psycopg2", ""))
        dumped = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        return "\n".join(line for line in dumped.splitlines() if line and not line.startswith(("--", "\\")))

    return url, dump


def _facts(site: Path, shop: Shop) -> str:
    words = (sys.executable, str(HERE / "facts.py"), str(shop.folder))
    environ = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(words, check=True, capture_output=True, text=True, env=environ).stdout


def _write(place: Path, dump: str, facts: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.with_suffix(".sql").write_text(dump + "\n")
    place.with_suffix(".json").write_text(facts)


if __name__ == "__main__":
    main()
