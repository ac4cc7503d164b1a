"""Every layer by its letter: a module with LETTER, ABOUT, DATABASES, KINDS, sweep() and one()."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, cast

from tests.crash.layers import (
    driver_calls,
    instants,
    io_errors,
    lives,
    messages,
    pairs,
    schedules,
    servers,
    statements,
    swarms,
    system_calls,
)
from tests.crash.point import Tried
from tests.crash.trying import Expected


class Layer(Protocol):
    """A way to stop a run. `sweep` tries every `every`th point of a kind, `one` exactly one."""

    LETTER: str
    ABOUT: str
    DATABASES: tuple[str, ...]
    KINDS: tuple[str, ...]

    def sweep(self, place: Any, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
        """The points one after the other."""

    def one(self, place: Any, expected: Expected, kind: str, number: str) -> Tried:
        """The point of that number."""


LAYERS: dict[str, Layer] = {
    module.LETTER: cast(Layer, module)
    for module in (
        statements,
        pairs,
        system_calls,
        io_errors,
        driver_calls,
        messages,
        servers,
        instants,
        schedules,
        swarms,
        lives,
    )
}
