"""Whose a file with a password may be, and who may read it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.steps.identity import password_file
from initdb.steps.identity.password_file import first_line, reason_against

GOOD = "vexed-plume-84-orbit"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(GOOD + "\n")
    path.chmod(0o400)
    return path


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o644, 0o620, 0o602])
def test_others_can_read_or_change_it(secret: Path, mode: int) -> None:
    """Refused, and the printed command fixes it."""
    secret.chmod(mode)
    with pytest.raises(InitError) as caught:
        first_line(secret)
    assert caught.value.reference == "admin-password-unreadable"
    assert f"{mode:04o}" in caught.value.context[0]
    command = caught.value.rendered().fix.partition(": ")[2].partition(", then")[0]
    subprocess.run(command, shell=True, check=True)
    assert first_line(secret) == GOOD


@pytest.mark.parametrize(
    ("owner", "mode", "mounted", "taken"),
    [
        (1000, 0o400, False, True),
        (1000, 0o640, False, False),
        (1000, 0o444, True, False),  # somebody's own file on a read-only mount is not root's
        (0, 0o444, True, True),  # Docker, Kubernetes
        (0, 0o440, False, True),  # Kubernetes with fsGroup
        (0, 0o444, False, False),
        (0, 0o446, True, False),
        (0, 0o460, True, False),
        (1001, 0o400, True, False),
    ],
)
def test_the_rule(owner: int, mode: int, mounted: bool, taken: bool) -> None:
    """For a process of user 1000."""
    assert (reason_against(owner, mode, 1000, mounted=mounted) == "") is taken


def test_a_mounted_secret(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's, readable by all, reached by links of root as Kubernetes makes them."""
    assert os.geteuid() == 0
    data = secret.parent / "..data"
    (secret.parent / "..2026").mkdir()
    secret.rename(secret.parent / "..2026" / "secret")
    (secret.parent / "..2026" / "secret").chmod(0o444)
    data.symlink_to("..2026")
    secret.symlink_to("..data/secret")
    with pytest.raises(InitError, match="can read the password"):
        first_line(secret)
    monkeypatch.setattr(password_file, "SECRETS", secret.parent)
    assert first_line(secret) == GOOD


def test_a_link_of_another_user(secret: Path, tmp_path: Path) -> None:
    """Not followed, wherever it leads."""
    link = tmp_path / "link"
    link.symlink_to(secret)
    assert first_line(link) == GOOD
    os.lchown(link, 4711, 4711)
    with pytest.raises(InitError, match="is a link of"):
        first_line(link)


def test_a_pipe() -> None:
    """As the shell makes it for <(pass show admin)."""
    code = "import sys; from pathlib import Path; from initdb.steps.identity.password_file import first_line;"
    code += "print(first_line(Path(sys.argv[1])))"
    script = f"exec {sys.executable} -c '{code}' <(sleep 0.2; echo {GOOD})"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == GOOD, done.stderr
