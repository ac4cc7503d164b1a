"""Many replicas that boot at once on an empty database, beside one alone."""

from __future__ import annotations

from functools import partial

from benchmarks.case import Case, Setting
from benchmarks.measure import Program
from benchmarks.project import Project, make

REVISIONS = 20

SWARM = """
import logging, multiprocessing, os, resource, sys, time
import shop
from initdb.flask.binding import bound
import flask_migrate
import initdb.statemachine.loop.run, initdb.steps.alembic_driver, alembic.command, psycopg2
logging.disable(logging.CRITICAL)

def boot(ready, go, used):
    with bound(shop.migrated(), shop.db) as initializer:
        ready.release()
        go.wait()
        before = time.process_time()
        done = initializer.initialize()
        used.put(time.process_time() - before)
        used.close()
        used.join_thread()
    os._exit(0 if done.success else 1)

os.chdir({folder!r})
context = multiprocessing.get_context("fork")
ready, go, used = context.Semaphore(0), context.Event(), context.Queue()
processes = [context.Process(target=boot, args=(ready, go, used)) for _ in range({count})]
for process in processes:
    process.start()
for process in processes:
    ready.acquire()
wall = time.perf_counter()
go.set()
cpu = sum(used.get() for process in processes)
for process in processes:
    process.join()
wall = time.perf_counter() - wall
codes = [process.exitcode for process in processes]
assert not any(codes), codes
print("SAMPLES " + json.dumps([{{"cpu": cpu, "wall": wall}}]))
"""


def _made(setting: Setting, name: str) -> Project:
    folder = setting.folder / name
    folder.mkdir(exist_ok=True)
    return make(folder, setting.database_of(name), REVISIONS, REVISIONS)


def _programs(count: int, setting: Setting) -> tuple[Program, Program]:
    """Each process gets an empty database: so there is one round, and each side is repeated inside."""
    numbers = (4 if setting.quick else count, 1)
    made = []
    for side, number in zip(("ours", "peer"), numbers, strict=True):
        project = _made(setting, side)
        text = SWARM.format(folder=str(project.folder), count=number)
        made.append(project.program(text))
    return made[0], made[1]


CASES = tuple(
    Case(
        f"swarm-{count}-{quantity}",
        f"{count} replicas at once, {REVISIONS} revisions",
        "one alone",
        quantity,
        most,
        partial(_programs, count),
        rounds=1,
    )
    for count, quantity, most in ((60, "wall", 4), (60, "cpu", 5), (100, "wall", 6), (100, "cpu", 5))
)
