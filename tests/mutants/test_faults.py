"""The planted faults have their places, and the runner tells a noticed one from one that survives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.fault import Fault
from tests.mutants.faults import FAULTS
from tests.mutants.of_the_core import OF_THE_CORE
from tests.mutants.planting import TREE, copy_tree, hunt, plant

pytestmark = pytest.mark.repository


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_has_one_place(fault: Fault, tmp_path: Path) -> None:
    """Code that is changed takes its fault along: else it would be said to survive."""
    for file, _, _ in fault.changes:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text((TREE / file).read_text())
    plant(tmp_path, fault)
    assert all((TREE / test).exists() for test in fault.tests)


def test_names_are_told_apart() -> None:
    """Each is repeated by its name."""
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree."""
    return copy_tree(tmp_path_factory.mktemp("copy"))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", OF_THE_CORE, ids=lambda fault: fault.name)
def test_the_crash_harness_finds_every_fault_of_the_core(fault: Fault, tree: Path) -> None:
    """A harness that passes with a fault in the core proves nothing."""
    assert hunt(tree, fault, tests=False, without=False).point


@pytest.mark.slow
def test_a_fault_is_noticed_and_taken_out_again(tree: Path) -> None:
    """In the copy alone; a change that alters nothing survives."""
    (fault,) = (one for one in FAULTS if one.name == "chain-of-texts")
    before = (TREE / fault.file).read_text()
    assert "tests/events/test_verify.py" in hunt(tree, fault).test
    assert (TREE / fault.file).read_text() == (tree / fault.file).read_text() == before
    harmless = Fault(
        "harmless", "", fault.file, "_DOMAIN = b", "_DOMAIN  = b", ("tests/statemachine/test_diagram.py",)
    )
    assert hunt(tree, harmless).survived
