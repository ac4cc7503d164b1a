"""A database that is ready: what a boot, a command and an import cost if there is nothing to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.case import Case, Setting
from benchmarks.measure import Program
from benchmarks.project import Project, make

SIZES, SMALL, LARGE = (200, 300), (20, 30), (1000, 1000)
"""Tables and revisions."""

OURS = """
from shop import db, migrated
from initdb import init_app
def work(app):
    init_app(app, db)
measured(work, {times}, migrated, warm=3)
"""

FLASK_MIGRATE = """
import logging, os
logging.disable(logging.CRITICAL)
from flask_migrate import upgrade
from shop import migrated
os.chdir({folder!r})
def work(app):
    with app.app_context():
        upgrade()
measured(work, {times}, migrated, warm=2)
"""

IMPORTS = """
import subprocess, sys
def work():
    subprocess.run([sys.executable, "-c", {text!r}], check=True)
import json, os, time
rows = []
for _ in range({times}):
    before, wall = os.times(), time.perf_counter()
    work()
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    rows.append({{"cpu": used, "wall": time.perf_counter() - wall}})
print("SAMPLES " + json.dumps(rows))
"""

Programs = tuple[Program, Program]


def ready(setting: Setting, sizes: tuple[int, int], name: str = "", *, bytecode: bool = True) -> Project:
    """A project whose database is ready.

    Args:
        setting: Where, and on what.
        sizes: Tables and revisions.
        name: Of its folder and of its database.
        bytecode: Whether its processes write and use bytecode.
    """
    folder = setting.folder / (name or "project")
    folder.mkdir()
    project = make(folder, setting.database_of(name), *(SMALL if setting.quick else sizes))
    if not bytecode:
        project.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    Program("from shop import create_app\ncreate_app()\nprint('SAMPLES []')", folder, project.environ).run()
    Program(FLASK_MIGRATE.format(folder=str(folder), times=1), folder, project.environ).run()
    return project


def _times(setting: Setting) -> int:
    return 5 if setting.quick else 15


def _init_app(bytecode: bool, setting: Setting) -> Programs:
    project = ready(setting, SIZES, bytecode=bytecode)
    times = _times(setting)
    peer = FLASK_MIGRATE.format(folder=str(project.folder), times=times)
    return project.program(OURS.format(times=times)), project.program(peer)


def _larger(setting: Setting) -> Programs:
    times = _times(setting)
    large = ready(setting, LARGE, "large")
    usual = ready(setting, SIZES, "usual")
    return tuple(one.program(OURS.format(times=times)) for one in (large, usual))  # type: ignore[return-value]


def _command(ours: tuple[str, ...], peer: tuple[str, ...], setting: Setting) -> Programs:
    project = ready(setting, SIZES)
    bin = Path(sys.executable).parent
    return project.program((str(bin / ours[0]), *ours[1:])), project.program((str(bin / peer[0]), *peer[1:]))


def _import(setting: Setting) -> Programs:
    beside = "import flask, flask_sqlalchemy, flask_migrate"
    texts = (f"{beside}\nfrom initdb import init_app", beside)
    times = 5 if setting.quick else 10
    made = (Program(IMPORTS.format(text=text, times=times), setting.folder) for text in texts)
    return next(made), next(made)


_BOTH = ("sqlite", "postgresql")
_NOTHING = "flask_migrate.upgrade() doing nothing"
_UPGRADE = ("flask", "--app", "shop:migrated", "db", "upgrade")
_ROUTES = ("flask", "--app", "shop:bare", "routes")

# Name, what, beside, quantity, the ratio to reach, the programs, databases.
_TABLE: tuple[tuple[str, str, str, str, float, Callable[[Setting], Programs], tuple[str, ...]], ...] = (
    ("ready", "init_app", _NOTHING, "cpu", 1 / 8, partial(_init_app, True), ("sqlite",)),
    ("ready", "init_app", _NOTHING, "cpu", 1 / 10, partial(_init_app, True), ("postgresql",)),
    ("ready-wall", "init_app", _NOTHING, "wall", 1 / 3.2, partial(_init_app, True), ("postgresql",)),
    ("ready-no-pyc", "init_app, no .pyc", _NOTHING, "cpu", 1 / 14, partial(_init_app, False), ("sqlite",)),
    ("larger", "init_app, 1,000 tables and revisions", "200 and 300", "cpu", 5, _larger, ("sqlite",)),
    ("larger", "init_app, 1,000 tables and revisions", "200 and 300", "cpu", 3, _larger, ("postgresql",)),
    (
        "run",
        "initdb run",
        "flask db upgrade",
        "cpu",
        1 / 8,
        partial(_command, ("initdb", "run"), _UPGRADE),
        _BOTH,
    ),
    (
        "run-rss",
        "initdb run",
        "flask db upgrade",
        "rss",
        1 / 3,
        partial(_command, ("initdb", "run"), _UPGRADE),
        _BOTH,
    ),
    (
        "status",
        "initdb status",
        "flask db upgrade",
        "cpu",
        1 / 8,
        partial(_command, ("initdb", "status"), _UPGRADE),
        _BOTH,
    ),
    (
        "flask",
        "flask initdb run",
        "flask routes",
        "cpu",
        1.1,
        partial(_command, ("flask", "initdb", "run"), _ROUTES),
        _BOTH,
    ),
    (
        "import",
        "from initdb import init_app",
        "Flask and Flask-Migrate alone",
        "cpu",
        1.06,
        _import,
        ("sqlite",),
    ),
)

CASES = tuple(
    Case(name, f"{what}, ready" if name != "import" else what, beside, quantity, most, made, databases)
    for name, what, beside, quantity, most, made, databases in _TABLE
)
