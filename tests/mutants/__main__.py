"""`make mutants`: plant each fault in a copy of the tree; say which test and which crash point noticed it."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.fault import Fault
from tests.mutants.faults import FAULTS
from tests.mutants.planting import Noticed, baseline, copy_tree, hunt, plant, take_out


def main(words: Sequence[str] | None = None) -> int:
    """0 where every fault was noticed by all who must, 1 where one survived or a test fails without it, 2 for
    an unknown name."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these faults")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--list", action="store_true", help="only say which there are")
    parser.add_argument("--table", type=Path, help="where to write the table, in Markdown")
    asked = parser.parse_args(words)
    if unknown := [name for name in asked.names if name not in {fault.name for fault in FAULTS}]:
        for name in unknown:
            print(f"There is no fault {name}.{_near(name)}", file=sys.stderr)
        return 2
    wanted = [fault for fault in FAULTS if not asked.names or fault.name in asked.names]
    if asked.list:
        for fault in wanted:
            print(f"{fault.name:24} {fault.about}")
        return 0
    noticed: dict[str, Noticed] = {}
    parts = [wanted[number :: asked.jobs] for number in range(asked.jobs)]
    with tempfile.TemporaryDirectory(prefix="initdb-mutants-") as folder, ThreadPoolExecutor() as pool:
        places = [Path(folder, str(number)) for number in range(asked.jobs)]
        for found in pool.map(_hunt_all, places, parts):
            noticed |= {one.fault.name: one for one in found}
    if asked.table:
        asked.table.write_text(table([noticed[fault.name] for fault in wanted]))
    survivors = [name for name, one in noticed.items() if one.survived]
    print(
        f"{len(wanted) - len(survivors)} of {len(wanted)} noticed{': not ' if survivors else ''}", *survivors
    )
    return 1 if survivors else 0


def _near(name: str) -> str:
    """The names that are like it, as a sentence."""
    near = difflib.get_close_matches(name, [fault.name for fault in FAULTS], n=5, cutoff=0.4)
    return f" Is it one of these? {', '.join(near)}" if near else " --list says which there are."


def _hunt_all(folder: Path, faults: Sequence[Fault]) -> list[Noticed]:
    folder.mkdir()
    tree = copy_tree(folder)
    found = []
    for fault in faults:
        # Told before an hour's work, not in its middle.
        take_out(tree, plant(tree, fault))
    if faults and (failing := baseline(tree, faults)):
        raise SystemExit(f"{failing} fails without any fault: nothing can be said.")
    for fault in faults:
        one = hunt(tree, fault)
        found.append(one)
        print(
            f"{fault.name:24} {one.seconds:6.1f} s  {fault.about}\n{'':24} {one.test or 'SURVIVED its tests'}"
        )
        if one.point is not None:
            print(f"{'':24} {one.point or 'SURVIVED its sweep'} ({one.points} points: {one.why[:100]})")
        sys.stdout.flush()
    return found


def table(noticed: Sequence[Noticed]) -> str:
    """What noticed each fault, as Markdown: those that the harness is asked for, then the others."""
    swept = [one for one in noticed if one.point is not None]
    lines = ["| fault | where | the test that noticed it | the crash point that did, and as what |"]
    lines += ["|---|---|---|---|", *(f"{_row(one)} {_point(one)} |" for one in swept), ""]
    lines += ["| fault | where | the test that noticed it |", "|---|---|---|"]
    lines += [_row(one) for one in noticed if one.point is None]
    return "\n".join(lines) + "\n"


def _row(one: Noticed) -> str:
    files = ", ".join(dict.fromkeys(file for file, _, _ in one.fault.changes))
    test = re.sub(r"\[.{50,}\]", "[…]", one.test.removeprefix("tests/")).replace("|", "/")
    return f"| {one.fault.about} | {files} | `{test or 'SURVIVED'}` |"


def _point(one: Noticed) -> str:
    why = (one.why.splitlines() or [""])[0].split("{")[0].strip()[:110].replace("|", "/")
    where = f"`{one.point}`" if (one.point or "").startswith("make") else one.point
    return f"{where or 'SURVIVED'} ({one.points} points): {why}"


if __name__ == "__main__":
    sys.exit(main())
