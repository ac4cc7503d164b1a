"""The Flask shop alone: its migrations, models, seeds and pages agree on both databases."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.locate import find_directories
from initdb.steps.revisions.reading import read_revisions
from tests.support import forked

SHOP = Path(__file__).parents[2] / "examples" / "flask-shop"
REVISIONS = ("3f0c9a1be7d2", "81d4e6c05a9b", "c27b1f90d3e8", "5ae83d7740fc", "e9106b5d2c47")
TABLES = {"alembic_version", "categories", "customers", "products", "orders", "order_items"}

PRICES = """
from flask_migrate import downgrade, upgrade
from sqlalchemy import text
from shop.extensions import db

def rows(query):
    with db.engine.begin() as connection:
        return [[str(value) for value in row] for row in connection.execute(text(query))]

PRODUCTS = "INSERT INTO products (id, sku, name, price) VALUES (:id, :id, 'x', :price)"
ORDERS = "INSERT INTO orders (id, number, customer_id, placed_at) VALUES (1, '1', 1, '2026-01-05')"

upgrade(revision="c27b1f90d3e8")
with db.engine.begin() as connection:
    for number, price in enumerate(("0.07", "12.99", "1000.10"), 1):
        connection.execute(text(PRODUCTS), {"id": number, "price": price})
    connection.execute(text("INSERT INTO customers VALUES (1, 'ada@example.org', 'Ada')"))
    connection.execute(text(ORDERS))
    connection.execute(text("INSERT INTO order_items VALUES (1, 2, 3)"))
upgrade()
found = {"cents": rows("SELECT price_cents FROM products ORDER BY id")}
downgrade(revision="c27b1f90d3e8")
found["euros"] = [float(price) for price, in rows("SELECT price FROM products ORDER BY id")]
found["items"] = rows("SELECT * FROM order_items")
downgrade(revision="base")
"""
PAGES = """
import csv
import runpy
from flask_migrate import upgrade
from sqlalchemy import insert, text
from shop.extensions import db

client = app.test_client()
found = {"health": [client.get("/health").status_code]}
upgrade()
found["before"] = client.get("/").text
with db.engine.begin() as connection:
    for name, table in (("10_categories", "categories"), ("20_products", "products")):
        with open(f"seeds/{name}.csv", encoding="utf-8", newline="") as file:
            rows = [{column: value or None for column, value in row.items()} for row in csv.DictReader(file)]
        connection.execute(insert(db.metadata.tables[table]), rows)
seed = runpy.run_path("seeds/30_orders.py")["seed"]
found["counts"] = []
for turn in range(2):
    with db.engine.begin() as connection:
        seed(connection)
        tables = ("customers", "orders", "order_items")
        found["counts"].append([connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables])
found["after"] = client.get("/").text
found["health"].append(client.get("/health").get_json())
"""


def run(url: str, *command: str, **environ: str) -> str:
    """What `python -m …` prints in the shop's folder; initdb does nothing at its boot."""
    environ = {**os.environ, "DATABASE_URL": url, "INITDB_MODE": "off", **environ}
    ran = forked.run(*command, cwd=SHOP, env=environ)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def in_shop(url: str, program: str, folder: Path) -> Any:
    """What `program` leaves in `found`, run in the context of the shop's application."""
    before = "import json\nfrom shop import create_app\napp = create_app()\napp.app_context().push()\n"
    (folder / "shop_program.py").write_text(f"{before}{program}\nprint(json.dumps(found))")
    return json.loads(run(url, "shop_program", PYTHONPATH=str(folder)).splitlines()[-1])


def test_flask_db_upgrade_makes_what_the_models_say(database_url: str, engine: Engine) -> None:
    """Flask-Migrate brings an empty database to head, where models and tables agree."""
    run(database_url, "flask", "--app", "shop", "db", "upgrade")
    assert set(inspect(engine).get_table_names()) == TABLES
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [REVISIONS[-1]]
    assert "No new upgrade operations" in run(database_url, "flask", "--app", "shop", "db", "check")


def test_prices_are_converted_and_back(database_url: str, engine: Engine, tmp_path: Path) -> None:
    """The data migration loses no cent and no row that refers to the rebuilt table; all can be reverted."""
    found = in_shop(database_url, PRICES, tmp_path)
    assert found["cents"] == [["7"], ["1299"], ["100010"]]
    assert found["euros"] == [0.07, 12.99, 1000.1]
    assert found["items"] == [["1", "2", "3"]]
    assert inspect(engine).get_table_names() == ["alembic_version"]


def test_seeds_and_pages(database_url: str, tmp_path: Path) -> None:
    """The seeds fit the models, the Python seed can run again, and the page lists what there is."""
    found = in_shop(database_url, PAGES, tmp_path)
    assert found["health"] == [200, {"status": "ok"}]
    assert "Nothing for sale yet" in found["before"]
    assert found["counts"] == [[2, 3, 5], [2, 3, 5]]
    for shown in ("Assam, second flush", "Crème-coloured teapot", "24.50 €", "Tea and coffee ware"):
        assert shown in found["after"]


@pytest.mark.parametrize("migrations", [SHOP / "migrations", SHOP / "migrations" / "alembic.ini"])
def test_the_revisions_are_read_without_the_application(migrations: Path) -> None:
    """A linear history of five revisions that stay in their transactions and can be reverted."""
    graph = RevisionGraph.of(read_revisions(find_directories(migrations)))
    graph.check()
    assert graph.pending(()) == REVISIONS
    assert all(file.has_downgrade and not file.commits for file in graph.files.values())
