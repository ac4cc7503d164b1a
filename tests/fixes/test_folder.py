"""A folder without settings: what is printed there names the application, or finds it."""

from __future__ import annotations

import shutil

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.support.layouts import FLASK_MIGRATE, SHOP, STORE, lay_out


@fixes("schema-not-named")
def test_resume_in_a_flask_project(person: Person, database_url: str) -> None:
    """For the call alone, and for good."""
    lay_out(person.folder, {**SHOP, **FLASK_MIGRATE})
    person.environ["DATABASE_URL"] = database_url
    person.fails("initdb resume", "schema-not-named")
    init = person.printed("initdb init")
    assert person.follows("initdb resume").stdout.splitlines()[-1].startswith("ready: 1 revision applied")
    assert person.type(init).code == 3
    person.runs(f"{init} --yes")
    assert "already ready" in person.runs("initdb run").stdout


@fixes("schema-not-named")
def test_what_was_given_is_said_once_more(person: Person, database_url: str) -> None:
    """An option of the command that was typed is in the one that is printed."""
    lay_out(person.folder, STORE)
    person.fails(f"initdb run --database-url '{database_url}'", "schema-not-named")
    assert person.follows("initdb run").stdout.splitlines()[-1].startswith("ready: 1 table created")


@fixes("schema-not-named")
def test_a_container_that_wants_the_identity_schema(person: Person, database_url: str) -> None:
    """Nothing is there but DATABASE_URL."""
    person.environ |= {"DATABASE_URL": database_url, "INITDB_ADMIN_PASSWORD": "correct-horse-battery-77"}
    person.fails("initdb run", "schema-not-named")
    assert person.follows("initdb run").stdout.splitlines()[-1].startswith("ready: 7 tables created")


@fixes("application-not-found")
def test_no_application(person: Person) -> None:
    """It can be tried without one."""
    person.environ["INITDB_ADMIN_PASSWORD"] = "correct-horse-battery-77"
    person.fails("initdb init", "application-not-found")
    person.follows("initdb run")
    assert (person.folder / "initdb.db").exists()


@fixes("application-not-found")
def test_an_application_in_an_inner_folder(person: Person) -> None:
    """The command goes there, and proposes its settings."""
    lay_out(person.folder, {f"my backend/{path}": text for path, text in SHOP.items()})
    person.fails("initdb init", "application-not-found")
    done = person.type(person.printed("cd "))
    assert done.code == 3
    assert '+app = "shop:create_app"' in done.stdout


@fixes("settings-file-unwritable")
def test_a_folder_of_another_user(person: Person, shared: None) -> None:
    """Once the user may write there, the printed command writes."""
    lay_out(person.folder, SHOP)
    shutil.chown(person.folder, "root")
    "".encode("utf-8-sig")  # the other user may not read this interpreter's files, to import it
    person.fails("initdb init --yes", "settings-file-unwritable")
    person.looks()
    person.folder.chmod(0o777)
    person.follows("initdb init")
    assert (person.folder / "initdb.toml").read_text() == 'app = "shop:create_app"\n'


@fixes("settings-file-unwritable")
def test_a_table_on_one_line(person: Person) -> None:
    """The lines are printed; added by hand, there is nothing to do."""
    file = person.folder / "pyproject.toml"
    lay_out(person.folder, {**SHOP, "pyproject.toml": "[tool]\ninitdb = {attempts = 3}\n"})
    person.fails("initdb init --yes", "settings-file-unwritable")
    (line,) = (line.strip() for line in person.error.splitlines() if line.strip().startswith("app = "))
    file.write_text(f"[tool.initdb]\nattempts = 3\n{line}\n")
    assert "nothing is to do" in person.follows("initdb init").stdout
