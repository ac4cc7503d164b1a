"""A refused row is named with table, constraint and columns, by every driver, and without its values."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from sqlalchemy import NullPool, create_engine, make_url
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.steps.catalog.existing import existing
from initdb.steps.seeds.model import SeedRow
from initdb.steps.seeds.rows import apply_batch
from tests.seeds.support import members, metadata, roles


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_refusal_is_one_on_every_driver(postgresql_url: str, driver: str) -> None:
    """Each has the SQLSTATE under another name. A missing table is no refusal."""
    url = make_url(postgresql_url).set(drivername=f"postgresql+{driver}")
    engine = create_engine(url, poolclass=NullPool)
    rows = [SeedRow({"name": "fine"}, "r.csv line 2"), SeedRow({"name": "b", "rank": -1}, "r.csv line 3")]
    metadata.create_all(create_engine(postgresql_url, poolclass=NullPool), [roles])
    with engine.connect() as work:
        with pytest.raises(InitError) as caught:
            apply_batch(work, roles, rows, ("name",), verify=existing(lambda: nullcontext(work)))
        said = "roles: A row breaks a check (23514): table roles, constraint ck_rank, column rank"
        assert caught.value.context[0] == f"r.csv line 3: {said}"
        assert caught.value.rendered().sqlstate == "23514"
        work.rollback()
        with pytest.raises(DBAPIError):
            apply_batch(work, members, [SeedRow({"email": "a"}, "m.csv line 2")], ("email",))
