"""Many processes that boot one application at the same instant."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initdb.statemachine import work
from initdb.statemachine.site import Waiting, Watcher
from initdb.steps.context import StepContext
from tests.support.toy import Toy

Prepare = Callable[[int], Toy]


@dataclass(frozen=True)
class Booted:
    """What one of them saw: how it ended, which steps it did itself, its errors, whom it waited for."""

    outcome: str
    steps: tuple[str, ...]
    errors: tuple[str, ...]
    waited: tuple[str, ...]


def boot_together(
    toy: Toy, count: int, thinking: float = 0.0, prepare: Prepare | None = None
) -> list[Booted]:
    """Fork `count` processes behind a barrier and boot them; each spends `thinking` s of Python before a
    step."""
    reader, writer = os.pipe()
    children = [
        _fork(prepare(number) if prepare else toy, number, reader, writer, thinking)
        for number in range(count)
    ]
    os.close(reader)
    time.sleep(0.2)
    os.close(writer)
    return [_collect(pid, result) for pid, result in children]


def _fork(toy: Toy, number: int, reader: int, writer: int, thinking: float) -> tuple[int, Path]:
    result = toy.folder / f"booted-{number}.json"
    pid = os.fork()
    if pid:
        return pid, result
    os.close(writer)
    try:
        answer = _boot(toy, reader, thinking)
    except BaseException:
        answer = {"outcome": "raised", "steps": [], "errors": [traceback.format_exc()], "waited": []}
    result.write_text(json.dumps(answer))
    os._exit(0)


def _boot(toy: Toy, reader: int, thinking: float) -> dict[str, Any]:
    if thinking:
        _slow_down(thinking)
    waited: list[str] = []
    initializer = toy.initializer()
    initializer.site.watcher = Watcher(waiting=lambda waiting: _note(waited, waiting))
    while os.read(reader, 1):
        pass
    result = initializer.initialize()
    return {
        "outcome": result.outcome,
        "steps": result.steps_completed,
        "errors": result.errors,
        "waited": sorted(set(waited)),
    }


def _note(waited: list[str], waiting: Waiting) -> None:
    waited.append(waiting.why)


def _slow_down(seconds: float) -> None:
    def slowly(step: work.Step) -> work.Step:
        def run(ctx: StepContext) -> None:
            time.sleep(seconds)
            step(ctx)

        return run

    work.STEPS = {state: slowly(step) for state, step in work.STEPS.items()}
    from initdb.statemachine import run

    run.STEPS = work.STEPS


def _collect(pid: int, result: Path) -> Booted:
    os.waitpid(pid, 0)
    answer = json.loads(result.read_text())
    return Booted(answer["outcome"], tuple(answer["steps"]), tuple(answer["errors"]), tuple(answer["waited"]))
