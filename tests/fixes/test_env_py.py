"""An env.py that fails, or does something else than is needed."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import make_url

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ON_SQLITE, ini, set_to
from tests.support.toy import Toy


@ON_SQLITE
@fixes("env-py-failed")
def test_an_env_py_that_needs_a_variable(person: Person, toy: Toy) -> None:
    """Plain Alembic fails too; once the variable is there, what is printed goes on."""
    ini(person, toy)
    env = toy.migrations / "env.py"
    env.write_text("import os\nos.environ['SHOP_KEY']\n" + env.read_text())
    person.fails("initdb run", "env-py-failed")
    assert "SHOP_KEY" in person.looks()[0].output
    person.environ["SHOP_KEY"] = "1"
    person.follows("initdb resume")


@ON_SQLITE
@fixes("env-py-failed")
def test_an_env_py_that_needs_a_module(person: Person, toy: Toy) -> None:
    """Without an ini file initdb calls Alembic, and says the same. The module is beside the settings."""
    env = toy.migrations / "env.py"
    env.write_text("import shop_for_env\n" + env.read_text())
    person.fails("initdb run", "env-py-failed")
    person.fails(person.printed("initdb alembic current"), "env-py-failed")
    (person.folder / "shop_for_env.py").touch()
    person.runs(person.printed("initdb alembic current"))
    person.follows("initdb resume")


@ON_SQLITE
@fixes("env-py-ran-nothing")
def test_an_env_py_that_returns(person: Person, toy: Toy) -> None:
    """It migrates only under a condition."""
    ini(person, toy)
    env = toy.migrations / "env.py"
    whole = env.read_text()
    env.write_text(whole.replace("\nelse:\n", "\nelif config.get_main_option('no'):\n"))
    person.fails("initdb run", "env-py-ran-nothing")
    assert person.looks()[0].stdout == ""
    env.write_text(whole)
    person.follows("initdb resume")


@fixes("env-py-other-database")
def test_an_env_py_with_its_own_url(person: Person, toy: Toy) -> None:
    """It gets the URL that initdb uses, which status shows."""
    env = toy.migrations / "env.py"
    whole = env.read_text()
    env.write_text(whole.replace('config.get_main_option("sqlalchemy.url")', '"sqlite:///other.db"'))
    person.fails("initdb run", "env-py-other-database")
    assert any((make_url(toy.url).database or "") in one.stdout for one in person.looks())
    line = person.printed("config.set_main_option")
    person.environ["DATABASE_URL"] = toy.url
    env.write_text(whole.replace("config = context.config", f"config = context.config\nimport os\n{line}"))
    person.follows("initdb resume")


@fixes("two-phase-refused")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_phases(person: Person, toy: Toy) -> None:
    """The line of Flask-Migrate's template is changed as printed."""
    env = toy.migrations / "env.py"
    begins = "connection.begin_twophase() if USE_TWOPHASE else connection.begin()"
    made = env.read_text().replace(
        "        context.configure", f"        {begins}\n        context.configure"
    )
    env.write_text(f"USE_TWOPHASE = True\n{made}")
    person.fails("initdb run", "two-phase-refused")
    line = person.printed("USE_TWOPHASE = False").removesuffix(" in env.py")
    env.write_text(f"{line}\n{made}")
    person.follows("initdb resume")


SEVERAL = """
from alembic import context
from sqlalchemy import create_engine, pool

urls = [context.config.get_main_option("sqlalchemy.url"), "{other}"]
for url in urls:
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


@ON_SQLITE
@fixes("env-py-several-databases")
def test_a_second_database(person: Person, toy: Toy) -> None:
    """It is named in the settings as printed."""
    other = f"sqlite:///{person.folder}/stock.db"
    (toy.migrations / "env.py").write_text(SEVERAL.format(other=other))
    person.fails("initdb run", "env-py-several-databases")
    name, _, value = person.printed("databases = ").partition(" = ")
    named = json.loads(value)[0].partition("=")[0]
    set_to(person, name, json.dumps([f"{named}={other}"]))
    person.follows("initdb resume")


@ON_SQLITE
@fixes("file-changed-meanwhile")
def test_a_revision_that_is_written_while_its_run_is_at_work(person: Person, toy: Toy) -> None:
    """env.py formats the revisions, once. What was committed stands, and the next run reads the new file."""
    ini(person, toy)
    env, second = toy.migrations / "env.py", sorted((toy.migrations / "versions").glob("*.py"))[1]
    writing = f"from pathlib import Path\nfile = Path({str(second)!r})\n"
    writing += "if '# formatted' not in file.read_text():\n"
    writing += "    file.write_text(file.read_text() + '# formatted\\n')\n"
    env.write_text(writing + env.read_text())
    assert second.name in person.fails("initdb run", "file-changed-meanwhile")
    person.follows("ls -l", "initdb resume")
