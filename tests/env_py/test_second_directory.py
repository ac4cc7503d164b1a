"""Two Alembic directories with a version table each, in one database."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from initdb.managers.open_look import open_look
from tests.env_py.project import Project, project, state
from tests.support import forked
from tests.support.toy import table_up

CONNECTED = """
        {before}
        with create_engine(url, poolclass=pool.NullPool).connect() as connection:
            context.configure(connection=connection{options})
            with context.begin_transaction():
                context.run_migrations()
        """
COMPUTED = {
    "a format": ("name = 'stock'", ", version_table='{}_alembic_version'.format(name)"),
    "its Config": ("", ", version_table=config.get_main_option('owner') + '_alembic_version'"),
    "an attribute": ("", ", version_table=config.attributes['owner'] + '_alembic_version'"),
    "an -x argument": (
        "given = context.get_x_argument(as_dictionary=True)",
        ", version_table=given['table']",
    ),
    "the environment": ("import os", ", version_table=os.environ['STOCK_TABLE']"),
    "keywords": ("more = {'version_table': 'stock_alembic_version'}", ", **more"),
}
ROWS = "SELECT version_num FROM stock_alembic_version ORDER BY 1"


def shaped(made: Project, form: str) -> Project:
    """With a version table of its own name, computed in this form."""
    before, options = COMPUTED[form]
    made.provider = lambda run: run(_config(made))
    return made.env(CONNECTED.format(before=before, options=options))


def _config(made: Project) -> Config:
    """What plain Alembic would use, with all that an env.py may compute a name from."""
    config = made.config()
    config.set_main_option("owner", "stock")
    config.attributes["owner"] = "stock"
    config.cmd_opts = Namespace(x=["table=stock_alembic_version"])
    return config


class Pair:
    """The first directory, with the default version table, and a second one with tables of other names."""

    def __init__(self, folder: Path, url: str, form: str = "a format") -> None:
        for name in ("shop", "stock"):
            (folder / name).mkdir()
        self.shop = project(folder / "shop", url)
        made = Project(folder / "stock", url, tables=0)
        made.with_revisions(0)
        for number in (1, 2):
            self._revision(made, number)
        self.stock = shaped(made, form)

    def _revision(self, made: Project, number: int) -> None:
        body = table_up(number).replace(f"t{number}", f"stock{number}")
        path = made.revision(number, body, f'    op.drop_table("stock{number}")')
        path.write_text(path.read_text().replace("'r", "'s").replace('"r', '"s'))

    def more(self, number: int) -> None:
        self._revision(self.stock, number)


class Typed:
    """The command `initdb` in the folder of a directory."""

    def __init__(self, made: Project) -> None:
        self._made = made
        self.settle()

    def settle(self) -> None:
        """Write its settings."""
        said = {"database_url": self._made.url, "migrations": "alembic", **self._made.options}
        lines = [f"{name} = {value!r}" for name, value in said.items()]
        (self._made.folder / "initdb.toml").write_text("\n".join(lines))

    def __call__(self, *words: str, code: int = 0) -> str:
        done = forked.run("initdb", *words, env=dict(os.environ), cwd=self._made.folder)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


def of_its_own(made: Project) -> Project:
    """With a journal of its own, as the error says."""
    made.options = {"application": "stock", "journal_schema": "stock"}
    return made


def test_a_journal_each(tmp_path: Path, database_url: str, plain_url: str) -> None:
    """The journal of the first directory is refused by name; with its own, each goes its way."""
    pair = Pair(tmp_path, database_url)
    assert pair.shop.initializer().initialize().success
    error = pair.stock.failure()
    assert "error: journal-of-another-directory" in error
    assert "alembic_version; this env.py has" in error
    assert "initdb run --application stock --journal-schema stock" in error
    of_its_own(pair.stock)
    assert pair.stock.initializer().initialize().success
    assert pair.stock.applied() == ["s1", "s2"]
    for made in (pair.shop, pair.stock, pair.shop):
        assert made.initializer().initialize().success
    before = pair.shop.types(), pair.stock.types()
    for made in (pair.shop, pair.stock):
        assert made.initializer().initialize().success
    assert before == (pair.shop.types(), pair.stock.types())
    command.upgrade(pair.shop.config(plain_url), "heads")
    command.upgrade(pair.stock.config(plain_url), "heads")
    ours, plain = state(pair.shop.url), state(plain_url)
    ours.pop("schemas", None), plain.pop("schemas", None)  # on PostgreSQL one is for the journal
    assert ours == plain


@pytest.mark.parametrize("form", COMPUTED)
def test_a_computed_version_table_beside_that_of_another_directory(
    tmp_path: Path, database_url: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are not taken for this directory's: its own revisions are applied."""
    monkeypatch.setenv("STOCK_TABLE", "stock_alembic_version")
    pair = Pair(tmp_path, database_url, form)
    command.upgrade(pair.shop.config(), "heads")
    with open_look(pair.stock.initializer()) as opened:
        assert opened.facts.pending == ("s1", "s2")
    result = pair.stock.initializer().initialize()
    assert result.success, result.errors
    assert pair.stock.applied() == ["s1", "s2"]
    assert pair.stock.sql(ROWS) == [("s2",)]
    assert pair.shop.sql("SELECT version_num FROM alembic_version") == [("r2",)]
    before = pair.stock.types()
    assert pair.stock.initializer().initialize().success
    assert pair.stock.types() == before
    pair.more(3)
    assert pair.stock.initializer().initialize().success
    assert pair.stock.applied() == ["s1", "s2", "s3"]


def test_plain_alembic_has_applied_both(tmp_path: Path, database_url: str) -> None:
    """What is pending is seen, by plan and by the run."""
    pair = Pair(tmp_path, database_url)
    command.upgrade(pair.shop.config(), "heads")
    command.upgrade(pair.stock.config(), "heads")
    pair.more(3)
    with open_look(pair.stock.initializer()) as opened:
        assert opened.facts.pending == ("s3",)
    result = pair.stock.initializer().initialize()
    assert result.success, result.errors
    assert pair.stock.applied() == ["s3"]


def test_the_commands_of_each(tmp_path: Path, database_url: str) -> None:
    """status, plan, journal, verify, rollback and release of the one leave the other alone."""
    pair = Pair(tmp_path, database_url)
    shop, stock = Typed(pair.shop), Typed(pair.stock)
    assert "r1" in shop("plan")
    shop("run")
    refused = stock("run", code=1)
    words = refused.partition("fix: ")[2].partition("initdb ")[2].split("\n")[0].split()
    assert words[1:] == ["--application", "stock", "--journal-schema", "stock"]
    assert "s1" in stock("plan", *words[1:])
    stock(*words)
    pair.stock.options.update(application="stock", journal_schema="stock")
    stock.settle()
    shop("run")
    for typed, mine, other in ((shop, "r2", "s2"), (stock, "s2", "r2")):
        said = typed("status") + typed("journal") + typed("journal", "verify")
        assert mine in said and other not in said, said
    stock("rollback", "--yes")
    assert pair.stock.sql(ROWS) == [("s1",)]
    assert "ready" in shop("run")
    assert "s2" in stock("run")
    stock("release")
    stock("run")
    assert pair.stock.sql(ROWS) == [("s2",)]
    shop("rollback", "--yes")
    assert pair.shop.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    assert pair.stock.sql(ROWS) == [("s2",)]


def test_the_second_leaves(tmp_path: Path, database_url: str) -> None:
    """The journal of the first stays, with the file that its processes hold."""
    pair = Pair(tmp_path, database_url)
    of_its_own(pair.stock)
    for made in (pair.shop, pair.stock):
        assert made.initializer().initialize().success
    shop, stock = Typed(pair.shop), Typed(pair.stock)
    said = stock("eject", "--yes", "--to", "stock.jsonl")
    assert "removed   table init_journal__stock" in said or database_url.startswith("postgresql")
    assert "-initdb" not in said
    if database_url.startswith("sqlite"):
        assert "schema" not in said
    assert "ready: validated" in shop("run")
    assert "already ready" in shop("run")
    assert "intact" in shop("journal", "verify")


def test_plain_alembic_on_either(tmp_path: Path, database_url: str) -> None:
    """Each goes on from what it did."""
    pair = Pair(tmp_path, database_url)
    pair.stock.options = {"application": "stock", "journal_schema": "stock"}
    for made in (pair.shop, pair.stock):
        assert made.initializer().initialize().success
    pair.more(3)
    pair.shop.revision(3, table_up(3), '    op.drop_table("t3")')
    for made in (pair.shop, pair.stock):
        command.upgrade(made.config(), "heads")
    for made in (pair.shop, pair.stock):
        result = made.initializer().initialize()
        assert result.success, result.errors
        assert len(made.applied()) == 2
        assert made.initializer().initialize().success


def test_autogenerate_sees_neither_journal(tmp_path: Path, database_url: str) -> None:
    """`alembic check` of the first directory, which compares all tables."""
    pair = Pair(tmp_path, database_url)
    of_its_own(pair.stock)
    for made in (pair.shop, pair.stock):
        assert made.initializer().initialize().success
    pair.shop.env("""
        from sqlalchemy import MetaData

        metadata = MetaData()
        with create_engine(url, poolclass=pool.NullPool).connect() as connection:
            metadata.reflect(connection, only=lambda name, _: not name.startswith("init_journal"))
            context.configure(connection=connection, target_metadata=metadata, include_schemas=False)
            with context.begin_transaction():
                context.run_migrations()
        """)
    command.check(pair.shop.config())


def test_a_renamed_version_table(tmp_path: Path, database_url: str) -> None:
    """env.py and the table itself have got another name: the same directory, which goes on."""
    made = project(tmp_path, database_url)
    assert made.initializer().initialize().success
    made.env(CONNECTED.format(before="", options=", version_table='shop_version'"))
    made.sql("ALTER TABLE alembic_version RENAME TO shop_version")
    made.revision(3, table_up(3))
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.applied() == ["r1", "r2", "r3"]
    assert made.sql("SELECT version_num FROM shop_version") == [("r3",)]


def test_an_older_code(tmp_path: Path, database_url: str) -> None:
    """Rows that it does not know are of newer code, also if env.py cannot be asked."""
    made = project(tmp_path, database_url)
    assert made.initializer().initialize().success
    (made.migrations / "versions" / "002_r2.py").unlink()
    assert made.initializer().initialize().outcome == "ahead"
    made.env(CONNECTED.format(before="", options="") + "\n        open('/nowhere/at/all')\n")
    assert made.initializer().initialize().outcome == "ahead"


@pytest.mark.parametrize("adopted", [False, True])
def test_the_same_version_table(tmp_path: Path, database_url: str, adopted: bool) -> None:
    """By mistake: it is said, and what is printed makes both work. The older code of the first is ahead."""
    pair = Pair(tmp_path, database_url)
    pair.stock.env(CONNECTED.format(before="", options=""))
    if adopted:
        command.upgrade(pair.shop.config(), "heads")
    assert pair.shop.initializer().initialize().success
    error = pair.stock.failure()
    assert "error: version-table-shared" in error
    assert "begin with r1, those of this directory with s1" in error
    assert 'version_table="toy_version"' in error
    assert pair.shop.initializer().initialize().success
    assert pair.stock.initializer(application="toy", journal_schema="toy").initialize().outcome == "ahead"
    pair.stock.env(CONNECTED.format(before="", options=", version_table='toy_version'"))
    assert "error: journal-of-another-directory" in pair.stock.failure()
    made = pair.stock.initializer(application="toy", journal_schema="toy").initialize()
    assert made.success, made.errors
    (pair.shop.migrations / "versions" / "002_r2.py").unlink()
    assert pair.shop.initializer().initialize().outcome == "ahead"


@pytest.mark.parametrize(
    ("before", "options"),
    [
        ("", ", version_table_schema='stock'"),
        ("name = 'stock'", ", version_table_schema=name"),
        ("", ""),
    ],
    ids=["its name", "a computed name", "search_path"],
)
def test_version_tables_in_different_schemas(
    tmp_path: Path, postgresql_url: str, before: str, options: str
) -> None:
    """Both are called alembic_version. The second directory makes its tables in the schema, too."""
    pair = Pair(tmp_path, postgresql_url)
    pair.shop.sql("CREATE SCHEMA stock")
    source = CONNECTED.format(before=before, options=options)
    moved = 'connection.execute(text("SET search_path TO stock"))\n            connection.commit()'
    pair.stock.env(source.replace("context.configure", f"{moved}\n            context.configure"))
    assert pair.shop.initializer().initialize().success
    error = pair.stock.failure()
    assert "error: journal-of-another-directory" in error
    assert "this env.py has stock.alembic_version" in error
    of_its_own(pair.stock)
    for made in (pair.stock, pair.shop, pair.stock, pair.shop):
        result = made.initializer().initialize()
        assert result.success, result.errors
    assert pair.stock.applied() == ["s1", "s2"]
    assert pair.shop.sql("SELECT * FROM stock.alembic_version, public.alembic_version AS a") == [("s2", "r2")]
    command.upgrade(pair.stock.config(), "heads")
    command.upgrade(pair.shop.config(), "heads")
