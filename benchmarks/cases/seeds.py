"""Seeds: many rows of five columns, beside what the driver needs for them."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.case import Case, Setting
from benchmarks.measure import LOOP, Program

SIZES = {"csv": 1_000_000, "json": 100_000, "yaml": 20_000}
"""Rows of each form of file."""

QUICK = 20
"""So many times fewer rows in a quick run."""

COMMON = """
import json, os
from pathlib import Path
import sqlalchemy as sa
URL, FOLDER = {url!r}, Path({folder!r})
models = sa.MetaData()
items = sa.Table(
    "items", models,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("email", sa.String(80)),
    sa.Column("price", sa.Numeric(10, 2)),
    sa.Column("active", sa.Boolean),
)

def anew():
    if URL.startswith("sqlite"):
        for end in ("", "-wal", "-shm", "-journal"):
            Path(sa.make_url(URL).database + end).unlink(missing_ok=True)
        return
    with sa.create_engine(URL, isolation_level="AUTOCOMMIT").connect() as connection:
        for sql in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            connection.execute(sa.text(sql))
"""

OURS = """
from initdb.settings import load_settings
from initdb.statemachine.initializer import Initializer

def boot(*names, **options):
    settings = load_settings(folder=FOLDER, environ={}, options={"database_url": URL, **options})
    done = Initializer(metadata=models, seeds=[FOLDER / name for name in names], settings=settings).initialize()
    assert done.success, done.errors
anew()
boot()
"""

FIRST = "measured(lambda: boot({file!r}), 1, warm=0)\n"

ADDED = """
file = FOLDER / "10_items.csv"
before = file.stat().st_size
boot(file.name)
try:
    with file.open("a") as open_file:
        open_file.write("-1,added,a@example.org,1.00,true\\n")
    measured(lambda: boot(file.name, **{options!r}), 1, warm=0)
finally:
    os.truncate(file, before)
"""

FLOOR = """
import csv
anew()
engine = sa.create_engine(URL)
models.create_all(engine)
connection = engine.raw_connection()
cursor = connection.cursor()

def store():
    with (FOLDER / "{floor}_items.csv").open(newline="") as file:
        if engine.name == "sqlite":
            rows = csv.reader(file)
            next(rows)
            cursor.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING", rows)
        else:
            cursor.execute("CREATE TEMP TABLE staging (LIKE items)")
            cursor.copy_expert("COPY staging FROM STDIN CSV HEADER", file)
            cursor.execute("INSERT INTO items SELECT * FROM staging ON CONFLICT (id) DO NOTHING")
    connection.commit()

def work():
    {before}
    store()
measured(work, 1, warm=0)
"""

YAML_ALONE = """
import yaml
text = (FOLDER / "10_items.yaml").read_text()
measured(lambda: yaml.load(text, Loader=yaml.CSafeLoader), 1, warm=0)
"""


def _rows(count: int) -> Iterator[tuple[int, str, str, float, bool]]:
    return (
        (n, f"name {n}", f"user{n}@example.org", n % 9999 + n % 100 / 100, n % 3 > 0) for n in range(count)
    )


def _write_csv(file: Path, count: int) -> None:
    with file.open("w", newline="") as open_file:
        writer = csv.writer(open_file, lineterminator="\n")
        writer.writerow(("id", "name", "email", "price", "active"))
        writer.writerows(
            (n, name, mail, f"{price:.2f}", str(active).lower())
            for n, name, mail, price, active in _rows(count)
        )


def _write(folder: Path, form: str, count: int) -> None:
    file = folder / f"10_items.{form}"
    if form == "csv":
        _write_csv(file, count)
        return
    _write_csv(folder / "floor_items.csv", count)
    with file.open("w") as open_file:
        for number, values in enumerate(_rows(count)):
            row = dict(zip(("id", "name", "email", "price", "active"), values, strict=True))
            if form == "yaml":
                open_file.write("- " + "\n  ".join(map(": ".join, _plain(row))) + "\n")
            else:
                open_file.write(("," if number else "[") + json.dumps(row))
        open_file.write("]" if form == "json" else "")


def _plain(row: dict[str, object]) -> Iterator[tuple[str, str]]:
    return ((name, json.dumps(value).strip('"')) for name, value in row.items())


def _program(setting: Setting, name: str, *texts: str) -> Program:
    common = COMMON.format(url=setting.database_of(name), folder=str(setting.folder))
    return Program(common + "".join(texts), setting.folder)


def _made(form: str, setting: Setting) -> int:
    count = SIZES[form] // (QUICK if setting.quick else 1)
    _write(setting.folder, form, count)
    return count


def _first(setting: Setting) -> tuple[Program, Program]:
    _made("csv", setting)
    floor = FLOOR.format(floor=10, before="pass")
    return _program(setting, "ours", OURS, FIRST.format(file="10_items.csv")), _program(
        setting, "floor", floor
    )


def _again(options: dict[str, str], setting: Setting) -> tuple[Program, Program]:
    _made("csv", setting)
    (setting.folder / "alone").mkdir()
    _write_csv(setting.folder / "alone" / "10_items.csv", SIZES["csv"] // (QUICK if setting.quick else 1))
    return (
        _program(setting, "again", OURS, ADDED.format(options=options)),
        _program(setting, "first", OURS, FIRST.format(file="alone/10_items.csv")),
    )


def _json(setting: Setting) -> tuple[Program, Program]:
    _made("json", setting)
    floor = FLOOR.format(floor="floor", before='json.loads((FOLDER / "10_items.json").read_text())')
    return _program(setting, "ours", OURS, FIRST.format(file="10_items.json")), _program(
        setting, "floor", floor
    )


def _yaml(setting: Setting) -> tuple[Program, Program]:
    _made("yaml", setting)
    return _program(setting, "ours", OURS, FIRST.format(file="10_items.yaml")), _program(
        setting, "x", YAML_ALONE
    )


def _memory(setting: Setting) -> tuple[Program, Program]:
    _made("csv", setting)
    (setting.folder / "few").mkdir()
    _write_csv(setting.folder / "few" / "10_items.csv", 10)
    made = []
    for name, file in (("many", "10_items.csv"), ("few", "few/10_items.csv")):
        common = COMMON.format(url=setting.database_of(name), folder=str(setting.folder))
        script = setting.folder / f"{name}.py"
        script.write_text(LOOP + common + OURS + f"boot({file!r})\n")
        made.append(Program((sys.executable, str(script)), setting.folder))
    return made[0], made[1]


_FIRST_TIME = "the first time"

# Name, what, beside, quantity, the ratio to reach on SQLite and on PostgreSQL, the programs.
_TABLE: tuple[tuple[str, str, str, str, float, float, Callable[[Setting], tuple[Program, Program]]], ...] = (
    ("seeds", "1,000,000 CSV rows", "csv, executemany or COPY, ON CONFLICT", "wall", 1.7, 1.5, _first),
    ("seeds-added", "one CSV row added", _FIRST_TIME, "wall", 0.15, 0.15, partial(_again, {})),
    (
        *("seeds-all", "one CSV row added, all looked at", _FIRST_TIME, "wall", 0.9, 0.5),
        partial(_again, {"seed_rows": "all"}),
    ),
    ("seeds-json", "100,000 JSON rows", "json.loads and the CSV's floor", "wall", 1.5, 1.5, _json),
    ("seeds-yaml", "20,000 YAML rows", "yaml.load by the C parser alone", "cpu", 0.4, 0.4, _yaml),
    # A boot of ten rows needs some 75 MiB; 40 more are allowed.
    ("seeds-memory", "1,000,000 CSV rows, the process", "10 rows", "rss", 1.5, 1.5, _memory),
)

CASES = [
    Case(name, what, beside, quantity, most, make, (database,), rounds=3)
    for name, what, beside, quantity, *bars, make in _TABLE
    for database, most in zip(("sqlite", "postgresql"), bars, strict=True)
]
