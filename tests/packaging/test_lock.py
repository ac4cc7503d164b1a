"""The lock of CI has all that pyproject.toml asks for, with hashes; the audit says what it did not ask."""

from __future__ import annotations

import re
import runpy
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.support.product_tree import TREE

pytestmark = pytest.mark.repository


def locked() -> dict[str, str]:
    """Name → version."""
    text = (TREE / ".ci" / "requirements.txt").read_text()
    found = re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)", text, re.MULTILINE)
    return dict(found)


def test_what_is_asked_for_is_locked() -> None:
    """With a version that will do. If this fails: make lock."""
    project = tomllib.loads((TREE / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["flask"], *extras["yaml"], *extras["dev"]]
    found = locked()
    for one in map(Requirement, asked):
        name = re.sub(r"[-_.]+", "-", one.name).lower()
        assert name in found and one.specifier.contains(found[name], prereleases=True), one


def test_every_package_has_hashes() -> None:
    """Without them pip refuses the file."""
    text = (TREE / ".ci" / "requirements.txt").read_text()
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(packages) >= len(locked()) > 50  # one may have a version for each Python
    assert all("--hash=sha256:" in package for package in packages)


def test_the_audit_counts_what_it_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Skipped packages are no good news; a vulnerability is a failure."""
    told = runpy.run_path(str(TREE / ".ci" / "audit.py"), run_name="audit")["told"]
    good = {"name": "a", "version": "1", "vulns": []}
    assert told([good, {"name": "b", "skip_reason": "not found"}]) == 0
    said = capsys.readouterr().out
    assert "1 of 2 locked packages were audited" in said and "NOT AUDITED: 1 packages" in said
    bad = {"name": "c", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
    assert told([good, bad]) == 1
    assert "c 2: PYSEC-1" in capsys.readouterr().out
