"""Layer F: PostgreSQL's server itself is stopped, restarts itself, or has its disk full, at driver call n."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator

import psycopg2

from tests.crash import failing, steady, taps, trying
from tests.crash.children import LIMIT, Child
from tests.crash.places import PostgresPlace
from tests.crash.point import Point, Tried
from tests.crash.scenario import POSTGRESQL
from tests.crash.trying import Expected
from tests.support.postgres_server import PostgresServer
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.waiting import wait_until

LETTER = "F"
ABOUT = (
    "PostgreSQL's server at a driver call: stopped with `immediate` and started before the run goes on, or a"
    " while later; one backend killed by SIGKILL, so that it restarts itself; its tables' disk full; the disk"
    " of its WAL full (PANIC)"
)
DATABASES = (POSTGRESQL,)
KINDS = ("restart", "away", "backend", "full-table", "full-wal")

AWAY = 0.2
"""How long, in s, a server stays away while the run goes on."""

_RECOVERY = 180.0
"""How long, in s, a server may take to recover on a busy machine."""

_WITHOUT_CONNECTION = ("before connect", "after close")
_TABLES, _WAL = 20, 24
"""Megabytes of a small disk for a database, and for the WAL."""

Strike = Callable[[int], Callable[[], None]]
"""Makes the fault (given the backend's process id) and gives what ends it once the run has gone on."""


def sweep(place: PostgresPlace, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
    """Every driver call (or every `every`th)."""
    numbers = range(1, expected.total + 1, every)
    with _afflicted(place, kind) as (here, strike):
        there = expected if here is place else trying.expect(here)
        for number in numbers:
            if kind != "backend" or not there.labels[number - 1].startswith(_WITHOUT_CONNECTION):
                yield _at(here, there, kind, number, strike)


def one(place: PostgresPlace, expected: Expected, kind: str, number: str) -> Tried:
    """That driver call."""
    with _afflicted(place, kind) as (here, strike):
        there = expected if here is place else trying.expect(here)
        return _at(here, there, kind, int(number), strike)


def _at(place: PostgresPlace, expected: Expected, kind: str, number: int, strike: Strike) -> Tried:
    point = Point(place.scenario.name, place.database, LETTER, kind, str(number))
    place.reset()
    here, there = socket.socketpair()

    def act(moment: taps.Moment) -> bool:
        if moment.number != number:
            return False
        pid = moment.connection.get_backend_pid() if kind == "backend" else 0
        there.sendall(str(pid).encode())
        there.recv(1)
        return True

    with failing.failures_told(place) if kind == "full-table" else contextlib.nullcontext():
        child = trying.start(place, act, failing.hurried if kind == "full-table" else steady.clock)
        there.close()
        problems = _with_fault(place, expected, child, here, strike, kind)
    return Tried(point, problems=problems, label=expected.labels[number - 1])


def _with_fault(
    place: PostgresPlace, expected: Expected, child: Child, line: socket.socket, strike: Strike, kind: str
) -> tuple[str, ...]:
    """Make the fault when the child has come to its point, let it go on, end the fault, and judge."""
    with line:
        line.settimeout(LIMIT)
        said = line.recv(20)
        assert said, "the run ended before its point"
        over = strike(int(said))
        line.sendall(b".")
        if kind == "full-table":
            # The disk is full to the end of the run.
            line.recv(1)
        over()
    if kind == "full-table":
        return trying.problems_of_failing(place, expected, child, {"disk-full"})
    return trying.problems_of(place, expected, child)


@contextlib.contextmanager
def _afflicted(place: PostgresPlace, kind: str) -> Iterator[tuple[PostgresPlace, Strike]]:
    """The place in which the fault of a kind can be made, and how."""
    server = place.server
    if kind == "full-table":
        with small_disk(server.folder / "small", _TABLES) as disk:
            yield from _in_tablespace(place, disk)
    elif kind == "full-wal":
        with small_disk(server.folder / "small", _WAL) as disk:
            yield from _on_small_wal(place, disk)
    else:
        yield place, {"restart": _restarting, "away": _leaving, "backend": _killing}[kind](server)


def _nothing() -> None:
    """What has ended by itself."""


def _restarting(server: PostgresServer) -> Strike:
    def strike(pid: int) -> Callable[[], None]:
        server.stop_immediate()
        server.start()
        return _nothing

    return strike


def _leaving(server: PostgresServer) -> Strike:
    def strike(pid: int) -> Callable[[], None]:
        server.stop_immediate()

        def back() -> None:
            time.sleep(AWAY)
            server.start()

        return back

    return strike


def _killing(server: PostgresServer) -> Strike:
    def strike(pid: int) -> Callable[[], None]:
        os.kill(pid, signal.SIGKILL)
        return _nothing

    return strike


def _in_tablespace(place: PostgresPlace, disk: SmallDisk) -> Iterator[tuple[PostgresPlace, Strike]]:
    folder = disk.path / "tables"
    folder.mkdir()
    place.server.give(folder)
    place.run(f"CREATE TABLESPACE small LOCATION '{folder}'")
    place.tablespace = "small"

    def strike(pid: int) -> Callable[[], None]:
        disk.fill()
        return disk.free

    try:
        yield place, strike
    finally:
        disk.free()
        place.tablespace = ""
        place.reset()
        place.run("CHECKPOINT")
        place.run("DROP TABLESPACE small")


def _on_small_wal(place: PostgresPlace, disk: SmallDisk) -> Iterator[tuple[PostgresPlace, Strike]]:
    folder = disk.path / "wal"
    folder.mkdir()
    place.server.give(folder)
    settings = {"max_wal_size": "4MB", "min_wal_size": "2MB"}
    server = PostgresServer(settings, ("-X", str(folder), "--wal-segsize=1"))
    apart = place.folder / "other"
    apart.mkdir()
    other = PostgresPlace(place.scenario, place.database, apart, server)

    def strike(pid: int) -> Callable[[], None]:
        disk.fill()
        _write_until_panic(server)

        def back() -> None:
            time.sleep(AWAY)
            disk.free()
            _bring_up(server)

        return back

    try:
        yield other, strike
    finally:
        disk.free()
        _bring_up(server)
        other.close()
        server.remove()


def _bring_up(server: PostgresServer) -> None:
    """A server that could not recover shuts down; one that still tries gets there by itself."""

    def accepts() -> bool:
        server.start(wait=False)
        try:
            server.admin_execute("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    # Each question forks a backend: asked too often, they keep the server from its recovery.
    assert wait_until(accepts, limit=_RECOVERY, pause=0.05), "\n".join(_said(server))


def _said(server: PostgresServer) -> list[str]:
    """What the server's log says, but for the connections that it did not take."""
    lines = server.log.read_text().splitlines()
    return [line for line in lines if "not yet accepting" not in line and "not been yet reached" not in line][
        -40:
    ]


def _write_until_panic(server: PostgresServer) -> None:
    """Write more at once than there are segments to recycle; the server dies of it."""
    with contextlib.suppress(psycopg2.OperationalError, psycopg2.InterfaceError):
        while True:
            server.admin_execute("SELECT pg_logical_emit_message(true, 'ballast', repeat('x', 60000000))")
