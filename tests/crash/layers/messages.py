"""Layer E: PostgreSQL behind a proxy that cuts at a message: before it arrives, after its answer, or so that
it arrives late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import make_url

from tests.crash import proxy, trying
from tests.crash.places import PostgresPlace
from tests.crash.point import Point, Tried
from tests.crash.proxy import Cut, Proxy, When
from tests.crash.scenario import POSTGRESQL
from tests.crash.trying import Expected

LETTER = "E"
ABOUT = (
    "PostgreSQL behind a proxy: each message cut before it reaches the server, and after its answer did;"
    " each COMMIT also so that it arrives when the client has looked again"
)
DATABASES = (POSTGRESQL,)
KINDS = ("commit-before", "commit-after", "commit-late", "message-before", "message-after")


def sweep(place: PostgresPlace, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
    """Every message of a kind (or every `every`th); one run without a cut counts them."""
    place.reset()
    through = _through(place, _cut(kind, 0))
    with through as counting:
        trying.completes(place)
    statements, cut = counting.close()
    assert statements and not cut
    for number in range(1, len(statements) + 1, every):
        yield one(place, expected, kind, str(number))


def one(place: PostgresPlace, expected: Expected, kind: str, number: str) -> Tried:
    """One cut; the process must go on by itself."""
    point = Point(place.scenario.name, place.database, LETTER, kind, number)
    place.reset()
    with _through(place, _cut(kind, int(number))) as cutting:
        problems = trying.problems_within(place, expected)
    statements, cut = cutting.close()
    assert cut, f"{point.command()} did not cut"
    return Tried(point, problems=problems, label=f"{kind}: {statements[int(number) - 1]}")


def _cut(kind: str, number: int) -> Cut:
    what, when = kind.split("-")
    return Cut(number, cast(When, when), commits=what == "commit")


@contextmanager
def _through(place: PostgresPlace, cut: Cut) -> Iterator[Proxy]:
    """The place's application behind a proxy, for the length of a block."""
    made = proxy.start(place.server.port, cut)
    direct = place.app
    url = make_url(place.server.url(place.name, tcp=True)).set(port=made.port)
    place.app = place.scenario.make(place.folder, url.render_as_string(hide_password=False))
    try:
        yield made
    finally:
        place.app = direct
