"""A user without a home, a name, or a writable folder for temporary files, as there are in containers."""

from __future__ import annotations

import os
import pwd
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import make_url

from initdb.cli.discovery.reading import project_folder, read_contents
from tests.cli.console import ADMIN_PASSWORD, Console
from tests.cli.failures import well_told
from tests.errors.plain_user import as_plain_user
from tests.support.toy import Toy


@pytest.fixture(autouse=True)
def _homeless(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment, nor the system's list of users, nor tempfile knows a folder."""
    for name in ("HOME", "XDG_STATE_HOME", "TMPDIR", "TEMP", "TMP"):
        console.environ.pop(name, None)
        monkeypatch.delenv(name, raising=False)

    def nobody(number: int) -> NoReturn:
        raise KeyError(number)

    def nowhere() -> NoReturn:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setattr(tempfile, "gettempdir", nowhere)


def test_every_command(console: Console, toy: Toy) -> None:
    """It works as ever; an outage is told by this process alone."""
    assert console("run").exit_code == 0
    for words in ("status", "plan", "validate", "journal", "journal verify", "repair", "doctor"):
        done = console(*words.split())
        assert "internal-error" not in done.output, done.output
        assert done.exit_code in (0, 1), done.output
    assert console("rollback", "--yes").exit_code == 0
    assert console("release").exit_code == 0
    url = make_url(toy.url)
    if url.get_backend_name() == "postgresql":
        nowhere = url.update_query_dict({"port": "1"}).render_as_string(hide_password=False)
        well_told(console("run", "--database-url", nowhere, "--wait-limit", "0"), "connection-refused", 1)


def test_with_nothing_configured(console: Console) -> None:
    """The folders above are looked at up to the root, since no one is a home."""
    console.environ["INITDB_ADMIN_PASSWORD"] = ADMIN_PASSWORD
    assert console("run").exit_code == 0
    for words in ("status", "plan", "init"):
        assert "internal-error" not in console(words).output


def test_folders_that_may_not_be_looked_into(tmp_path: Path) -> None:
    """They hold nothing that this user could use."""
    (secret := tmp_path / "secret").mkdir(mode=0o700)
    (secret / "pyvenv.cfg").touch()
    (tmp_path / "models.py").touch()
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.name.startswith(("pytest-", "popen-")):
            parent.chmod(0o755)

    def found() -> tuple[list[str], str]:
        return list(read_contents(tmp_path, {}).python), str(project_folder(secret / "inner"))

    python, project = as_plain_user(found)
    assert python == ["models.py"]
    assert project == os.fspath(secret / "inner")
