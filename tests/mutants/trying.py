"""A plugin for pytest that tries mutants: every test passes once, then a fork of pytest tries each mutant.

The fork has the tests imported and the session's fixtures, a PostgreSQL server among them: a mutant costs the
tests that go through its function and nothing else. They are run quickest first, those that killed another
mutant of the function before all others, until one fails.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.mutants.children import End, in_a_child
from tests.mutants.trampoline import HITS, active
from tests.support.postgres_server import PostgresServer

ASKED = "MUTATION_ASKED"
"""The variable for the file with the mutants and the seconds of tests for each. Answers go beside it."""

KILLED, SURVIVED, HUNG, UNSEEN = "killed", "survived", "hung", "no test"

_FAILED = 1
_PATIENCE, _SLOWER = float(os.environ.get("MUTATION_PATIENCE", "4")), 10.0

hypothesis.settings.register_profile(
    "mutation",
    max_examples=20,
    database=None,
    deadline=None,
    derandomize=True,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    suppress_health_check=list(hypothesis.HealthCheck),
)


@dataclass
class Tests:
    """The tests of the session: what each costs, which functions it goes through, what it has killed."""

    items: Sequence[pytest.Item]
    seconds: dict[str, float] = field(default_factory=dict)
    through: dict[str, list[pytest.Item]] = field(default_factory=lambda: defaultdict(list))
    killers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def chosen(self, function: str, budget: float) -> list[pytest.Item]:
        """Those that go through a function, in the order in which they are run, as far as the time goes."""
        killers = self.killers[function]
        order = sorted(
            self.through[function], key=lambda one: (-killers[one.nodeid], self.seconds[one.nodeid])
        )
        cost, chosen = 0.0, []
        for item in order:
            cost += self.seconds[item.nodeid]
            if chosen and cost > budget:
                break
            chosen.append(item)
        return chosen

    def limits(self, items: Sequence[pytest.Item], patience: float) -> list[float]:
        """How long each may take with a mutant in it."""
        return [patience * (_PATIENCE + _SLOWER * self.seconds[item.nodeid]) for item in items]


class Trying:
    """The plugin itself."""

    def __init__(self, asked: Path) -> None:
        self.asked = json.loads(asked.read_text())
        self.answers = asked.with_suffix(".answers")
        self.failed: list[str] = []
        self.is_child = False
        self.server: PostgresServer | None = None

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Keeps the server, which the forks must not start again."""
        outcome: Any = yield
        if fixturedef.argname == "_session_server":
            self.server = outcome.get_result()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The first test that fails ends a fork at once."""
        if report.failed:
            self.failed.append(f"{report.nodeid} ({report.when})\n{report.longreprtext}")
            if self.is_child:
                if not active.name:
                    print(*self.failed, file=sys.stderr, flush=True)
                os._exit(_FAILED)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In the place of pytest's own loop."""
        tests = Tests(session.items)
        self._pass(tests)
        if self._fork("", tests.items, tests, patience=5.0).code != 0:
            raise pytest.UsageError("a test fails without a mutant where a fork runs it")
        with self.answers.open("w", buffering=1) as answers:
            for number, name in enumerate(self.asked["names"]):
                status, killer = self._try(name, tests)
                answers.write(json.dumps([name, status, killer]) + "\n")
                if number % 50 == 49:
                    self._drop_databases()
        return True

    def _pass(self, tests: Tests) -> None:
        """Every test once without a mutant: each passes, and says which functions it went through."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o777)
            os.environ[HITS] = active.folder = folder
            for number, item in enumerate(tests.items):
                active.hits.clear()
                had, following = self.server, tests.items[(number + 1) % len(tests.items)]
                tests.seconds[item.nodeid] = _timed(item, following)
                if self.server is not had:  # the first one has waited for the server to start
                    tests.seconds[item.nodeid] = _timed(item, following)
                files = list(Path(folder).iterdir())
                for function in {name for file in files for name in file.read_text().split()}:
                    tests.through[function].append(item)
                for file in files:
                    file.unlink()
            del os.environ[HITS]
            active.folder = None
        if self.failed:
            raise pytest.UsageError("tests fail without a mutant:\n" + "\n".join(self.failed))

    def _try(self, name: str, tests: Tests) -> tuple[str, str]:
        """What becomes of a mutant, and by which test."""
        function = f"{name.rpartition('_mutmut_')[0]}_mutmut"
        items = tests.chosen(function, self.asked["budget"])
        if not items:
            return UNSEEN, ""
        end = self._fork(name, items, tests)
        if end.code is None:  # the machine may have been slow, not the mutant
            end = self._fork(name, items, tests, patience=2.0)
        if end.code == 0:
            return SURVIVED, ""
        killer = items[max(end.piece, 0)]
        tests.killers[function][killer.nodeid] += 1
        return (HUNG if end.code is None else KILLED), killer.nodeid

    def _fork(self, name: str, items: Sequence[pytest.Item], tests: Tests, patience: float = 1.0) -> End:
        def work(begin: Any) -> None:
            self.is_child = True
            active.choose(name)
            PostgresServer.start = lambda *_, **__: None  # the parent's runs
            for number, item in enumerate(items):
                begin()
                _run(item, items[(number + 1) % len(items)])

        return in_a_child(work, tests.limits(items, patience), name)

    def _drop_databases(self) -> None:
        """Those that the tests which failed have left."""
        if self.server is not None:
            left = self.server.admin_execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'")
            for (database,) in left:
                self.server.admin_execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


def _timed(item: pytest.Item, following: pytest.Item) -> float:
    begun = time.monotonic()
    _run(item, following)
    return time.monotonic() - begun


def _run(item: pytest.Item, following: pytest.Item) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def pytest_configure(config: pytest.Config) -> None:
    """Registers the plugin where mutants are asked for."""
    if ASKED in os.environ:
        hypothesis.settings.load_profile("mutation")
        config.pluginmanager.register(Trying(Path(os.environ[ASKED])))
