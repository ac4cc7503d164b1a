"""What mutmut's generated code calls: a function, or the mutant of it that is being tried.

mutmut has a module for this. This one is its own because a process that a test starts must be able to import
it without mutmut, must know the mutant from its environment, and must say which functions it went through.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

MUTANT = "MUTANT_TRIED"
"""The variable that names the mutant for a process that a test starts: "" for none. As INITDB_… it would be
refused: a setting that does not exist."""

HITS = "MUTATION_HITS"
"""The variable with the folder in which processes write down the functions that they went through."""

MutantDict = dict[str, Callable[..., Any]]


class Active:
    """Which mutant of which module this process has, and the functions that it went through, where asked."""

    def __init__(self) -> None:
        self.module = self.name = ""
        self.folder = os.environ.get(HITS)
        self.hits: set[str] = set()
        self.choose(os.environ.get(MUTANT, ""))

    def choose(self, mutant: str) -> None:
        """Makes a mutant the active one, here and in processes that are started from now on."""
        self.module, _, self.name = mutant.rpartition(".")
        os.environ[MUTANT] = mutant

    def hit(self, function: str) -> None:
        """Notes a function, in a file as well: the process may be another than the one that asks."""
        if function not in self.hits:
            self.hits.add(function)
            # A test may let it run as a user who may write nowhere.
            with contextlib.suppress(OSError), Path(str(self.folder), str(os.getpid())).open("a") as file:
                file.write(f"{function}\n")


active = Active()


def wrap_in_trampoline(
    mutants: MutantDict, is_classmethod: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The decorator that mutmut puts on each function; `mutants` is filled after the function was defined."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        module = function.__module__

        @functools.wraps(function)
        def trampoline(*args: Any, **kwargs: Any) -> Any:
            chosen = mutants["_mutmut_orig"]
            if active.folder is not None:
                active.hit(f"{module}.{chosen.__name__.removesuffix('_orig')}")
            if active.module == module:
                chosen = mutants.get(active.name, chosen)
            if is_classmethod:
                return getattr(args[0], chosen.__name__)(*args[1:], **kwargs)
            return chosen(*args, **kwargs)

        return trampoline

    return decorate
