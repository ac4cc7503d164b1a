"""The fixtures in conftest.py do what every other test relies on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from tests.support.bytecode import compile_product
from tests.support.postgres_server import PostgresServer
from tests.support.waiting import is_listening, wait_until

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_an_empty_database(engine: Engine, turn: int) -> None:
    """What one test leaves in its database, the next one does not see."""
    assert inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE left_behind (id INTEGER PRIMARY KEY)"))


def test_the_server_keeps_durability_at_its_defaults(server: PostgresServer) -> None:
    """A commit that was answered is on disk, as in production."""
    names = ("fsync", "full_page_writes", "synchronous_commit", "max_connections")
    assert [server.admin_execute(f"SHOW {name}")[0][0] for name in names] == ["on", "on", "on", "200"]


def test_the_server_is_reached_over_tcp_too(server: PostgresServer) -> None:
    """Proxies and tests of wrong ports need an address with a port."""
    engine = create_engine(server.url(tcp=True), poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT inet_server_port()")) == server.port


def test_a_committed_row_survives_an_immediate_stop(server: PostgresServer, postgresql_url: str) -> None:
    """After a crash of the server its databases hold what was committed."""
    engine = create_engine(postgresql_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 1 AS id"))
    server.stop_immediate()
    with pytest.raises(OperationalError):
        engine.connect()
    server.start()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT id FROM kept")) == 1


def test_a_password_role_needs_its_password(server: PostgresServer) -> None:
    """Authentication failures can be tried although every other role is trusted."""
    server.create_password_role("locked", "right")
    try:
        for tcp in (False, True):
            right, wrong = (server.url(user="locked", password=word, tcp=tcp) for word in ("right", "wrong"))
            create_engine(right, poolclass=NullPool).connect().close()
            with pytest.raises(OperationalError, match="password authentication failed"):
                create_engine(wrong, poolclass=NullPool).connect()
    finally:
        server.admin_execute("DROP ROLE locked")


def test_the_server_dies_with_its_process() -> None:
    """SIGKILL of a test process leaves no server behind."""
    program = (
        "import os, signal\n"
        "from tests.support.postgres_server import PostgresServer\n"
        "server = PostgresServer()\n"
        "print(server.port, *(folder.path for folder in server.folders), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    port, *folders = killed.stdout.split()
    assert wait_until(lambda: not is_listening("127.0.0.1", int(port)))
    for folder in folders:
        shutil.rmtree(folder)


def test_a_compiled_module_is_never_older_than_its_source(tmp_path: Path) -> None:
    """Also where the source was changed within a second, to one of the same size."""
    module = tmp_path / "events" / "planted.py"
    module.parent.mkdir()
    (module.parent / "__init__.py").touch()

    def printed(source: str, compile_it: bool) -> str:
        module.write_text(source)
        os.utime(module, (10**9, 10**9))
        if compile_it:
            compile_product(tmp_path)
            assert list(module.parent.glob("__pycache__/planted.*.pyc"))
        words = [sys.executable, "-c", "import events.planted"]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert printed("print('a < b')", True) == "a < b\n"
    assert printed("print('a > b')", False) == "a > b\n"
    assert printed("print('a = b')", True) == "a = b\n"
