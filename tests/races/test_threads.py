"""Threads of one process boot at once, as processes would, but without a signal handler."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from initdb.statemachine.initializer import Initializer
from initdb.statemachine.render.results import InitializationResult
from tests.support.settled import assert_settled
from tests.support.toy import Toy

THREADS = 20


@pytest.mark.parametrize("shared", [True, False], ids=["one initializer", "one each"])
def test_twenty_threads(toy: Toy, shared: bool) -> None:
    """One works, nineteen see it done."""
    one = toy.initializer()
    results = _together(lambda: one if shared else toy.initializer())
    assert [result.errors for result in results if not result.success] == []
    assert len(results) == THREADS
    assert len([result for result in results if result.steps_completed]) == 1
    assert "run_resumed" not in [entry.type for entry in assert_settled(toy)]


def _together(make: Callable[[], Initializer]) -> list[InitializationResult]:
    barrier = threading.Barrier(THREADS)
    results: list[InitializationResult] = []

    def boot() -> None:
        initializer = make()
        barrier.wait(60)
        results.append(initializer.initialize())

    threads = [threading.Thread(target=boot) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    return results
