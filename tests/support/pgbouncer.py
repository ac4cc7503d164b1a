"""PgBouncer before a server; in transaction pooling one client's transactions go over many sessions."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from tests.support.debian import program
from tests.support.owned_folder import OwnedFolder
from tests.support.postgres_server import (
    SUPERUSER,
    PostgresServer,
    die_with_parent,
    free_port,
    roomy_parent,
)
from tests.support.waiting import is_listening, wait_until

_HOST = "127.0.0.1"


class PgBouncer:
    """A running PgBouncer; start it in the main thread, it dies with the thread that started it."""

    def __init__(self, server: PostgresServer, pool_size: int, mode: str = "transaction") -> None:
        """Starts it before `server`, with `pool_size` sessions for all clients of a database."""
        self._mode = mode
        where = program("pgbouncer", "pgbouncer")
        self._account = "nobody" if os.geteuid() == 0 else None
        self._folder = OwnedFolder(roomy_parent())
        self.port = free_port()
        ini = self._configure(self._folder.path, server, pool_size)
        self._process = subprocess.Popen(
            [where, "-q", ini],
            cwd=self._folder.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - one system call, and libc is loaded already
            **self._as_account(),
        )
        if not wait_until(lambda: is_listening(_HOST, self.port) or self._process.poll() is not None):
            raise RuntimeError("PgBouncer did not start")
        if self._process.poll() is not None:
            raise RuntimeError(f"PgBouncer did not start:\n{(self._folder.path / 'log').read_text()}")

    def url(self, direct: str) -> str:
        """The URL of a database that leads through PgBouncer, from the one that leads to the server."""
        url = make_url(direct).set(host=_HOST, port=self.port, query={})
        return url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Ends it and removes its files."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        self._folder.remove()

    def _configure(self, folder: Path, server: PostgresServer, pool_size: int) -> Path:
        users = folder / "users"
        users.write_text(f'"{SUPERUSER}" ""\n')
        ini = folder / "pgbouncer.ini"
        ini.write_text(
            "[databases]\n"
            f"* = host={server.folder} port={server.port}\n"
            "[pgbouncer]\n"
            f"listen_addr = {_HOST}\n"
            f"listen_port = {self.port}\n"
            "unix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {users}\n"
            f"pool_mode = {self._mode}\n"
            f"default_pool_size = {pool_size}\nmax_client_conn = 500\n"
            f"logfile = {folder / 'log'}\n"
        )
        if self._account:
            for path in (folder, users, ini):
                shutil.chown(path, self._account)
        return ini

    def _as_account(self) -> dict[str, Any]:
        return {} if self._account is None else {"user": self._account, "extra_groups": []}
