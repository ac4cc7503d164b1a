"""Files of a run that other users may write: named once by a boot that works, by doctor and by validate."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import initdb.whose as whose
from initdb.settings import Settings, trusted
from initdb.steps.context import Application
from initdb.steps.survey import others_files
from tests.cli.console import Console
from tests.support.toy import Toy

STRANGER = 4711


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not as in a container, and nothing is remembered of groups."""
    monkeypatch.setattr(trusted, "IN_CONTAINER", (tmp_path / "no such mark",))
    others_files._others.cache_clear()


@pytest.fixture
def said(sqlite_toy: Toy) -> Callable[[], tuple[str, ...]]:
    """What is said of an application with revisions, seeds and settings."""
    sqlite_toy.with_revisions().with_seeds()
    (sqlite_toy.folder / "initdb.toml").write_text("attempts = 5\n")

    def found() -> tuple[str, ...]:
        site = sqlite_toy.initializer().site
        return others_files.others_files(site.application, site.settings)

    return found


PLACES = [
    "alembic",
    "alembic/versions",
    "alembic/versions/001_r1.py",
    "alembic/env.py",
    "seeds",
    "seeds/10_t1.csv",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("how", ["owner", "all", "group"])
def test_who_may_write(
    sqlite_toy: Toy,
    said: Callable[[], tuple[str, ...]],
    place: str,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is a sentence with the file."""
    assert said() == ()
    path = sqlite_toy.folder / place
    mode = path.stat().st_mode
    if how == "owner":
        os.chown(path, STRANGER, STRANGER)
    elif how == "all":
        path.chmod(mode | 0o002)
    else:
        monkeypatch.setattr(others_files, "_others", lambda group, owner: group == STRANGER)
        os.chown(path, 0, STRANGER)
        path.chmod(mode | 0o020)
    (sentence,) = said()
    assert str(path) in sentence
    who = {"owner": f"user {STRANGER}", "all": "All users", "group": f"Members of group {STRANGER}"}
    assert who[how] in sentence


def test_many_files_are_counted(sqlite_toy: Toy, said: Callable[[], tuple[str, ...]]) -> None:
    """The first are named."""
    for path in (*(sqlite_toy.migrations / "versions").glob("*.py"), sqlite_toy.seeds / "10_t1.csv"):
        path.chmod(0o666)
    (sentence,) = said()
    assert "001_r1.py" in sentence and " and 1 more." in sentence


@pytest.mark.parametrize(
    ("listed", "primary", "others"),
    [
        ([], {"alice": 1000}, False),
        (["alice", "root"], {"alice": 1000}, False),
        (["alice", "bob"], {"alice": 1000}, True),
        ([], {"alice": 1000, "bob": 1000}, True),
    ],
)
def test_a_private_group_has_nobody_else(
    listed: list[str], primary: dict[str, int], others: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With umask 002, as where each user has a group of his own."""
    users = {"root": (0, 0), "alice": (1000, primary.get("alice")), "bob": (1001, primary.get("bob", 5))}

    def by_id(uid: int) -> SimpleNamespace:
        name = next((name for name, (number, _) in users.items() if number == uid), None)
        if name is None:
            raise KeyError(uid)
        return SimpleNamespace(pw_name=name)

    everybody = [SimpleNamespace(pw_name=name, pw_gid=gid) for name, (_, gid) in users.items()]
    monkeypatch.setattr(whose.pwd, "getpwuid", by_id)
    monkeypatch.setattr(whose.pwd, "getpwall", lambda: everybody)
    monkeypatch.setattr(whose.grp, "getgrgid", lambda gid: SimpleNamespace(gr_name="g", gr_mem=listed))
    assert whose.other_members(1000, 1000) is others


def _entry_of_root_alone(gid: int) -> SimpleNamespace:
    if gid != 0:
        raise KeyError(gid)
    return SimpleNamespace(gr_name="root", gr_mem=["admin"])


def test_groups_without_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Group 0 is root's. A group of this process is its container's; another one is not known."""
    monkeypatch.setattr(os, "getgroups", lambda: [4712])
    monkeypatch.setattr(whose.grp, "getgrgid", _entry_of_root_alone)
    assert not whose.other_members(0, STRANGER)
    assert not whose.other_members(4712, STRANGER)
    assert not whose.other_members(STRANGER, STRANGER)
    assert whose.other_members(4713, STRANGER)


def test_the_top_folder_of_the_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a module can be put beside them."""
    module = SimpleNamespace(__file__=f"{tmp_path}/__init__.py")
    monkeypatch.setitem(sys.modules, "shop_of_test", module)
    settings = Settings(metadata=("shop_of_test.models:db",))
    assert others_files.others_files(Application(), settings) == ()
    tmp_path.chmod(0o777)
    (sentence,) = others_files.others_files(Application(), settings)
    assert sentence.startswith(f"All users may write: {tmp_path}.")


def test_where_it_is_said(console: Console, sqlite_toy: Toy) -> None:
    """By the boot that worked, not by the next one; by `validate` and by `doctor` each time."""
    sqlite_toy.with_revisions()
    env_py = sqlite_toy.migrations / "env.py"
    env_py.chmod(0o666)
    words = "may write"
    first, second = console("run"), console("run")
    assert first.exit_code == second.exit_code == 0
    assert words in first.stdout + first.stderr and words not in second.stdout + second.stderr
    for command in ("validate", "doctor"):
        done = console(command)
        assert words in done.stdout + done.stderr and str(env_py) in done.stdout + done.stderr, command
        env_py.chmod(0o644)
        done = console(command)
        assert words not in done.stdout + done.stderr, command
        env_py.chmod(0o666)
