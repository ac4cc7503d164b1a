"""No statement of initdb's own means an operator or a function of somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trust.neighbour import Place
from tests.trust.shadows import plant_shadows

OTHERS = ("pg_catalog.pg_class.relname", "alembic_version")
"""What the statements of SQLAlchemy and Alembic have in them, which initdb does not write."""


def _said(place: Place, since: int) -> list[str]:
    """What the planted functions said of the statements that ran them, but for those of SQLAlchemy."""
    log = place.server.log.read_bytes()[since:].decode(errors="replace")
    found = log.split("LOG:  sprung by ")[1:]
    return [one[:600] for one in found if not any(words in one for words in OTHERS)]


@pytest.mark.parametrize("role", ["owner"], indirect=True)
def test_the_traps_are_sprung_by_whoever_does_not_qualify(place: Place, role: str) -> None:
    """The control: an ordinary query runs one of them."""
    place.sql(f"GRANT CREATE ON SCHEMA public TO {place.roles.neighbour}")
    assert plant_shadows(place) > 500
    since = len(place.server.log.read_bytes())
    place.sql("SELECT 'v' || CAST('1' AS varchar), quote_ident(relname) FROM pg_class LIMIT 1", role=role)
    assert place.sprung() >= 2 and len(_said(place, since)) >= 2


def test_no_trap_is_sprung_by_a_boot(place: Place, tmp_path: Path, role: str) -> None:
    """A first boot with revisions and seeds, one on a ready database, and the commands that read."""
    place.sql(f"GRANT CREATE ON SCHEMA public TO {place.roles.neighbour}")
    plant_shadows(place)
    since = len(place.server.log.read_bytes())
    app = place.app(tmp_path, role)
    said = app.initializer().initialize().errors
    assert _said(place, since) == []
    assert said == []
    before = place.sprung()
    assert app.initializer().initialize().success
    assert place.sprung() == before
    assert _said(place, since) == []
