"""A signed manifest that has not what is there, or that cannot be used."""

from __future__ import annotations

import pytest

from initdb.events.signing import make_key
from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ON_SQLITE, set_to
from tests.support.toy import Toy


@pytest.fixture
def signed(person: Person, toy: Toy) -> Toy:
    """The manifest is signed and required."""
    (person.folder / "manifest.pub").write_text(make_key(person.folder / "manifest.pem"))
    set_to(person, "require_manifest", '"manifest.jsonl"')
    set_to(person, "manifest_public_key", '"manifest.pub"')
    person.runs("initdb manifest manifest.jsonl --sign-with manifest.pem")
    person.runs("initdb run")
    return toy


@ON_SQLITE
@fixes("not-in-manifest")
@pytest.mark.parametrize("way", ["restored", "signed"])
def test_an_edited_revision(person: Person, signed: Toy, way: str) -> None:
    """It is as it was built again, or it is signed as printed."""
    file = signed.migrations / "versions" / "003_r3.py"
    before = file.read_text()
    file.write_text(before + "# edited\n")
    person.fails("initdb run", "not-in-manifest")
    if way == "restored":
        file.write_text(before)
        person.follows("ls -l")
    else:
        person.follows("initdb manifest")
    person.runs("initdb run")


@ON_SQLITE
@fixes("manifest-unusable")
def test_a_manifest_that_was_edited(person: Person, signed: Toy) -> None:
    """It is signed anew, as printed."""
    file = person.folder / "manifest.jsonl"
    file.write_text(file.read_text().replace("003_r3", "004_r4"))
    person.fails("initdb run", "manifest-unusable")
    person.follows("initdb manifest")
    person.runs("initdb run")
