"""Databases live through random events: real files and servers, compared with a simple model."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from initdb.statemachine import orders
from initdb.statemachine.loop.outcome import Outcome
from tests.model.code import Code
from tests.model.places import FilePlace, Place, ServerPlace
from tests.model.world import World
from tests.support.postgres_server import PostgresServer

EXAMPLES = int(os.environ.get("INITDB_MODEL_EXAMPLES", "0"))
"""How many lives; 0: as many as fit into the tests of every day."""

STEPS = 8


class Life(RuleBasedStateMachine):
    """One database, from empty, through up to `STEPS` things that happen to it."""

    @staticmethod
    def place() -> Place:
        """Where the next one lives."""
        raise NotImplementedError

    @initialize(schema_from=st.sampled_from(["models", "migrations"]), rows=st.integers(1, 3))
    def begin(self, schema_from: str, rows: int) -> None:
        self.here = self.place()
        self.world = World(self.here.root, self.here.url, schema_from, Code(rows=rows))

    # What a team deploys.

    @precondition(lambda self: self.world.code.revisions < 6 and not self.world.code.broken)
    @rule(broken=st.booleans())
    def add_a_revision(self, broken: bool) -> None:
        self.world.deploy(revisions=self.world.code.revisions + 1, broken=broken)

    @precondition(lambda self: self.world.code.broken)
    @rule()
    def fix_the_revision(self) -> None:
        self.world.deploy(broken=False)

    @rule(rows=st.integers(1, 4), filled=st.integers(1, 2))
    def change_the_seeds(self, rows: int, filled: int) -> None:
        self.world.deploy(rows=rows, filled=filled)

    @precondition(lambda self: self._knows_the_rows())
    @rule()
    def accept_what_was_edited(self) -> None:
        self._judge(self.world.code, self.world.resume(accept_edited=True))

    @rule(edited=st.integers(0, 2))
    def edit_a_revision(self, edited: int) -> None:
        self.world.deploy(edited=edited)

    # What happens to processes.

    @rule()
    def boot(self) -> None:
        self._boot(self.world.code)

    @precondition(lambda self: bool(self.world.past))
    @rule(data=st.data())
    def boot_an_older_version(self, data: st.DataObject) -> None:
        self._boot(data.draw(st.sampled_from(self.world.past[-4:])))

    @rule(at=st.integers(1, 14))
    def boot_and_be_killed(self, at: int) -> None:
        ended = self.world.boot_killed(at)
        self.world.killed += ended.signal != 0

    @rule(older=st.booleans())
    def boot_at_once(self, older: bool) -> None:
        other = self.world.past[-1] if older and self.world.past else self.world.code
        codes = [self.world.code, other, self.world.code]
        may = self._foretold(codes[0]) | self._foretold(codes[1]) | {"ahead"}
        if any(code.broken or code.edited for code in codes):  # whoever comes first leaves it to the other
            may |= {"failed"}
        for outcome in self.world.boot_at_once(codes):
            assert outcome.ending in may, (outcome.ending, may, outcome.error)

    # What a person orders.

    @rule()
    def resume(self) -> None:
        self._judge(self.world.code, self.world.resume())

    @rule()
    def repair(self) -> None:
        self._judge(self.world.code, self.world.boot(order=orders.again("repair")))

    @rule(steps=st.integers(1, 2))
    def roll_back(self, steps: int) -> None:
        rows, names = self.world.version_rows(), self.world.code.names
        to = None
        if steps > 1 and rows and rows[0] in names and names.index(rows[0]) >= steps:
            to = names[names.index(rows[0]) - steps]
        outcome = self.world.boot(order=orders.roll_back(to))
        if outcome.ending == "failed":
            self.world.check_failure(outcome)

    @rule()
    def release(self) -> None:
        outcome = self.world.boot(order=orders.release(()))
        if outcome.ending == "failed":
            self.world.check_failure(outcome)

    @rule(numbers=st.lists(st.integers(1, 4), min_size=1, max_size=2), way=st.sampled_from(["retry", "mark"]))
    def resume_revisions(self, numbers: list[int], way: str) -> None:
        if way == "mark":  # what a person says must be true
            numbers = [one for one in numbers if {f"t{n}" for n in range(1, one + 1)} <= self.world.tables()]
        outcome = self.world.resume(**{way: [f"r{number}" for number in numbers]})
        self.world.touched = True
        if outcome.ending == "failed":
            self.world.check_failure(outcome)

    # What is done behind its back.

    @precondition(lambda self: "t2" in self.world.tables())
    @rule()
    def drop_a_table(self) -> None:
        self.world.sql("DROP TABLE t2")
        self.world.touched = True

    @precondition(lambda self: bool(self.world.version_rows()))
    @rule(
        statement=st.sampled_from(
            [
                "UPDATE alembic_version SET version_num = 'r1'",
                "DELETE FROM alembic_version",
                "DROP TABLE alembic_version",
            ]
        )
    )
    def edit_the_version_table(self, statement: str) -> None:
        self.world.sql(statement)
        self.world.touched = True

    @precondition(lambda self: self.world.tables() & {"log", "t1", "alembic_version"})
    @rule()
    def drop_everything_but_the_journal(self) -> None:
        self.world.wipe()

    @precondition(lambda self: self.world.exists())
    @rule()
    def take_a_backup(self) -> None:
        self.world.back_up(self.here)

    @precondition(lambda self: self.world.backup is not None)
    @rule()
    def restore_the_backup(self) -> None:
        self.world.restore(self.here)

    @precondition(lambda self: self._knows_the_rows() and not self.world.touched)
    @rule(way=st.sampled_from(["up", "down"]))
    def use_plain_alembic(self, way: str) -> None:
        if way == "up" and self.world.code.broken:
            return
        rows = self.world.version_rows()
        if way == "down" and not rows:
            return
        self.world.alembic(way, "heads" if way == "up" else "-1")

    # What must be true.

    def _knows_the_rows(self) -> bool:
        return set(self.world.version_rows()) <= set(self.world.code.names)

    def _foretold(self, code: Code) -> set[str]:
        """How a boot of `code` may end."""
        rows = self.world.version_rows()
        if not set(rows) <= set(code.names):
            return {"ahead"}
        loop = {"failed"} if self.world.killed >= 5 else set()
        if self.world.touched:
            return {"ready", "failed", "held"}
        pending = self.world.pending(code)
        if self.world.held(code, pending):
            return {"held"}
        if pending and self.world.edited(code):
            return {"failed"}
        return {"failed"} if pending and code.broken else {"ready"} | loop

    def _boot(self, code: Code) -> None:
        foretold, before = self._foretold(code), self.world.version_rows()
        outcome = self.world.boot(code)
        assert outcome.ending in foretold, (outcome.ending, foretold, outcome.error)
        if outcome.ending in ("ahead", "held"):
            assert outcome.report is None and self.world.version_rows() == before
        self._judge(code, outcome)

    def _judge(self, code: Code, outcome: Outcome) -> None:
        if outcome.ending == "ready":
            self.world.check_ready(code)
        elif outcome.ending == "failed":
            self.world.check_failure(outcome)
            self.world.check_quiet(code)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.world.settle()
            finally:
                self.here.leave()


def live(place: Callable[[], Place], examples: int) -> None:
    """Let as many lives as `examples` happen."""

    class Here(Life):
        pass

    Here.place = staticmethod(place)  # type: ignore[method-assign]
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES or examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            # A life is short enough to be read as it is; to make it shorter takes minutes.
            phases=[Phase.generate],
            report_multiple_bugs=False,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder in memory, where there is one."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.mark.timeout(0 if EXAMPLES else 300)
def test_lives_on_sqlite(root: Path) -> None:
    """In files."""

    def place() -> Place:
        folder = root / uuid.uuid4().hex
        folder.mkdir()
        return FilePlace(folder, f"sqlite:///{folder / 'life.db'}")

    live(place, 12)


@pytest.mark.timeout(0 if EXAMPLES else 300)
def test_lives_on_postgresql(root: Path, server: PostgresServer) -> None:
    """On a server."""

    def place() -> Place:
        name = f"life_{uuid.uuid4().hex[:12]}"
        folder = root / name
        folder.mkdir()
        server.admin_execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        return ServerPlace(folder, server.url(name), server, name)

    live(place, 4)
