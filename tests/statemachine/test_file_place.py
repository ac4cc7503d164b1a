"""The place of a SQLite file: a warning on network file systems, and reading where nothing can be written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from initdb.steps.engines import sqlite_files
from tests.support.toy import Toy

MOUNTINFO = """22 1 0:20 / / rw,relatime - ext4 /dev/root rw
30 22 0:25 / {share} rw,relatime shared:1 - nfs4 server:/export rw
"""
NOBODY = 65534


def test_a_network_file_system_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The boot goes on, and says what may happen on such a file system."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTINFO.format(share=tmp_path / "share"))
    (tmp_path / "share").mkdir()
    toy = Toy(tmp_path, f"sqlite:///{tmp_path / 'share' / 'x.db'}").with_revisions()
    elsewhere = Toy(tmp_path, f"sqlite:///{tmp_path / 'y.db'}")
    assert sqlite_files.cautions(toy.engine(), mounts)[0].count("nfs4") == 1
    assert sqlite_files.cautions(elsewhere.engine(), mounts) == ()
    monkeypatch.setattr(sqlite_files.cautions, "__defaults__", (mounts,))
    result = toy.initializer().initialize()
    assert result.success
    assert "network file system" in result.warnings[0]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may read."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def test_a_database_in_a_folder_that_cannot_be_written_is_read(folder: Path) -> None:
    """It is ready, also in write-ahead mode, and no file is left beside it."""
    toy = Toy(folder, f"sqlite:///{folder / 'x.db'}").with_revisions()
    assert toy.initializer().initialize().success
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = sorted(path.name for path in folder.iterdir())
    child = os.fork()
    if child == 0:
        code = 9
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            code = toy.initializer(wait_limit="300ms").attend().exit_code
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sorted(path.name for path in folder.iterdir()) == before
