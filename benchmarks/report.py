"""Prints what was measured: as a table, as JSON, and as a picture in SVG."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from importlib.metadata import version

from benchmarks.case import Case
from benchmarks.measure import Figure, Measured

UNITS = {"cpu": (1000, "ms"), "wall": (1000, "ms"), "rss": (1, "MiB")}
"""Quantity → by what it is multiplied for people, and its unit."""

_WIDTH, _LINE, _LEFT = 860, 26, 420


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a benchmark on one database.

    Attributes:
        case: The benchmark.
        database: The database.
        measured: The figures.
    """

    case: Case
    database: str
    measured: Measured

    @property
    def ratio(self) -> float:
        """The ratio that counts, ours to the peer's."""
        return self.measured.ratios[self.case.quantity]

    @property
    def is_reached(self) -> bool:
        """Whether it is as good as it should be."""
        return self.ratio <= self.case.most


def table(results: Sequence[Result]) -> str:
    """A table in Markdown, one line for each result."""
    lines = [
        "| what | database | beside | quantity | ours | beside | ratio | to reach |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in results:
        ours, peer = (side[one.case.quantity] for side in (one.measured.ours, one.measured.peer))
        mark = "" if one.is_reached else " (missed)"
        lines.append(
            f"| {one.case.title} | {one.database} | {one.case.beside} | {one.case.quantity}"
            f" | {_shown(ours, one.case.quantity)} | {_shown(peer, one.case.quantity)}"
            f" | {one.ratio:.2f}{mark} | {one.case.most:g} |"
        )
    return "\n".join(lines)


def data(results: Sequence[Result]) -> dict[str, object]:
    """The same as JSON values, with all quantities, in seconds and MiB, and where it was measured."""
    return {
        "machine": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "sqlite": sqlite3.sqlite_version,
            **{name: version(name) for name in ("sqlalchemy", "alembic", "flask-migrate", "psycopg2-binary")},
        },
        "results": [
            {
                "name": one.case.name,
                "what": one.case.title,
                "beside": one.case.beside,
                "database": one.database,
                "quantity": one.case.quantity,
                "most": one.case.most,
                "reached": one.is_reached,
                **asdict(one.measured),
            }
            for one in results
        ],
    }


def picture(results: Sequence[Result]) -> str:
    """A bar for each result: how many times less than the peer, or more."""
    height = _LINE * (len(results) + 1) + 10
    widest = max((max(one.ratio, 1 / one.ratio) for one in results), default=1.0)
    room = _WIDTH - _LEFT - 90
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif"'
        ' font-size="12" role="img">',
        f"<title>{escape('initdb beside what people use: how many times less, or more')}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for number, one in enumerate(results):
        y = 10 + number * _LINE
        times = max(one.ratio, 1 / one.ratio)
        less = one.ratio <= 1
        said = f"{times:.1f}× {'less' if less else 'more'}"
        width = max(2.0, room * times / widest)
        parts += [
            f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(one.case.title)}, {one.database}</text>',
            f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_LINE - 8}" fill="{"#2a7f62" if less else "#b0b7bd"}"/>',
            f'<text x="{_LEFT + width + 6:.1f}" y="{y + 14}">{said}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])


def _shown(figure: Figure, quantity: str) -> str:
    times, unit = UNITS[quantity]
    low, median, high = (one * times for one in (figure.low, figure.median, figure.high))
    digits = 0 if median >= 100 else 1 if median >= 10 else 2
    return f"{median:.{digits}f} {unit} ({low:.{digits}f}–{high:.{digits}f})"
