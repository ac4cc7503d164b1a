"""Where there are revisions, they make the schema. Boots restore only what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Column, Index, Integer, MetaData, String, Table

from initdb.errors import InitError
from initdb.settings import load_settings
from initdb.statemachine import orders
from initdb.statemachine.decide.verdict import judge
from initdb.statemachine.initializer import Initializer
from initdb.steps.application.given import Given
from tests.support.toy import Toy, table_up

INDEXED = table_up(1) + '\n    op.create_index("ix_name", "t1", ["name", "id"])'


class Team:
    """A toy with revisions and models, no setting of where the schema comes from, and what it prints."""

    def __init__(self, toy: Toy) -> None:
        self.toy, self.models = toy, toy.metadata
        self.base: MetaData | None = None

    def initializer(self, **options: object) -> Initializer:
        folder, url = self.toy.folder, self.toy.url
        settings = load_settings(folder=folder, environ={}, options={"database_url": url, **options})
        return Initializer(
            metadata=self.models(),
            migrations=self.toy.migrations,
            base=self.base,
            name="toy",
            settings=settings,
        )

    def boot(self, **options: object) -> tuple[bool, str]:
        """Whether it became ready, and the warnings or the error."""
        result = self.initializer(**options).initialize()
        return result.success, "\n".join([*result.warnings, *result.errors])

    def add(
        self, *columns: Column[object], index: bool = False, checked: bool = False, table: str | None = None
    ) -> None:
        """Models that have more than the revisions."""
        before = self.models

        def models() -> MetaData:
            metadata = before()
            t1 = metadata.tables["t1"]
            for column in columns:
                t1.append_column(column.copy())
            if index:
                Index("ix_name", t1.c.name, t1.c.id)
            if checked:
                t1.append_constraint(CheckConstraint("id > 0", name="ck_id"))
            if table:
                Table(table, metadata, Column("id", Integer, primary_key=True))
            return metadata

        self.models = models


@pytest.fixture
def team(tmp_path: Path, database_url: str) -> Iterator[Team]:
    """Two tables, each with a row that only its revision inserts."""
    yield Team(Toy(tmp_path, database_url, tables=2).with_revisions())


def test_an_empty_database_gets_the_revisions_and_their_rows(team: Team) -> None:
    """Not the models' tables and a stamp."""
    assert team.boot() == (True, "")
    assert team.toy.sql("SELECT name FROM t2") == [("first of t2",)]
    assert [kind for kind in team.toy.types() if kind in {"schema_created", "migration_applied"}] == [
        "migration_applied",
        "migration_applied",
    ]


def test_what_only_the_models_have_is_not_made(team: Team) -> None:
    """The boot says which command writes the revision; autogenerate still finds the column."""
    assert team.boot()[0]
    team.add(Column("note", String(9)), table="t9")
    ready, said = team.boot()
    assert ready and "The column t1.note is missing." in said and "The table t9 is missing." in said
    assert "2 things of the models" in said and "alembic revision --autogenerate" in said
    assert "repair_applied" not in team.toy.types()
    with pytest.raises(Exception, match="t9"):
        team.toy.sql("SELECT * FROM t9")


def test_what_autogenerate_does_not_see_is_written_by_hand(team: Team) -> None:
    """A revision that it generates would be empty: it compares neither CHECK constraints nor primary keys."""
    assert team.boot()[0]
    team.add(checked=True)
    ready, said = team.boot()
    assert ready and 'alembic revision -m "what it adds"' in said and "add these by hand" in said
    team.add(table="t9")
    ready, said = team.boot()
    assert ready and "alembic revision --autogenerate" in said and "add these by hand" in said


def test_a_person_s_repair_does_not_make_it_either(team: Team) -> None:
    """Or the revision of a colleague would find a duplicate column."""
    assert team.boot()[0]
    team.add(Column("note", String(9)))
    assert team.initializer().attend(orders.again("repair")).ending == "ready"
    assert "repair_applied" not in team.toy.types()


def test_a_lost_index_comes_back(team: Team) -> None:
    """It was there at the last ready, and the model still says the same."""
    team.add(index=True)
    team.toy.revision(1, INDEXED)
    assert team.boot() == (True, "")
    team.toy.sql("DROP INDEX ix_name")
    assert team.boot() == (True, "")
    assert team.toy.types()[-3:] == ["defects_found", "repair_applied", "health_validated"]


def test_a_lost_index_that_the_model_now_defines_otherwise_does_not(team: Team) -> None:
    """That is a change for a revision."""
    team.add(index=True)
    team.toy.revision(1, INDEXED)
    assert team.boot() == (True, "")
    team.toy.sql("DROP INDEX ix_name")
    before = team.models
    team.models = lambda: _narrowed(before())
    ready, said = team.boot()
    assert ready and "The index ix_name on t1 (id, name) is missing." in said
    assert "repair_applied" not in team.toy.types()


def _narrowed(metadata: MetaData) -> MetaData:
    table = metadata.tables["t1"]
    (index,) = table.indexes
    table.indexes.remove(index)
    Index("ix_name", table.c.id, table.c.name)
    return metadata


def test_what_a_revision_dropped_does_not_come_back(team: Team) -> None:
    """The revisions decide, also if the model was forgotten."""
    team.add(index=True)
    team.toy.revision(1, INDEXED)
    assert team.boot() == (True, "")
    team.toy.revision(3, '    op.drop_index("ix_name", "t1")')
    ready, said = team.boot()
    assert ready and "ix_name" in said
    assert team.boot()[0] and "repair_applied" not in team.toy.types()


def test_what_others_migrated_away_does_not_come_back(team: Team) -> None:
    """Plain Alembic applied a revision that drops the index. The next boot only records it."""
    team.add(index=True)
    team.toy.revision(1, INDEXED)
    assert team.boot() == (True, "")
    team.toy.revision(3, '    op.drop_index("ix_name", "t1")')
    team.toy.sql("DROP INDEX ix_name", "UPDATE alembic_version SET version_num = 'r3'")
    assert team.boot()[0] and "repair_applied" not in team.toy.types()


class TestALostTable:
    """A table of the models is gone, and no revision dropped it."""

    def test_with_rows_it_stops_the_boot_until_it_is_there_again(self, team: Team) -> None:
        """An empty one in its place would hide the loss."""
        assert team.boot() == (True, "")
        team.toy.sql("ALTER TABLE t2 RENAME TO t2_old")
        ready, said = team.boot()
        assert not ready and "table-lost" in said and "The table t2 is gone." in said
        team.toy.sql("ALTER TABLE t2_old RENAME TO t2")
        assert team.boot() == (True, "")
        assert team.toy.sql("SELECT name FROM t2") == [("first of t2",)]

    def test_it_stops_it_before_a_pending_revision_runs(self, team: Team) -> None:
        """Otherwise the revision would fail on the missing table, or the loss would be forgotten."""
        assert team.boot() == (True, "")
        team.toy.sql("DROP TABLE t2")
        team.toy.tables = 3
        team.toy.revision(3, table_up(3))
        ready, said = team.boot()
        assert not ready and "table-lost" in said
        assert team.toy.sql("SELECT version_num FROM alembic_version") == [("r2",)]

    def test_a_person_may_say_that_its_rows_may_go(self, team: Team) -> None:
        """The printed command makes it anew."""
        assert team.boot() == (True, "")
        team.toy.sql("DROP TABLE t2")
        assert not team.boot()[0]
        assert team.initializer().attend(orders.again("repair")).ending == "ready"
        assert team.toy.sql("SELECT count(*) FROM t2") == [(0,)]
        assert team.boot() == (True, "")

    def test_without_rows_it_comes_back(self, team: Team) -> None:
        """Nothing was lost with it."""
        team.toy.revision(2, '    op.create_table("t2", sa.Column("id", sa.Integer, primary_key=True))')
        before = team.models
        team.models = lambda: _without_name(before())
        assert team.boot() == (True, "")
        team.toy.sql("DROP TABLE t2")
        assert team.boot() == (True, "")
        assert "repair_applied" in team.toy.types() and team.toy.sql("SELECT count(*) FROM t2") == [(0,)]

    def test_it_also_stops_an_application_without_revisions(self, team: Team) -> None:
        """There the models decide, and a new table of theirs is made; a lost one with rows is not."""
        made = load_settings(folder=team.toy.folder, environ={}, options={"database_url": team.toy.url})

        def boot() -> tuple[bool, str]:
            result = Initializer(metadata=team.models(), name="toy", settings=made).initialize()
            return result.success, "\n".join(result.errors)

        assert boot()[0]
        team.toy.sql("INSERT INTO t1 (id, name) VALUES (1, 'a')")
        team.add(table="t9")
        assert boot()[0] and team.toy.sql("SELECT count(*) FROM t9") == [(0,)]
        team.toy.sql("DROP TABLE t1")
        assert not boot()[0] and "table-lost" in boot()[1]


def _without_name(metadata: MetaData) -> MetaData:
    metadata.remove(metadata.tables["t2"])
    Table("t2", metadata, Column("id", Integer, primary_key=True))
    return metadata


def test_a_directory_without_revisions_is_no_empty_schema(team: Team) -> None:
    """Ready without a table would be a lie."""
    for file in (team.toy.migrations / "versions").iterdir():
        file.unlink()
    ready, said = team.boot()
    assert not ready and "no-revisions" in said and "tables in the models: 2" in said
    assert team.boot(schema_from="models") == (True, "")


@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.parametrize("how", ["plain", "batch"])
def test_a_directory_that_cannot_run_from_empty_names_what_to_set(team: Team, how: str, first: int) -> None:
    """The first tables came from create_all() once, also before a first revision without statements."""
    column = 'sa.Column("note", sa.String(9))'
    add = {
        "plain": f'    op.add_column("t1", {column})',
        "batch": f'    with op.batch_alter_table("t1") as batch:\n        batch.add_column({column})',
    }
    team.toy.revision(1, "    pass")
    team.toy.revision(first, add[how])
    ready, said = team.boot()
    assert not ready and "revisions-need-tables" in said and "schema_from" in said and "base" in said
    team.base = MetaData()
    Table("t1", team.base, Column("id", Integer, primary_key=True))
    ready, said = team.boot()
    assert ready, said
    assert team.toy.sql("SELECT note FROM t1") == []


def test_the_models_instead_after_a_first_revision_that_makes_nothing(team: Team) -> None:
    """The version row of a placeholder does not make the database another than an empty one."""
    team.toy.revision(1, "    pass")
    team.toy.revision(2, '    op.add_column("t1", sa.Column("note", sa.String(9)))')
    assert "revisions-need-tables" in team.boot()[1]
    assert team.boot(schema_from="models") == (True, "")
    assert team.toy.sql("SELECT version_num FROM alembic_version") == [("r2",)]
    assert team.toy.sql("SELECT count(*) FROM t1") == [(0,)]


def test_a_later_revision_that_names_a_table_wrongly_has_just_failed(team: Team) -> None:
    """The revisions have made a ready database from empty, so they need no base."""
    assert team.boot()[0]
    team.toy.revision(3, '    op.execute("INSERT INTO nowhere VALUES (1)")')
    assert "revision-failed" in team.boot()[1]


def test_a_database_made_from_the_models_is_warned_of_once(team: Team) -> None:
    """An earlier version made it by default. It stays as it is."""
    assert team.boot(schema_from="models") == (True, "")
    assert team.toy.sql("SELECT count(*) FROM t2") == [(0,)]
    ready, said = team.boot()
    assert ready and "r2 was only stamped" in said
    seen = team.initializer().look()
    assert seen.knowledge.stamped == () and judge(seen).kind == "ready"
    team.toy.revision(3, table_up(3))
    ready, said = team.boot()
    assert ready and "stamped" not in said


def test_a_given_place_is_what_counts_not_a_setting(team: Team) -> None:
    """The application hands its directory over in code."""
    assert Given(migrations=team.toy.migrations).is_nothing is False
    assert team.initializer().site.application.schema_from == "migrations"


def test_models_that_are_not_given_make_nothing(team: Team) -> None:
    """The setting would end in an error after the journal was made."""
    settings = load_settings(
        folder=team.toy.folder,
        environ={},
        options={"database_url": team.toy.url, "schema_from": "models"},
    )
    with pytest.raises(InitError) as caught:
        Initializer(migrations=team.toy.migrations, settings=settings)
    assert caught.value.reference == "bad-setting" and "metadata is not given" in str(caught.value)
