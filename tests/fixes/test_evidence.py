"""Checkpoints of the journal: what keeps them from being signed and written."""

from __future__ import annotations

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.support.toy import Toy


@fixes("checkpoint-key-unusable")
@pytest.mark.parametrize("mode", [None, 0o644])
def test_a_key_that_is_not_there_or_that_others_can_read(
    person: Person, ready: Toy, mode: int | None
) -> None:
    """It is made, as printed; or others are kept from it."""
    settings = person.folder / "initdb.toml"
    settings.write_text(f'{settings.read_text()}checkpoint_key = "checkpoint.pem"\n')
    if mode is not None:
        person.runs("initdb journal checkpoint --new-key checkpoint.pem")
        (person.folder / "checkpoint.pem").chmod(mode)
    person.fails("initdb journal checkpoint", "checkpoint-key-unusable")
    person.follows("initdb journal checkpoint --new-key" if mode is None else "chmod 600")
    person.runs("initdb journal checkpoint")


@fixes("checkpoint-not-written")
def test_a_folder_that_is_missing(person: Person, ready: Toy) -> None:
    """It is made, and the printed command succeeds."""
    settings = person.folder / "initdb.toml"
    settings.write_text(f'{settings.read_text()}checkpoint_file = "kept/points"\n')
    person.fails("initdb journal checkpoint", "checkpoint-not-written")
    (person.folder / "kept").mkdir()
    person.follows("initdb journal checkpoint")
    assert (person.folder / "kept/points").read_text().startswith("initdb-checkpoint-v1 ")
