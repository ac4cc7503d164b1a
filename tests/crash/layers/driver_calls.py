"""Layer D: PostgreSQL, at every call to the driver: the process killed, its backend ended, its socket cut."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2

from tests.crash import taps, trying
from tests.crash.places import PostgresPlace
from tests.crash.point import Point, Tried
from tests.crash.scenario import POSTGRESQL
from tests.crash.trying import Expected
from tests.support.waiting import wait_until

LETTER = "D"
ABOUT = "PostgreSQL, before and after every driver call: SIGKILL, backend terminated, socket cut"
DATABASES = (POSTGRESQL,)
KINDS = ("kill", "terminate", "cut")

_WITHOUT_CONNECTION = ("before connect", "after close")


def sweep(place: PostgresPlace, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
    """Every point (or every `every`th)."""
    for number in range(1, expected.total + 1, every):
        if kind == "kill" or not expected.labels[number - 1].startswith(_WITHOUT_CONNECTION):
            yield one(place, expected, kind, str(number))
    if kind == "kill":
        trying.completes(place, taps.kill_at(expected.total + 1))


def one(place: PostgresPlace, expected: Expected, kind: str, number: str) -> Tried:
    """One point."""
    at = int(number)
    point = Point(place.scenario.name, place.database, LETTER, kind, number)
    label = expected.labels[at - 1]
    place.reset()
    if kind == "kill":
        ended = trying.start(place, taps.kill_at(at)).wait()
        assert ended.signal == signal.SIGKILL, f"{point.command()} did not kill"
        left = tuple(place.leftovers())
        state = trying.digest(place)
        return Tried(point, state, problems=left + trying.problems_after(place, expected), label=label)
    problems = trying.problems_within(place, expected, _fault(place, kind, at))
    return Tried(point, problems=problems, label=label)


def _fault(place: PostgresPlace, kind: str, number: int) -> taps.Act:
    strike: Callable[[Any], None] = _cut if kind == "cut" else lambda driver: _terminate(place, driver)

    def act(moment: taps.Moment) -> bool:
        if moment.number != number:
            return False
        strike(moment.connection)
        return True

    return act


def _cut(driver: Any) -> None:
    """Both directions of the socket, at once; the server sees the end of the stream."""
    with socket.socket(fileno=os.dup(driver.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


def _terminate(place: PostgresPlace, driver: Any) -> None:
    """pg_terminate_backend, from another session; returns when the backend is gone."""
    server, pid = place.server, driver.get_backend_pid()
    other = psycopg2.connect(host=str(server.folder), port=server.port, user="postgres", dbname="postgres")
    other.autocommit = True
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))
        assert cursor.fetchone() == (True,)

        def gone() -> bool:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", (pid,))
            return bool(cursor.fetchone() == (0,))

        assert wait_until(gone, limit=10, pause=0.001)
    other.close()
