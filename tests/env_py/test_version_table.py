"""Where the version table is, by name, schema, search_path or role, and how its rows change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command

from initdb.managers.open_look import health, open_look
from tests.env_py.project import Project, brought_to_ready, project
from tests.support.postgres_server import PostgresServer
from tests.support.toy import table_up

CONNECTED = """
        {before}
        with create_engine(url).connect() as connection:
            {first}
            context.configure(connection=connection{options})
            with context.begin_transaction():
                context.run_migrations()
        """


OWNERS = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'shop'"


def shaped(made: Project, options: str = "", first: str = "pass", before: str = "") -> Project:
    return made.env(CONNECTED.format(options=options, first=first, before=before))


def goes_on(made: Project) -> None:
    """A revision that comes later is applied as the only one."""
    goes_on_from(made, ["r1", "r2", "r3"])


def goes_on_from(made: Project, applied: list[str]) -> None:
    """With one revision more, these are what initdb has applied."""
    made.revision(3, table_up(3))
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.applied() == applied


NAMED = [
    (', version_table="shop_version"', ""),
    (", version_table=NAME", 'NAME = "_".join(["shop", "version"])'),
]


@pytest.mark.parametrize(
    ("options", "before"),
    [
        *NAMED,
        (", version_table_pk=False", ""),
        (', version_table="Shop Version"', ""),
    ],
    ids=["literal", "computed", "without a primary key", "a name that needs quotes"],
)
def test_another_version_table(made: Project, plain_url: str, options: str, before: str) -> None:
    """Its name is learned from env.py and used from then on."""
    shaped(made, options, before=before)
    brought_to_ready(made, plain_url)
    goes_on(made)


@pytest.mark.parametrize(("options", "before"), NAMED, ids=["literal", "computed"])
def test_a_database_of_plain_alembic_with_another_version_table(
    made: Project, options: str, before: str
) -> None:
    """Its revisions are known at the first boot, and only the new one is applied."""
    shaped(made, options, before=before)
    command.upgrade(made.config(), "heads")
    made.revision(3, table_up(3))
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.applied() == ["r3"]


@pytest.mark.parametrize(("options", "before"), NAMED, ids=["literal", "computed"])
def test_plain_alembic_has_applied_everything(made: Project, options: str, before: str) -> None:
    """Such a database is adopted as it is: there is nothing to apply."""
    shaped(made, options, before=before)
    command.upgrade(made.config(), "heads")
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.applied() == []
    goes_on_from(made, ["r3"])


def test_callbacks_are_called_with_what_plain_alembic_gives(made: Project, plain_url: str) -> None:
    """on_version_apply writes the application's own history, inside the revision's transaction."""
    made.env("""
        def note(ctx, step, heads, run_args, **kw):
            ctx.connection.execute(
                text("INSERT INTO history VALUES (:step, :heads, :arguments)"),
                {
                    "step": f"{step.down_revision_ids} {step.up_revision_id} {step.is_upgrade}",
                    "heads": " ".join(sorted(heads)),
                    "arguments": str(run_args),
                },
            )

        with create_engine(url).connect() as connection:
            connection.execute(
                text("CREATE TABLE IF NOT EXISTS history (step text, heads text, arguments text)")
            )
            connection.commit()
            context.configure(connection=connection, on_version_apply=[note])
            with context.begin_transaction():
                context.run_migrations(tenant="one")
        """)
    for number in (1, 2):
        path = made.revision(number, table_up(number))
        path.write_text(path.read_text().replace("def upgrade():", "def upgrade(tenant):"))
    brought_to_ready(made, plain_url)
    assert [row[1] for row in made.sql("SELECT step, heads, arguments FROM history")] == ["r1", "r2"]


@pytest.fixture
def shop(tmp_path: Path, postgresql_url: str) -> Project:
    """On PostgreSQL, with a schema `shop`."""
    made = project(tmp_path, postgresql_url)
    made.sql("CREATE SCHEMA shop")
    return made


def in_shop(made: Project) -> list[str]:
    listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'shop' ORDER BY 1"
    return [name for (name,) in made.sql(listed)]


def test_a_version_table_in_a_schema(shop: Project) -> None:
    """Named by env.py, it is found there; the journal stays where it is."""
    shaped(shop, ', version_table_schema="shop"')
    result = shop.initializer().initialize()
    assert result.success, result.errors
    assert in_shop(shop) == ["alembic_version"]
    goes_on(shop)


def test_a_schema_that_env_py_creates(tmp_path: Path, postgresql_url: str) -> None:
    """What env.py did before run_migrations is committed first."""
    made = project(tmp_path, postgresql_url)
    first = 'connection.execute(text("CREATE SCHEMA IF NOT EXISTS shop"))'
    shaped(made, ', version_table_schema="shop"', first)
    assert made.initializer().initialize().success
    goes_on(made)


def test_a_search_path_that_env_py_sets(shop: Project) -> None:
    """Tables and version table are where it leads to, the journal is not, and the next boot finds both."""
    shaped(shop, first='connection.execute(text("SET search_path TO shop"))')
    result = shop.initializer().initialize()
    assert result.success, result.errors
    assert in_shop(shop) == ["alembic_version", "t1", "t2"]
    before = shop.types()
    assert shop.initializer().initialize().success
    assert shop.types() == before
    goes_on(shop)


def test_a_database_of_plain_alembic_behind_a_search_path(shop: Project) -> None:
    """Where the version table is not in seen, env.py is asked where it is."""
    shaped(shop, first='connection.execute(text("SET search_path TO shop")); connection.commit()')
    command.upgrade(shop.config(), "heads")
    assert in_shop(shop) == ["alembic_version", "t1", "t2"]
    shop.revision(3, table_up(3))
    result = shop.initializer().initialize()
    assert result.success, result.errors
    assert shop.applied() == ["r3"]


def test_plain_alembic_has_applied_everything_behind_a_search_path(shop: Project) -> None:
    """And there is nothing to apply: the version table is found all the same."""
    shaped(shop, first='connection.execute(text("SET search_path TO shop")); connection.commit()')
    command.upgrade(shop.config(), "heads")
    result = shop.initializer().initialize()
    assert result.success, result.errors
    assert shop.applied() == []
    goes_on_from(shop, ["r3"])


def test_a_search_path_that_a_revision_sets(shop: Project) -> None:
    """The journal is named with its schema, so that an append is not led astray."""
    shop.revision(2, '    op.execute("SET search_path TO shop, public")\n' + table_up(2))
    result = shop.initializer().initialize()
    assert result.success, result.errors
    assert in_shop(shop) == ["t2"]


@pytest.fixture
def owner(server: PostgresServer, shop: Project) -> Iterator[str]:
    """A role that owns the schema `shop` and nothing else."""
    name = f"shop_owner_{shop.url.partition('test_')[2][:12]}"
    server.admin_execute(f"CREATE ROLE {name} NOLOGIN")
    shop.sql(f"ALTER SCHEMA shop OWNER TO {name}")
    yield name
    shop.sql(f"REASSIGN OWNED BY {name} TO postgres", f"DROP OWNED BY {name}")
    server.admin_execute(f"DROP ROLE {name}")


def test_a_role_that_env_py_takes(shop: Project, owner: str) -> None:
    """The tables are that role's; the journal is written with the rights of the one that connected."""
    shaped(shop, first=f'connection.execute(text("SET ROLE {owner}; SET search_path TO shop"))')
    result = shop.initializer().initialize()
    assert result.success, result.errors
    assert shop.sql(OWNERS) == [(owner,)]
    goes_on(shop)


def test_a_role_that_a_revision_takes(shop: Project, owner: str) -> None:
    """It stays taken for the revisions after it, as in plain Alembic, and each still has its event."""
    taken = f"GRANT ALL ON alembic_version TO {owner}; SET ROLE {owner}; CREATE TABLE shop.t1 (id INTEGER)"
    shop.revision(1, f'    op.execute("{taken}")')
    shop.revision(2, '    op.execute("CREATE TABLE shop.t2 (id INTEGER)")')
    result = shop.initializer().initialize()
    assert shop.applied() == ["r1", "r2"], result.errors
    assert shop.sql(OWNERS) == [(owner,)]


@pytest.mark.parametrize("pending", [False, True])
def test_rows_that_alembic_refuses(made: Project, pending: bool) -> None:
    """A row that another one implies: named at once, ready or not, with the statement that fixes it."""
    assert made.initializer().initialize().success
    made.sql("INSERT INTO alembic_version VALUES ('r1')")
    if pending:
        made.revision(3, table_up(3))
    error = made.failure()
    assert "error: version-rows-overlap" in error
    assert "alembic_version says r1, r2; older than another row: r1" in error
    statement = error.split("fix: ")[1].split(";")[0]
    assert statement.endswith("alembic_version WHERE version_num IN ('r1')")
    with open_look(made.initializer()) as opened:
        issues = health(made.initializer(), opened).defects
    assert [issue.kind for issue in issues] == ["version-rows"]
    made.sql(statement)
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.applied() == ["r1", "r2", *["r3"][: int(pending)]]


def test_such_rows_in_a_schema(shop: Project) -> None:
    """The statement names the table with its schema."""
    shaped(shop, ', version_table="shop version", version_table_schema="shop"')
    assert shop.initializer().initialize().success
    shop.sql("""INSERT INTO shop."shop version" VALUES ('r1')""")
    error = shop.failure()
    assert """DELETE FROM shop."shop version" WHERE version_num IN ('r1');""" in error
