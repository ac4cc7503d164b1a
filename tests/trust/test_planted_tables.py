"""A table of somebody else in the place of one that initdb reads or writes is refused by name, not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trust.neighbour import Place


@pytest.mark.parametrize(
    "planted",
    [
        "CREATE VIEW public.alembic_version AS SELECT {0}.spring() AS version_num",
        "CREATE TABLE public.alembic_version (version_num text);"
        " CREATE INDEX lure ON public.alembic_version ({0}.calm(version_num))",
        "CREATE TABLE public.alembic_version (version_num text);"
        " ALTER TABLE public.alembic_version ENABLE ROW LEVEL SECURITY;"
        " CREATE POLICY lure ON public.alembic_version USING ({0}.spring() IS NULL)",
    ],
)
def test_in_the_place_of_the_version_table(place: Place, tmp_path: Path, role: str, planted: str) -> None:
    """A boot reads it first. It is named with its owner, and its code does not run."""
    mine = place.roles.neighbour
    place.sql(f"GRANT CREATE ON SCHEMA public TO {mine}")
    place.plant(
        f"CREATE FUNCTION {mine}.spring() RETURNS text LANGUAGE plpgsql AS $$ BEGIN {place.trap} RETURN 'r1';"
        " END $$",
        f"CREATE FUNCTION {mine}.calm(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS"
        f" $$ BEGIN {place.trap} RETURN $1; END $$",
        *planted.format(mine).split(";"),
        "GRANT SELECT ON public.alembic_version TO PUBLIC",
    )
    app = place.app(tmp_path, role)
    said = "\n".join(map(str, app.initializer().initialize().errors))
    assert "table-of-a-stranger" in said and mine in said and "alembic_version" in said
    assert place.sprung() == 0
    place.plant(
        "DROP VIEW IF EXISTS public.alembic_version"
        if "VIEW" in planted
        else "DROP TABLE public.alembic_version"
    )
    assert app.initializer().initialize().success
    assert place.sprung() == 0


def test_a_trigger_on_a_seeded_table(place: Place, tmp_path: Path) -> None:
    """It is the neighbour's, who may create triggers there. It is named before a row is inserted."""
    app = place.app(tmp_path, place.roles.owner)
    assert app.initializer().initialize().success
    mine = place.roles.neighbour
    place.sql(f"GRANT TRIGGER ON t1 TO {mine}", f"GRANT USAGE ON SCHEMA public TO {mine}")
    place.plant(
        f"CREATE FUNCTION {mine}.spring() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {place.trap} RETURN NEW; END $$",
        f"CREATE TRIGGER lure BEFORE INSERT ON public.t1 FOR EACH ROW EXECUTE FUNCTION {mine}.spring()",
    )
    app.with_seeds(7)
    said = "\n".join(map(str, app.initializer().initialize().errors))
    assert "table-of-a-stranger" in said and "lure" in said and mine in said
    assert place.sprung() == 0
    place.sql("DROP TRIGGER lure ON t1")
    assert app.initializer().resume().success
