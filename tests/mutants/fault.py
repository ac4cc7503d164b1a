"""What a planted fault is: a place of the core as it is and as it must not be, and who must notice."""

from __future__ import annotations

from dataclasses import dataclass

UNIT, FOLD, RUN = (
    "statemachine/loop/writer.py",
    "statemachine/decide/gathering.py",
    "statemachine/loop/run.py",
)
ATTEND, SEEING, VERDICT = (
    "statemachine/loop/attend.py",
    "statemachine/loop/known.py",
    "statemachine/decide/verdict.py",
)
JOURNAL, SQLITE, POSTGRESQL = "events/journal.py", "events/sqlite.py", "events/postgresql.py"
SPOOL = "events/spool.py"
REVISION, FACTS, LEDGER = "steps/one_revision/perform.py", "steps/survey/facts.py", "steps/seeds/ledger.py"

OF_THE_UNIT = ("tests/statemachine/test_unit_lock.py", "tests/statemachine/test_unit.py")
OF_THE_FOLD = ("tests/statemachine/test_fold.py", "tests/model/test_any_steps.py")
OF_VERDICTS = ("tests/model/test_verdicts.py",)
OF_WALKS = (
    "tests/statemachine/test_meanwhile.py",
    "tests/statemachine/test_walks.py",
    "tests/statemachine/test_attend.py",
)
LIVES = ("tests/model/test_random_lives.py",)
BAD = ("tests/bad_journals/test_refused.py",)
RACES = ("tests/races/test_threads.py", "tests/races/test_swarms.py", "tests/races/test_death.py")


@dataclass(frozen=True, slots=True)
class Sweep:
    """Points of the crash harness: of this layer, scenario, database and kind, every so many of them.

    `likely`: a point that failed when it was last looked for. It is tried before all others.
    """

    layer: str
    scenario: str
    database: str
    kind: str
    every: int = 1
    likely: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """`old` stands once in `file` and becomes `new`; so do the `more` (file, old, new).

    `tests` are run until one fails. `sweep` is made as well, up to its first point that fails.
    """

    name: str
    about: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    sweep: Sweep | None = None
    more: tuple[tuple[str, str, str], ...] = ()

    @property
    def changes(self) -> tuple[tuple[str, str, str], ...]:
        """All that is changed: file, old, new."""
        return ((self.file, self.old, self.new), *self.more)
