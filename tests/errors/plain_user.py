"""Runs a function as a user without root's rights, so that file permissions apply."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
NOBODY = 65534


def as_plain_user(function: Callable[[], Result]) -> Result:
    """What `function` returns in a forked child; as root the child becomes `nobody` first."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(function(), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, "the child failed"
    result: Result = pickle.loads(answer)
    return result
