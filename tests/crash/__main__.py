"""`make crash`: sweeps over all points, or one point again."""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import tempfile
from pathlib import Path

from tests.crash import trying
from tests.crash.layers import LAYERS
from tests.crash.places import Place, make_place
from tests.crash.point import Tried
from tests.crash.scenario import DATABASES
from tests.crash.scenarios import SCENARIOS
from tests.crash.sizes import long_form
from tests.crash.sweeping import Course, Task, plan, work_off
from tests.support.postgres_server import PostgresServer


def main(arguments: list[str]) -> int:
    """0 where everything held, 1 where a point failed, 2 for what does not exist."""
    chosen = _parser().parse_args(arguments)
    tasks = plan(chosen.scenario, chosen.database, chosen.layer, chosen.kind, chosen.every or 1)
    if not tasks:
        print("No layer has such points on this database.", file=sys.stderr)
        return 2
    if chosen.point:
        return _one(tasks, chosen.point)
    if chosen.every is None:
        tasks = long_form(tasks)
    target, kept = (Path(one) if one else None for one in (chosen.report, chosen.keep))
    return work_off(tasks, Course(chosen.workers, chosen.minutes, target, kept))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), action="append")
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--layer", choices=sorted(LAYERS), action="append")
    parser.add_argument("--kind", help="one kind of fault of the layer")
    parser.add_argument("--point", help="exactly this point, told in full")
    parser.add_argument("--every", type=int, help="every n-th point (1: all); else as in the long form")
    parser.add_argument("--minutes", type=float, default=math.inf, help="when to stop, wherever it is")
    parser.add_argument("--keep", help="a file of results, gone on from where it is there")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--report", help="where to write the report")
    return parser


def _one(tasks: list[Task], number: str) -> int:
    root = Path(tempfile.mkdtemp(prefix="initdb-crash-"))
    server = PostgresServer() if any(task.database == "postgresql" for task in tasks) else None
    failed = False
    try:
        for task in tasks:
            place = make_place(SCENARIOS[task.scenario], task.database, root / task.name, server)
            expected = trying.expect(place)
            tried = LAYERS[task.layer].one(place, expected, task.kind, number)
            _tell(place, expected, tried)
            failed |= bool(tried.problems)
            place.close()
    finally:
        if server is not None:
            server.remove()
        shutil.rmtree(root, ignore_errors=True)
    return 1 if failed else 0


def _tell(place: Place, expected: trying.Expected, tried: Tried) -> None:
    print(f"{tried.point.command()}\n  {expected.total} points; this one: {tried.label}")
    print(f"  {'the fault struck' if tried.died else 'the run had ended before'}; state {tried.state or '?'}")
    print("  journal in the end:")
    for event in trying.story(place).events:
        about = {name: event["data"].get(name) for name in ("revision", "source", "next", "interrupted")}
        shown = {name: value for name, value in about.items() if value is not None}
        turn = f"{event['type']} {event['source']}→{event['dest']}"
        print(f"    {event['seq']:3} {event['run'][-4:]} {turn} {shown or ''}")
    for problem in tried.problems:
        print(f"  {problem}")
    print("  failed" if tried.problems else "  as an uninterrupted run")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
