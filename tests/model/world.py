"""A database, the versions of an application that meet it, and what must be true whatever happens."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine, inspect

from initdb.cli.root import COMMANDS
from initdb.errors import render
from initdb.events.find import find
from initdb.events.sessions import session
from initdb.statemachine import orders
from initdb.statemachine.decide.audit import audit
from initdb.statemachine.loop.order import Order
from initdb.statemachine.loop.outcome import Outcome
from initdb.steps.seeds.functions import function_digest
from tests.crash.children import Ended, call
from tests.model import plans
from tests.model.code import FILLERS, Code
from tests.model.places import Place

LIMIT = 45.0
"""How long, in s, anything may take before it counts as stuck."""

VERSIONS = {function_digest(function): version for version, function in FILLERS.items()}
"""Hash of a seeding function → its version."""

NAMES = {str(one.name) for one in COMMANDS}


@dataclass(frozen=True)
class Backup:
    """A copy of the database, and what is known of it."""

    by_hand: Counter[str]
    since: int
    touched: bool


@dataclass
class World:
    """`code`: what is deployed now; `past`: what was, and may still run somewhere.

    `by_hand`: what the log must hold beside what the journal tells of. `touched`: somebody altered the
    database by hand, so that not everything that follows is foretold. `since`: the entry before which the
    log says nothing, since it was dropped with everything else.
    """

    root: Path
    url: str
    schema_from: str
    code: Code = field(default_factory=Code)
    past: list[Code] = field(default_factory=list)
    by_hand: Counter[str] = field(default_factory=Counter)
    touched: bool = False
    since: int = 0
    killed: int = 0
    audited: int = 0
    backup: Backup | None = None

    def __post_init__(self) -> None:
        self.engine = create_engine(self.url, poolclass=NullPool)

    def sql(self, *statements: str) -> list[Sequence[Any]]:
        """As a person types it; gives the last one's rows."""
        rows: list[Sequence[Any]] = []
        with self.engine.begin() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in result] if result.returns_rows else []
        return rows

    def tables(self) -> set[str]:
        return set(inspect(self.engine).get_table_names()) if self.exists() else set()

    def exists(self) -> bool:
        """Whether there is a database to look at; to connect would make the file."""
        return not self.url.startswith("sqlite") or Path(self.url.removeprefix("sqlite:///")).exists()

    def version_rows(self) -> list[str]:
        """What Alembic's table says."""
        if "alembic_version" not in self.tables():
            return []
        return [row[0] for row in self.sql("SELECT version_num FROM alembic_version")]

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """The events of the journal, as they are stored."""
        if "init_journal" not in self.tables():
            return []
        rows = self.sql(f"SELECT event FROM init_journal WHERE seq > {after} ORDER BY seq")
        return [json.loads(row[0]) for row in rows]

    def deploy(self, **changes: Any) -> None:
        """A new version of the code; the old one stays around."""
        self.past.append(self.code)
        self.code = replace(self.code, **changes)

    def _process(self, code: Code, **heard: Any) -> Any:
        return code.initializer(self.root, self.url, self.schema_from, **heard)

    def boot(self, code: Code | None = None, order: Order | None = None) -> Outcome:
        """One process, with whatever a person ordered. Without an order it does what its plan says."""
        if order is not None:
            return self._process(code or self.code).attend(order)  # type: ignore[no-any-return]
        before = (self.exists(), self.tables(), len(self.entries()))
        seen = plans.foreseen(self._process(code or self.code).site)
        assert (self.exists(), self.tables(), len(self.entries())) == before, "a plan has written"
        outcome = self._process(code or self.code).attend()
        plans.agrees(seen, outcome)
        return outcome  # type: ignore[no-any-return]

    def resume(
        self, retry: Sequence[str] = (), mark: Sequence[str] = (), *, accept_edited: bool = False
    ) -> Outcome:
        """`initdb resume`, with its options."""
        process = self._process(self.code)
        order = orders.resume(process.look(), retry, mark, accept_edited=accept_edited)
        return process.attend(order)  # type: ignore[no-any-return]

    def boot_at_once(self, codes: Sequence[Code]) -> list[Outcome]:
        """As many threads, each a process of its own as far as the database can tell."""
        outcomes: list[Outcome] = []
        processes = [self._process(code) for code in codes]
        barrier = threading.Barrier(len(codes))

        def run(process: Any) -> None:
            barrier.wait()
            outcomes.append(process.attend())

        threads = [threading.Thread(target=run, args=(process,), daemon=True) for process in processes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
        assert not any(thread.is_alive() for thread in threads), "stuck"
        return outcomes

    def boot_killed(self, at: int) -> Ended:
        """A process that is killed at the `at`th thing that it tells: a step begun, an event committed."""

        def run() -> str:
            import os
            import signal

            seen = 0

            def heard(_: object) -> None:
                nonlocal seen
                seen += 1
                if seen == at:
                    os.kill(os.getpid(), signal.SIGKILL)

            return str(self._process(self.code, entry=heard, progress=heard).attend().ending)

        return call(run, LIMIT)

    def alembic(self, way: str, revision: str) -> None:
        """Plain Alembic, as if there were no initdb."""
        config = Config(stdout=StringIO())
        config.set_main_option("script_location", str(self.code.write(self.root) / "alembic"))
        config.set_main_option("sqlalchemy.url", self.url.replace("%", "%%"))
        before = set(self._applied())
        (command.upgrade if way == "up" else command.downgrade)(config, revision)
        changed = set(self._applied()) ^ before
        self.by_hand.update(f"{way} {name}" for name in changed)
        self.touched = True

    def wipe(self) -> None:
        """Drop every table but the journal's."""
        doomed = [name for name in self.tables() if not name.startswith("init_journal")]
        self.sql(*(f"DROP TABLE {name}" for name in doomed))
        self.since, self.by_hand, self.touched = len(self.entries()), Counter(), True

    def back_up(self, place: Place) -> None:
        """A copy of everything, the journal with it."""
        place.copy()
        self.backup = Backup(self.by_hand.copy(), self.since, self.touched)

    def restore(self, place: Place) -> None:
        """The copy in the place of what has become of it."""
        assert self.backup is not None
        place.put_back()
        self.by_hand, self.since, self.touched = (
            self.backup.by_hand.copy(),
            self.backup.since,
            self.backup.touched,
        )
        self.audited = 0

    def _applied(self) -> list[str]:
        rows = self.version_rows()
        return self.code.names[: self.code.names.index(rows[0]) + 1] if rows else []

    # What is foretold.

    def pending(self, code: Code) -> list[str]:
        """The revisions of `code` that a boot would run; none where the models make the schema."""
        rows = self.version_rows()
        if not rows:
            return [] if self.schema_from == "models" and not self.tables() & {"log", "t1"} else code.names
        return code.names[code.names.index(rows[0]) + 1 :]

    def held(self, code: Code, pending: list[str]) -> bool:
        """Whether one of `pending` was reverted as it is in `code`, and not released since."""
        reverted: dict[str, str] = {}
        for entry in self.entries():
            data = entry["data"]
            if entry["type"] == "migration_reverted":
                reverted[data["revision"]] = data["digest"]
            elif entry["type"] == "migration_applied":
                reverted.pop(data["revision"], None)
            elif entry["type"] == "hold_released":
                for name in data["revisions"]:
                    reverted.pop(name, None)
        return any(reverted.get(name) == code.digest(self.root, name) for name in pending)

    def edited(self, code: Code) -> bool:
        """Whether a revision that stands is not in `code` as it was applied or accepted."""
        applied: dict[str, str] = {}
        accepted: dict[str, str] = {}
        for entry in self.entries():
            data = entry["data"]
            if entry["type"] == "migration_applied":
                applied[data["revision"]] = data["digest"]
                accepted.pop(data["revision"], None)
            elif entry["type"] == "migration_reverted":
                applied.pop(data["revision"], None)
            elif entry["type"] == "override":
                accepted |= {name.partition(" ")[2]: it for name, it in data.get("accepts", {}).items()}
        return any(
            code.digest(self.root, name) not in (digest, accepted.get(name))
            for name, digest in applied.items()
            if name in code.names
        )

    # What must be true.

    def check(self) -> None:
        """The chain holds, a replay agrees, and every effect is there as often as the journal says."""
        if not self.exists():
            return
        entries = self.entries()
        if len(entries) != self.audited:
            with session(self.engine) as connection:
                assert audit(connection, find(connection, "modelled", None)[0]).findings == ()
            self.audited = len(entries)
        told = Counter(line for one in entries if one["seq"] > self.since and (line := effect(one)))
        log = (
            Counter(row[0] for row in self.sql("SELECT what FROM log"))
            if "log" in self.tables()
            else Counter()
        )
        assert log == told + self.by_hand, (log, told, self.by_hand)
        if self.url.startswith("sqlite"):
            assert self.sql("PRAGMA integrity_check") == [("ok",)]

    def check_ready(self, code: Code) -> None:
        """Tables as the models say, every revision applied, the seeds there; another boot does nothing."""
        assert self.version_rows() == [code.names[-1]], self.version_rows()
        if not self.touched:
            tables = self.tables()
            assert {"log", *(f"t{number}" for number in range(1, code.revisions + 1))} <= tables, tables
            names = [row[0] for row in self.sql("SELECT name FROM t1")]
            assert len(names) == len(set(names)), names
            assert {f"seed {row}" for row in range(code.rows)} <= set(names), names
        self.check_quiet(code)

    def check_quiet(self, code: Code) -> None:
        """The same boot once more concludes the same and writes nothing."""
        before = len(self.entries())
        again = self.boot(code)
        assert len(self.entries()) == before, [one["type"] for one in self.entries(before)]
        assert again.report is None or not again.report.entries

    def check_failure(self, outcome: Outcome) -> None:
        """It says what is wrong and names a command that exists."""
        assert outcome.error is not None
        text = render(outcome.error)
        assert outcome.error.reference not in ("internal-error", "wait-limit", "connection-failed"), text
        named = re.findall(r"\binitdb ([a-z]+)\b", text)
        assert named and set(named) <= NAMES, text

    def settle(self) -> None:
        """Follow what the errors say, as a person would, until it is ready; there must be an end to it."""
        known = [*self.past, self.code]
        newest = max(known, key=lambda code: code.revisions)
        self.deploy(**{**vars(newest), "broken": False, "edited": 0})
        said: list[str] = []
        for _ in range(8):
            outcome = self.boot()
            said.append(f"{outcome.ending} {outcome.error.reference if outcome.error else ''}")
            if outcome.ending == "ready":
                self.check()
                return
            self._follow(outcome)
        raise AssertionError(f"no way out: {said}\n{render(outcome.error) if outcome.error else ''}")

    def _follow(self, outcome: Outcome) -> None:
        if outcome.ending == "held":
            self.boot(order=orders.release(()))
            return
        assert outcome.error is not None, outcome.ending
        self.check_failure(outcome)
        if outcome.error.reference == "history-conflict":
            lost = re.findall(r"\br\d+\b", outcome.error.context[0].partition(", the version")[0])
            there = [name for name in lost if f"t{name[1:]}" in self.tables()]
            if there:
                self.resume(mark=[max(there)])
            else:
                self.resume(retry=lost)
        elif "already exists" in render(outcome.error):
            self.resume(mark=re.findall(r"^revision (r\d+)", outcome.error.context[0]))
        elif outcome.error.reference == "adoption-refused":
            self._say_where_it_stands()
        elif outcome.error.reference == "revision-changed":
            self.resume(accept_edited=True)
        else:
            self.resume()

    def _say_where_it_stands(self) -> None:
        """At the last revision whose table is there with all before it; what belongs to none must go."""
        tables, at = self.tables(), 0
        while f"t{at + 1}" in tables:
            at += 1
        if at:
            self.resume(mark=[f"r{at}"])
            return
        left = [name for name in tables if name == "log" or re.fullmatch(r"t\d+", name)]
        self.sql(*(f"DROP TABLE {name}" for name in left))
        self.since, self.by_hand = len(self.entries()), Counter()


def effect(event: Mapping[str, Any]) -> str | None:
    """The line that the event says was written into the log; None for one that writes none."""
    data = event["data"]
    match event["type"]:
        case "migration_applied" if not data.get("marked"):
            return f"up {data['revision']}"
        case "migration_reverted":
            return f"down {data['revision']}"
        case "seed_batch_applied" if data["source"] == "filled" and not data.get("assumed"):
            return f"filled {VERSIONS[data['digest']]}"
    return None
