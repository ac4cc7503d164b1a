"""What a validation finds, and how severe it is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, MetaData, NullPool, create_engine

from initdb.errors import InitError
from initdb.settings import Settings
from initdb.steps.catalog.postgresql import checks as postgresql_checks
from initdb.steps.catalog.reference import Reference
from initdb.steps.catalog.sqlite import checks as sqlite_checks
from initdb.steps.context import Application, Rule
from initdb.steps.health.report import Before, Health
from initdb.steps.revisions.locate import MigrationPlace
from initdb.steps.seeds.model import SeedSource
from initdb.steps.validate import inspect_health
from tests.validate.shop import shop


def _health(
    work: Connection, models: MetaData | None = None, ignore: tuple[str, ...] = (), **parts: Any
) -> Health:
    pending = parts.pop("pending", ())
    return inspect_health(
        work, Application(metadata=models, **parts), Settings(ignore=ignore), Before(pending)
    )


def _kinds(health: Health) -> list[tuple[str, str]]:
    return [(issue.kind, issue.severity) for issue in health.issues if issue.severity != "info"]


def test_a_sound_database(work: Connection) -> None:
    """Every check is made and finds nothing."""
    shop().create_all(work)
    work.exec_driver_sql("INSERT INTO teams (id, name) VALUES (1, 'one')")
    work.exec_driver_sql("INSERT INTO users (id, team_id, email) VALUES (1, 1, 'a@b'), (2, NULL, 'b@b')")
    health = _health(work, shop())
    assert health.issues == ()
    made = [check.name for check in health.checks]
    whole = ["integrity"] if work.dialect.name == "sqlite" else []
    assert ["connectivity", *whole, "schema", "constraints", "seeds", "rules"] == made


def test_a_database_that_does_not_answer(engine: Engine) -> None:
    """It is an issue, and the only one."""
    with engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.close()
        health = _health(connection, shop())
    ((issue,), (check,)) = health.issues, health.checks
    assert (issue.kind, issue.severity) == ("no-answer", "critical") and check.severity == "critical"


def test_differences_are_errors_unless_the_revisions_are_the_authority(work: Connection) -> None:
    """A difference that the revisions leave is a warning."""
    shop("users.ix", "users.note", "users.ux").create_all(work)
    wanted = {"missing-index", "missing-column", "missing-unique"}
    assert {(kind, "error") for kind in wanted} == set(_kinds(_health(work, shop())))
    found = _health(work, shop(), place=MigrationPlace(Path("alembic"), None, ()))
    assert {(kind, "warning") for kind in {*wanted, "revision-missing"}} == set(_kinds(found))
    (how,) = [issue.text for issue in found.issues if issue.kind == "revision-missing"]
    assert "3 things of the models are in no revision" in how and "alembic revision" in how


def test_leftovers_are_warnings(work: Connection) -> None:
    """Their rows may be wanted."""
    shop().create_all(work)
    work.exec_driver_sql("CREATE TABLE _alembic_tmp_users (id INTEGER)")
    assert _kinds(_health(work, shop())) == [("leftover", "warning")]


def test_pending_seeds_and_files_without_a_table(work: Connection) -> None:
    """A source that is not complete is an issue; so is one that never can be."""
    shop().create_all(work)
    teams = SeedSource("01_teams.csv", "rows", "teams", "0" * 64, path=Path("01_teams.csv"))
    roles = SeedSource("02_roles.csv", "rows", "roles", "0" * 64, path=Path("02_roles.csv"))
    health = _health(work, shop(), seeds=(teams, roles), pending=("01_teams.csv",))
    assert _kinds(health) == [("seed-pending", "error"), ("seed-table-missing", "error")]
    assert [issue.name for issue in health.issues] == ["01_teams.csv", "02_roles.csv"]


def _raises(connection: Connection) -> list[str]:
    connection.exec_driver_sql("SELECT * FROM nowhere")
    return []


def _writes(connection: Connection) -> list[str]:
    connection.exec_driver_sql("INSERT INTO teams (id, name) VALUES (7, 'seven')")
    return []


def _commits(connection: Connection) -> list[str]:
    connection.commit()
    return []


RULES: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "sentences": (lambda c: ["Nobody is an admin.", "Nor a guest."], [("rule-broken", "error")] * 2),
    "nothing": (lambda c: [], []),
    "true": (lambda c: True, []),
    "false": (lambda c: False, [("rule-broken", "error")]),
    "none": (lambda c: None, []),
    "a word": (lambda c: "No admin.", [("rule-broken", "error")]),
    "raises": (_raises, [("rule-broken", "error")]),
    "divides": (lambda c: 1 / 0, [("rule-broken", "error")]),
    "writes": (_writes, []),
}


@pytest.mark.parametrize("case", RULES)
def test_rules_of_the_application(work: Connection, case: str) -> None:
    """A rule returns what is wrong. A rule that raises is an issue. No rule changes the database."""
    shop().create_all(work)
    check, expected = RULES[case]
    assert expected == _kinds(_health(work, shop(), rules=(Rule(case, check),)))
    assert work.exec_driver_sql("SELECT count(*) FROM teams").scalar() == 0


def test_a_rule_that_is_cancelled(postgresql_url: str) -> None:
    """A cancelled statement says nothing about the rule, so the error is raised as it came."""
    with create_engine(postgresql_url, poolclass=NullPool).connect() as connection:

        def cancelled(connection: Connection) -> list[str]:
            connection.exec_driver_sql("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5)")
            return []

        with pytest.raises(Exception, match="canceling statement"):
            _health(connection, None, rules=(Rule("slow", cancelled),))


def test_the_severity_of_a_rule(work: Connection) -> None:
    """A rule may only warn; a severity that does not exist is an error."""
    rules = (Rule("one", lambda c: ["Bad."], "warning"), Rule("two", lambda c: ["Bad."], "fatal"))
    assert _kinds(_health(work, None, rules=rules)) == [("rule-broken", "warning"), ("rule-broken", "error")]


def test_a_rule_that_ends_the_transaction(work: Connection) -> None:
    """The other checks need that transaction."""
    with pytest.raises(InitError) as caught:
        _health(work, None, rules=(Rule("commits", _commits),))
    assert caught.value.reference == "validation-failed" and "commits" in str(caught.value)


def test_tolerated_issues_are_warnings(work: Connection) -> None:
    """These are what a repair could not fix."""
    shop("users.ix").create_all(work)
    application = Application(metadata=shop())
    (issue,) = inspect_health(work, application, Settings()).defects
    health = inspect_health(work, application, Settings(), Before(tolerated=[issue.id]))
    assert health.defects == () and [issue.text] == [warning.text for warning in health.warnings]


class TestSqlite:
    """What SQLite does not guarantee."""

    @pytest.fixture
    def file(self, sqlite_url: str) -> Any:
        """A connection without a transaction of its own, foreign keys off."""
        engine = create_engine(sqlite_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            yield connection

    def test_orphans(self, file: Connection) -> None:
        """Rows that refer to nothing are counted; ignored tables are not."""
        shop().create_all(file)
        file.exec_driver_sql(
            "INSERT INTO users (id, team_id, email) VALUES (1, 8, 'a'), (2, 9, 'b'), (3, NULL, 'c')"
        )
        (issue,) = _health(file, shop()).defects
        assert (issue.kind, issue.name) == ("orphaned-rows", "users.team_id -> teams")
        assert "2 rows" in issue.text and "foreign_key_check" in issue.suggestion
        assert _health(file, shop(), ignore=("users",)).defects == ()

    def test_damage(self, file: Connection, sqlite_url: str) -> None:
        """A page that is overwritten is critical."""
        shop().create_all(file)
        rows = ", ".join(f"({n}, NULL, 'mail{n}@example.org')" for n in range(2000))
        file.exec_driver_sql(f"INSERT INTO users (id, team_id, email) VALUES {rows}")
        page = file.exec_driver_sql(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'ix_users_age'"
        ).scalar_one()
        file.close()
        with Path(sqlite_url.removeprefix("sqlite:///")).open("r+b") as raw:
            raw.seek((page - 1) * 4096 + 8)
            raw.write(b"\xff" * 2000)
        with create_engine(sqlite_url, poolclass=NullPool).connect() as connection:
            health = _health(connection, shop())
        assert "critical" in {issue.severity for issue in health.defects}
        assert {"corrupted"} == {issue.kind for issue in health.defects}

    def test_a_large_file_is_left_to_a_person(
        self, file: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Beyond the limit the file is not read, and an issue says so."""
        shop().create_all(file)
        monkeypatch.setattr(sqlite_checks, "CHECKED_BYTES", 4096)
        health = _health(file, shop())
        assert [issue.kind for issue in health.issues] == ["not-checked", "not-checked"]
        assert health.defects == ()


class TestPostgresql:
    """What PostgreSQL does not vouch for."""

    @pytest.fixture
    def connection(self, postgresql_url: str) -> Any:
        """A connection in a transaction."""
        with create_engine(postgresql_url, poolclass=NullPool).connect() as connection:
            yield connection

    def test_constraints_never_validated_and_their_orphans(self, connection: Connection) -> None:
        """NOT VALID is a warning; rows that it let through are an error."""
        shop("users.fk", "users.ck").create_all(connection)
        connection.exec_driver_sql(
            "INSERT INTO users (id, team_id, email) VALUES (1, 9, 'a'), (2, NULL, 'b')"
        )
        connection.exec_driver_sql(
            "ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams "
            "ON DELETE CASCADE NOT VALID, ADD CONSTRAINT ck_users_age CHECK (age > 0) NOT VALID"
        )
        health = _health(connection, shop())
        assert len([w for w in health.warnings if w.kind == "unvalidated-constraint"]) == 2
        (issue,) = health.defects
        assert issue.kind == "orphaned-rows" and "1 rows of users" in issue.text
        found = connection.exec_driver_sql(issue.suggestion.split("with ")[1].split(";")[0]).all()
        assert [row.id for row in found] == [1]

    def test_orphans_of_a_foreign_key_that_is_missing(self, connection: Connection) -> None:
        """They are why it cannot be added."""
        shop("users.fk").create_all(connection)
        connection.exec_driver_sql("INSERT INTO users (id, team_id, email) VALUES (1, 9, 'a')")
        kinds = [issue.kind for issue in _health(connection, shop()).defects]
        assert kinds == ["missing-foreign-key", "orphaned-rows"]
        assert _health(connection, shop(), place=MigrationPlace(Path("alembic"), None, ())).defects == ()

    def test_orphans_are_not_looked_for_without_end(
        self, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After a while an issue says that the answer is not known. The transaction keeps its own limit."""
        shop().create_all(connection)
        monkeypatch.setattr(postgresql_checks, "ORPHAN_LIMIT", 0.05)
        connection.exec_driver_sql("INSERT INTO teams VALUES (1, 'one')")
        reference = Reference("slow", "(SELECT *, pg_sleep(5) FROM teams)", "teams", ("id",), ("id",))
        begun = time.monotonic()
        (issue,) = postgresql_checks.orphan_issues(connection, [reference])
        assert (issue.kind, issue.severity) == ("not-checked", "info") and time.monotonic() - begun < 3
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "0"

    def test_an_invalid_index(self, postgresql_url: str) -> None:
        """An index of the models is an error, any other a warning."""
        engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            shop("users.ux").create_all(connection)
            connection.exec_driver_sql(
                "INSERT INTO users (id, email, note) VALUES (1, 'a', 'x'), (2, 'b', 'x')"
            )
            for name in ("ux_users_note", "ux_other"):
                with pytest.raises(Exception, match="could not create"):
                    connection.exec_driver_sql(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON users (note)")
            health = _health(connection, shop())
        found = {issue.name: issue.severity for issue in health.issues if issue.kind == "invalid-index"}
        assert found == {"ux_users_note": "error", "ux_other": "warning"}
