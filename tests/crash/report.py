"""The report: how many points of which kind were tried, and what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tests.crash.layers import LAYERS
from tests.crash.point import Counts, Tried
from tests.crash.scenarios import SCENARIOS

if TYPE_CHECKING:
    from tests.crash.sweeping import Done

_TELLING, _SHOWN = 100, 500
"""How many characters of a problem tell it from others, and how many are shown."""

_WORDS = ("lost", "doubled", "stuck", "unready", "different", "journal")


def summary(finished: Sequence[Done], seconds: float) -> str:
    """A few lines for the terminal."""
    everything = _sum(finished)
    lines = [f"{everything.line()}; {_verdicts(everything)}; {seconds:.0f} s"]
    for letter in LAYERS:
        of_layer = [done for done in finished if done.task.layer == letter]
        if of_layer:
            lines.append(f"  {letter}: {_sum(of_layer).line()}")
    return "\n".join(lines)


def _sum(finished: Iterable[Done]) -> Counts:
    total = Counts()
    for done in finished:
        total.points += done.counts.points
        total.missed += done.counts.missed
        total.states |= done.counts.states
        total.problems += done.counts.problems
    return total


def _verdicts(counts: Counts) -> str:
    """`lost 0, doubled 0, stuck 0 …`: in how many points each was met."""
    met = {
        word: sum(any(word + ":" in text for text in tried.problems) for tried in counts.problems)
        for word in _WORDS
    }
    return ", ".join(f"{word} {count}" for word, count in met.items())


def page(finished: Sequence[Done], seconds: float) -> str:
    """docs/crash-report.md."""
    everything = _sum(finished)
    lines = [
        "# Crash report",
        "",
        "Written by `make crash`. Each point is one fault at one place of one run: after ONE resume the",
        "database, its version rows and its journal must be those of a run that nobody interrupted, every",
        "effect there exactly once. A point is (scenario, database, layer, kind, number); a state is what",
        "a fault left behind: points that leave the same are one test. That the harness finds faults, which",
        "and where, stands in `mutants.md`.",
        "",
        f"**{everything.points:,} points, {len(everything.states):,} distinct states:"
        f" {_verdicts(everything)}.**",
        f"{everything.missed:,} random instants came after the end of their run and are not counted."
        f" It took {seconds / 60:.0f} minutes.",
        "",
        *_layers(finished),
        *_scenarios(finished),
        *(["## Failed points", "", *failures(everything)] if everything.problems else []),
    ]
    return "\n".join(lines) + "\n"


def _layers(finished: Sequence[Done]) -> list[str]:
    lines = [
        "## Layers",
        "",
        "| layer | database | kind | points | states | failed |",
        "|---|---|---|---|---|---|",
    ]
    for letter, layer in LAYERS.items():
        for database in layer.DATABASES:
            for kind in layer.KINDS:
                some = [
                    d
                    for d in finished
                    if (d.task.layer, d.task.database, d.task.kind) == (letter, database, kind)
                ]
                if some:
                    counts = _sum(some)
                    lines.append(
                        f"| {letter} | {database} | {kind} | {counts.points:,} | {len(counts.states):,} |"
                        f" {len(counts.problems)} |"
                    )
    told = [f"- {letter}: {layer.ABOUT}" for letter, layer in LAYERS.items()]
    return [*lines, "", *told, ""]


def _scenarios(finished: Sequence[Done]) -> list[str]:
    lines = [
        "## Scenarios",
        "",
        "| scenario | what is run | points | states | failed |",
        "|---|---|---|---|---|",
    ]
    for name, scenario in SCENARIOS.items():
        some = [done for done in finished if done.task.scenario == name]
        if some:
            counts = _sum(some)
            lines.append(
                f"| {name} | {scenario.about} | {counts.points:,} | {len(counts.states):,} |"
                f" {len(counts.problems)} |"
            )
    return [*lines, ""]


def failures(counts: Counts) -> list[str]:
    """The failed points, those that failed alike together: how to repeat the first, and what is wrong."""
    alike: dict[tuple[str, ...], list[Tried]] = {}
    for tried in counts.problems:
        key = (tried.point.command().rsplit("=", 1)[0], *(text[:_TELLING] for text in tried.problems))
        alike.setdefault(key, []).append(tried)
    lines = []
    for some in alike.values():
        first, others = some[0], ", ".join(tried.point.number for tried in some[1:13])
        lines.append(f"- `{first.point.command()}` ({first.label})")
        if others:
            lines.append(f"  - and at {others}{' …' if len(some) > 13 else ''}: {len(some)} points")
        lines += [f"  - {text[:_SHOWN]}" for text in first.problems]
    return lines
