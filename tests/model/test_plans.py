"""In every state that a database can get into, a plan writes nothing and says what the next run does."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, Column, Index, Integer, MetaData, String, Table, inspect
from sqlalchemy.exc import DBAPIError, OperationalError

from initdb.errors import InitError
from initdb.settings import load_settings
from initdb.statemachine import orders
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.site import Watcher
from initdb.steps.seeds.functions import seed
from tests.crash.children import call
from tests.env_py.test_offline import BOTH_MODES
from tests.model.plans import agrees, foreseen
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy, table_up

LIMIT = 60.0

EXAMPLES = int(os.environ.get("INITDB_MODEL_EXAMPLES", "0"))
"""How many lives; 0: as many as fit into the tests of every day."""

BLOCK = """
    with op.get_context().autocommit_block():
        if os.path.exists({flag!r}):
            os.kill(os.getpid(), 9)
        op.execute({statement!r})
"""


@seed(name="filled")
def fill(connection: Any) -> int:
    """A function without a key: on adopted tables nobody knows whether it has run."""
    connection.exec_driver_sql("INSERT INTO t1 (id, name) VALUES (7000, 'filled')")
    return 1


@dataclass
class Home(Toy):
    """An application with everything in it. `blocks`: the statement in the block of revision 2."""

    blocks: str = ""
    parts: frozenset[str] = field(default_factory=frozenset)

    @property
    def flag(self) -> Path:
        return self.folder / "die"

    def write(self, revisions: int, rows: int) -> None:
        """The code as it is deployed now."""
        self.tables = revisions
        shutil.rmtree(self.migrations, ignore_errors=True)
        shutil.rmtree(self.seeds, ignore_errors=True)
        if "revisions" in self.parts:
            self.with_revisions()
            (self.migrations / "env.py").write_text(HEAD + BOTH_MODES)
            for number in range(1, revisions + 1):
                self._with_index(number)
        if "seeds" in self.parts:
            self.with_seeds(rows)

    def _with_index(self, number: int) -> None:
        body = f'{table_up(number)}\n    op.create_index("ix_{number}", "t{number}", ["name", "id"])'
        if number == 2 and self.blocks:
            body = f"    import os\n{body}\n{BLOCK.format(flag=str(self.flag), statement=self.blocks)}"
        self.revision(number, body, f'    op.drop_table("t{number}")')

    def metadata(self) -> MetaData:
        metadata = MetaData()
        for number in range(1, self.tables + 1):
            name = Column("name", String(40), nullable=False, unique=True)
            table = Table(f"t{number}", metadata, Column("id", Integer, primary_key=True), name)
            Index(f"ix_{number}", table.c.name, table.c.id)
            if "checks" in self.parts and number == 1:
                table.append_constraint(CheckConstraint("id > 0", name="ck_id"))
        return metadata

    def process(self, **watch: Any) -> Initializer:
        """A process of the code as it is now."""
        options = {"database_url": self.url, "wait_limit": 10, "attempts": 3, "create_database": "yes"}
        options |= self.options
        return Initializer(
            metadata=self.metadata() if "models" in self.parts else None,
            migrations=self.migrations if "revisions" in self.parts else None,
            seeds=[self.seeds, fill] if "seeds" in self.parts else None,
            name="toy",
            settings=load_settings(folder=self.folder, environ={}, options=options),
            watcher=Watcher(**watch),
        )

    def there(self) -> bool:
        """Whether the database is there."""
        if self.url.startswith("sqlite"):
            return Path(self.url.removeprefix("sqlite:///")).exists()
        engine = self.engine()
        try:
            with engine.connect():
                return True
        except OperationalError:
            return False
        finally:
            engine.dispose()

    def content(self) -> list[Any]:
        """What a plan could have changed."""
        if not self.there():
            return []
        engine = self.engine()
        tables = sorted(inspect(engine).get_table_names())
        engine.dispose()
        return [(name, self.sql(f'SELECT count(*) FROM "{name}"')) for name in tables]

    def plain(self, revision: str) -> None:
        """Plain Alembic, as if there were no initdb."""
        config = Config()
        config.set_main_option("script_location", str(self.migrations))
        config.set_main_option("sqlalchemy.url", self.url.replace("%", "%%"))
        command.upgrade(config, revision)


HEAD = """
from alembic import context
from sqlalchemy import create_engine, pool

url = context.config.get_main_option("sqlalchemy.url")
"""


def _sql(statement: str) -> Callable[[Home], None]:
    def act(home: Home) -> None:
        home.sql(statement)

    return act


def _boot(home: Home) -> None:
    home.process().attend()


def _boot_killed(at: int) -> Callable[[Home], None]:
    def act(home: Home) -> None:
        def run() -> str:
            import os
            import signal

            seen = 0

            def heard(_: object) -> None:
                nonlocal seen
                seen += 1
                if seen == at:
                    os.kill(os.getpid(), signal.SIGKILL)

            return str(home.process(entry=heard, progress=heard).attend().ending)

        call(run, LIMIT)

    return act


def _killed_in_the_block(home: Home) -> None:
    home.flag.touch()
    call(lambda: str(home.process().attend().ending), LIMIT)
    home.flag.unlink()


def _by_hand(home: Home) -> None:
    engine = home.engine()
    home.metadata().create_all(engine)
    engine.dispose()


def _edit(home: Home) -> None:
    path = next(iter(sorted((home.migrations / "versions").glob("*.py"))))
    path.write_text(path.read_text() + "\n# edited\n")


def _break(home: Home) -> None:
    path = max((home.migrations / "versions").glob("*.py"))
    path.write_text(path.read_text().replace("def upgrade():", "def upgrade():\n    1 / 0", 1))


ACTS: Mapping[str, Callable[[Home], None]] = {
    "boot": _boot,
    "boot killed early": _boot_killed(3),
    "boot killed later": _boot_killed(7),
    "boot killed late": _boot_killed(12),
    "killed in the block": _killed_in_the_block,
    "deploy less": lambda home: home.write(1, 2),
    "deploy more": lambda home: home.write(3, 4),
    "plain alembic": lambda home: home.plain("r1"),
    "tables by hand": _by_hand,
    "a table gone": _sql("DROP TABLE t1"),
    "an index gone": _sql("DROP INDEX ix_1"),
    "a column too many": _sql("ALTER TABLE t1 ADD COLUMN more INTEGER"),
    "version rows gone": _sql("DELETE FROM alembic_version"),
    "version rows of an older time": _sql("UPDATE alembic_version SET version_num = 'r1'"),
    "unknown version": _sql("UPDATE alembic_version SET version_num = 'zz'"),
    "a version row too many": _sql("INSERT INTO alembic_version VALUES ('r1')"),
    "rolled back": lambda home: _order(home, orders.roll_back(None)),
    "repaired": lambda home: _order(home, orders.again("repair")),
    "edited": _edit,
    "broken": _break,
    "resumed": lambda home: _order(home, orders.resume(home.process().look())),
}


def _order(home: Home, order: Any) -> None:
    home.process().attend(order)


PARTS = st.sampled_from(
    [
        frozenset({"models", "revisions", "seeds"}),
        frozenset({"models", "revisions"}),
        frozenset({"revisions", "seeds"}),
        frozenset({"models", "seeds"}),
        frozenset({"models", "checks"}),
    ]
)
FROM = st.sampled_from([None, None, "models", "migrations"])
LIVES = st.tuples(
    *(PARTS, FROM, st.integers(1, 3), st.booleans(), st.sampled_from(["off", "before-changes"])),
    st.lists(st.sampled_from(sorted(ACTS)), max_size=5),
)


def live(folder: Path, url: str, life: tuple[Any, ...]) -> None:
    """Let it happen; before and after each act the plan is right."""
    parts, schema_from, revisions, settled, backup, acts = life
    if {"migrations": "revisions"}.get(schema_from, schema_from) not in parts:
        schema_from = None
    statement = "CREATE TABLE IF NOT EXISTS extra (id INTEGER)"
    if settled:
        statement = (
            "ANALYZE" if url.startswith("sqlite") else "CREATE INDEX CONCURRENTLY ix_more ON t2 (name)"
        )
    home = Home(folder, url, blocks=statement, parts=parts)
    home.options = {"schema_from": schema_from} if schema_from else {}
    if url.startswith("sqlite"):
        home.options["backup"] = backup
    home.write(revisions, 3)
    for name in acts:
        # Some acts have no meaning there: a table that is not there cannot be dropped.
        with suppress(DBAPIError, CommandError, InitError, OSError, StopIteration, ValueError):
            ACTS[name](home)
    for _ in range(3):
        before, files = home.content(), set(folder.rglob("*"))
        seen = foreseen(home.process().site)
        assert home.content() == before and set(folder.rglob("*.db*")) <= files, "a plan has written"
        outcome = home.process().attend()
        agrees(seen, outcome)


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    """A folder in memory, where there is one."""
    root = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=root if root.is_dir() else None) as folder:
        yield Path(folder)


SOME = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
    # To make a life shorter takes minutes, and it is short enough.
    "phases": [Phase.generate],
}


@pytest.mark.timeout(0 if EXAMPLES else 300)
@given(life=LIVES)
@settings(max_examples=EXAMPLES or 9, **SOME)
def test_on_sqlite(memory: Path, life: tuple[Any, ...]) -> None:
    """In files."""
    folder = memory / uuid.uuid4().hex
    folder.mkdir()
    live(folder, f"sqlite:///{folder / 'some.db'}", life)
    shutil.rmtree(folder)


@pytest.mark.timeout(0 if EXAMPLES else 300)
def test_on_postgresql(memory: Path, server: PostgresServer) -> None:
    """On a server, and beginning with a database that is not there."""

    @given(life=LIVES)
    @settings(max_examples=EXAMPLES or 3, **SOME)
    def lives(life: tuple[Any, ...]) -> None:
        name = f"plan_{uuid.uuid4().hex[:12]}"
        folder = memory / name
        folder.mkdir()
        try:
            live(folder, server.url(name), life)
        finally:
            server.admin_execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            shutil.rmtree(folder)

    lives()
