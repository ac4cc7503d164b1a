"""run, validate and repair give the same verdict of an issue, and name no command that cannot fix it."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.cli.console import Console
from tests.support.toy import Toy

MODELS = """
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, Table

metadata = MetaData()
Table("makers", metadata, Column("id", Integer, primary_key=True))
Table(
    "goods",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("price", Integer),
    Column("amount", Integer),
    Column("maker", Integer{reference}),
    {checks}
)
"""
CHECKS = """CheckConstraint("price > 0", name="price_positive"),
    CheckConstraint("amount >= 0", name="amount_not_negative"),"""
MISSING = (
    "The check price_positive of goods is missing.",
    "The check amount_not_negative of goods is missing.",
)
COMMANDS = ("run", "validate", "repair", "validate", "run")


@pytest.fixture
def goods(console: Console, database_url: str) -> Toy:
    """A ready database of models without a check or a foreign key. `model` adds some."""
    toy = Toy(console.folder, database_url)
    model(toy)
    assert console("run").exit_code == 0
    return toy


def model(toy: Toy, *, checks: str = "", reference: str = "") -> None:
    """Write the models, as the next version of the application has them."""
    name = f"goods_{uuid.uuid4().hex}"  # Python imports a module once
    (toy.folder / f"{name}.py").write_text(MODELS.format(checks=checks, reference=reference))
    lines = f'database_url = {json.dumps(toy.url)}\nmetadata = "{name}:metadata"\n'
    (toy.folder / "initdb.toml").write_text(lines)


def test_two_checks(console: Console, goods: Toy) -> None:
    """SQLite cannot add them: a warning everywhere, with what adds them. PostgreSQL adds them."""
    model(goods, checks=CHECKS)
    if goods.url.startswith("sqlite"):
        for command in COMMANDS:
            done = console(command)
            assert done.exit_code == 0, (command, done.output)
            assert "initdb repair" not in done.output, command
            assert all(text in done.output for text in MISSING), (command, done.output)
        shown = console("validate").stdout
        assert shown.count('op.batch_alter_table("goods") as batch: batch.create_check_constraint(...)') == 2
        found = console.object("validate")
        assert (found["valid"], found["severity"], found["checks"]["schema"]) == (True, "warning", "warning")
        assert console.object("repair")["repaired"] == []
        return
    wrong = console("validate")
    assert wrong.exit_code == 1
    assert "2 defects; initdb repair fixes 2 of them" in wrong.stdout
    assert len(console.object("repair")["repaired"]) == 2
    for command in COMMANDS:
        done = console(command)
        assert (done.exit_code, "is missing" in done.output) == (0, False), (command, done.output)


def test_a_check_that_the_rows_break(console: Console, goods: Toy) -> None:
    """The application works without it: once a run has tried, it is a warning for all three."""
    goods.sql("INSERT INTO goods (id, price, amount) VALUES (1, -5, 1)")
    model(goods, checks=CHECKS)
    if goods.url.startswith("postgresql"):
        assert console("validate").exit_code == 1
    for command in COMMANDS:
        done = console(command)
        assert (done.exit_code, MISSING[0] in done.output) == (0, True), (command, done.output)
    goods.sql("UPDATE goods SET price = 5")
    if goods.url.startswith("postgresql"):
        assert console("repair").exit_code == 0
        for command in COMMANDS:
            assert MISSING[0] not in console(command).output, command


def test_a_foreign_key(console: Console, goods: Toy) -> None:
    """SQLite cannot add it, and rows may refer to nothing: a defect for all three, with what adds it."""
    model(goods, reference=', ForeignKey("makers.id")')
    if goods.url.startswith("postgresql"):
        assert "initdb repair adds it" in console("validate").stdout
        assert console("repair").exit_code == 0
        assert console("validate").exit_code == 0
        return
    for command in COMMANDS:
        done = console(command)
        assert done.exit_code == 1, (command, done.output)
        assert 'op.batch_alter_table("goods") as batch: batch.create_foreign_key(...)' in done.output, command
        assert "initdb repair" not in done.output, command


def test_repairs_that_a_setting_forbids(console: Console, goods: Toy) -> None:
    """No command is named as one that fixes them."""
    goods.sql("DROP TABLE goods")
    shown = console("validate", "--repair", "never").stdout
    assert shown.splitlines()[-1] == "1 defect"
    assert console("validate").stdout.splitlines()[-1].startswith("1 defect; initdb repair fixes 1 of them")
    assert console("repair").exit_code == 0
