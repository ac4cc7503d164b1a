"""A fault point and its result, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Point:
    """Where a run was stopped, and how. `number` counts from 1 within (scenario, database, layer, kind)."""

    scenario: str
    database: str
    layer: str
    kind: str
    number: str

    def command(self) -> str:
        """The command that repeats exactly this point."""
        return (
            f"make crash SCENARIO={self.scenario} DATABASE={self.database} LAYER={self.layer}"
            f" KIND={self.kind} POINT={self.number}"
        )


@dataclass(frozen=True, slots=True)
class Tried:
    """One point that was tried. `state`: a digest of what the fault left behind, "" where nobody looked.

    `died`: whether the fault struck (a random instant may come after the run's end). `problems`: each begins
    with lost, doubled, stuck, unready, different or journal.
    """

    point: Point
    state: str = ""
    died: bool = True
    problems: tuple[str, ...] = ()
    label: str = ""


@dataclass(slots=True)
class Counts:
    """The sum of many points of one layer, kind and database."""

    points: int = 0
    missed: int = 0
    states: set[str] = field(default_factory=set)
    problems: list[Tried] = field(default_factory=list)

    def add(self, tried: Tried) -> None:
        """Counts one point; those that came after the run's end apart."""
        self.points += tried.died
        self.missed += not tried.died
        if tried.state:
            self.states.add(f"{tried.point.scenario} {tried.point.database} {tried.state}")
        if tried.problems:
            self.problems.append(tried)

    def line(self) -> str:
        """`234 points, 62 states, 0 failed`."""
        late = f", {self.missed} after the end" if self.missed else ""
        return f"{self.points} points{late}, {len(self.states)} states, {len(self.problems)} failed"
