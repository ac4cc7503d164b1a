"""What has a journal's names and is somebody else's is not read, and stops no first boot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trust.neighbour import Place


def _schemas(place: Place) -> set[object]:
    """Who owns a journal, by schema."""
    return {
        row[0] for row in place.sql("SELECT schemaname FROM pg_tables WHERE tablename = 'init_journal_head'")
    }


def test_a_journal_in_a_neighbours_schema(place: Place, tmp_path: Path, role: str) -> None:
    """It looks like that of this application. The first boot and the second one leave it alone."""
    place.plant_journal(place.roles.neighbour)
    app = place.app(tmp_path, role)
    assert app.initializer().initialize().success
    assert app.initializer().initialize().success
    assert _schemas(place) == {place.roles.neighbour, "public"}
    assert place.sql(f"SELECT seq FROM {place.roles.neighbour}.init_journal_head") == [(1,)]
    assert place.sprung() == 0


@pytest.mark.parametrize(
    "planted",
    [
        "journal",
        "CREATE VIEW public.init_journal_head AS SELECT 1 AS id",
        "CREATE FUNCTION public.init_journal_append() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$",
        "CREATE DOMAIN public.init_journal AS text",
        "CREATE SEQUENCE public.init_journal_run",
        "CREATE TABLE public.init_journal_version (version_num text)",
    ],
)
def test_names_that_are_taken_in_the_default_schema(
    place: Place, tmp_path: Path, role: str, planted: str
) -> None:
    """The journal gets a schema of its own, if the role may create one. Else what is in the way is named."""
    place.sql(f"GRANT CREATE ON SCHEMA public TO {place.roles.neighbour}")
    if planted == "journal":
        place.plant_journal("public")
    else:
        place.plant(planted.format(place.trap))
    app = place.app(tmp_path, role)
    if role == place.roles.small:
        said = "\n".join(map(str, app.initializer().initialize().errors))
        assert "journal-place-taken" in said and "public.init_journal" in said
        assert place.roles.neighbour in said
        place.sql(f"CREATE SCHEMA initdb AUTHORIZATION {place.roles.small}")
    assert app.initializer().initialize().success
    assert app.initializer().initialize().success
    assert "initdb" in _schemas(place)
    assert place.sprung() == 0
