"""`python -m benchmarks [NAME ...]`: measures, and prints a table."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from benchmarks import cases
from benchmarks.case import Case, Setting
from benchmarks.measure import beside
from benchmarks.report import Result, data, picture, table
from tests.support.postgres_server import PostgresServer


def main() -> int:
    """Measure what was asked for.

    Returns:
        The exit code: 1 if a ratio was not reached and --strict was given.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only these; the beginning of a name is enough"
    )
    parser.add_argument("--list", action="store_true", help="print the names, and measure nothing")
    parser.add_argument("--quick", action="store_true", help="small, and few rounds: does everything work?")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="only this database")
    parser.add_argument("--rounds", type=int, help="how often each program is run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write a picture to a file")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a ratio was not reached")
    asked = parser.parse_args()
    chosen = [one for one in every() if _is_asked(one, asked.names)]
    if asked.list:
        print(*dict.fromkeys(one.name for one in chosen), sep="\n")
        return 0
    results = []
    with _databases() as databases:
        for case in chosen:
            for database in case.databases:
                if asked.database not in (None, database):
                    continue
                results.append(_measured(case, database, databases, asked.quick, asked.rounds))
                print(table(results[-1:]).splitlines()[-1], flush=True)
    print(f"\n{table(results)}")
    if asked.json:
        asked.json.write_text(json.dumps(data(results), indent=1) + "\n")
    if asked.svg:
        asked.svg.write_text(picture(results))
    return int(asked.strict and not all(one.is_reached for one in results))


def every() -> list[Case]:
    """All benchmarks, in the order of their modules."""
    modules = (import_module(f"{cases.__name__}.{found.name}") for found in iter_modules(cases.__path__))
    return [case for module in modules for case in module.CASES]


def _is_asked(case: Case, names: list[str]) -> bool:
    return not names or any(case.name.startswith(name) for name in names)


def _measured(
    case: Case, database: str, databases: Callable[[str, Path], str], quick: bool, rounds: int | None
) -> Result:
    with tempfile.TemporaryDirectory(prefix="initdb-benchmark-") as folder:
        root = Path(folder)
        setting = Setting(
            root, database, lambda name: databases(database, root / f"{name or 'shop'}.db"), quick
        )
        ours, peer = case.make(setting)
        return Result(case, database, beside(ours, peer, rounds or (1 if quick else case.rounds)))


@contextmanager
def _databases() -> Iterator[Callable[[str, Path], str]]:
    """Makes databases; a PostgreSQL server is started with the first one that needs it."""
    servers: list[PostgresServer] = []
    numbers = iter(range(10**6))

    def made(kind: str, file: Path) -> str:
        if kind == "sqlite":
            return f"sqlite:///{file}"
        if not servers:
            servers.append(PostgresServer())
        name = f"benchmark_{next(numbers)}"
        servers[0].admin_execute(f"CREATE DATABASE {name}")
        return servers[0].url(name)

    try:
        yield made
    finally:
        for server in servers:
            server.stop()
            server.remove()


if __name__ == "__main__":
    sys.exit(main())
