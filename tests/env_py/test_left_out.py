"""What env.py's include_object and include_name leave out is neither missing nor extra for initdb."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table

from initdb.managers.open_look import health, open_look
from initdb.statemachine.initializer import Initializer
from tests.support.toy import Toy

HOOKS = {
    "object": ', include_object=lambda item, name, kind, reflected, other: name not in {"t9", "ix_9", "x9"}',
    "name": ', include_name=lambda name, kind, parents: name not in {"t9", "ix_9", "x9"}',
    "info": ", include_object=lambda item, *_: not getattr(item, 'info', {}).get('left out')"
    " and getattr(item, 'name', '') != 'x9'",
    "both": ', include_object=lambda item, name, *_: name != "t9"'
    ', include_name=lambda name, kind, parents: name not in {"ix_9", "x9"}',
}


class Team(Toy):
    """Its models have a table and an index that no revision makes; its database has a table of others."""

    def metadata(self) -> MetaData:
        metadata = super().metadata()
        Table("t9", metadata, Column("id", Integer, primary_key=True), info={"left out": True})
        t1 = metadata.tables["t1"]
        Index("ix_9", t1.c.name, t1.c.id, info={"left out": True})
        return metadata


def _issues(initializer: Initializer) -> list[tuple[str, str]]:
    with open_look(initializer) as opened:
        return [(issue.kind, issue.name) for issue in health(initializer, opened).issues]


def _team(folder: Path, url: str, hook: str, **options: object) -> Team:
    team = Team(folder, url, 2, {"schema_from": None, **options}, hook)
    team.with_revisions()
    return team


@pytest.mark.parametrize("hook", HOOKS.values(), ids=list(HOOKS))
def test_neither_missing_nor_extra(tmp_path: Path, database_url: str, hook: str) -> None:
    """No warning tells a team of what they have left out on purpose."""
    team = _team(tmp_path, database_url, hook)
    team.sql("CREATE TABLE x9 (id INTEGER PRIMARY KEY)")
    initializer = team.initializer()
    result = initializer.initialize()
    assert result.success and result.warnings == [], result
    assert _issues(initializer) == []


def test_without_hooks_all_are_named(tmp_path: Path, database_url: str) -> None:
    """Also if a hook fails: that must not hide what is missing."""
    for hook in ("", ", include_object=lambda *_: 1 / 0"):
        folder = tmp_path / str(len(hook))
        folder.mkdir()
        initializer = _team(folder, database_url, hook).initializer()
        assert initializer.initialize().success
        assert [name for kind, name in _issues(initializer) if kind.startswith("missing-")] == ["ix_9", "t9"]


@pytest.mark.parametrize(("hook", "ignore"), [(HOOKS["object"], ()), ("", ("t9",))], ids=["hook", "ignore"])
def test_an_excluded_table_with_rows_may_go(
    tmp_path: Path, database_url: str, hook: str, ignore: tuple[str, ...]
) -> None:
    """It is left out, so it is no lost table."""
    team = _team(tmp_path, database_url, hook, ignore=ignore)
    assert team.initializer().initialize().success
    team.sql("CREATE TABLE t9 (id INTEGER PRIMARY KEY)", "INSERT INTO t9 VALUES (1)")
    assert team.initializer().initialize().success
    team.sql("DROP TABLE t9")
    result = team.initializer().initialize()
    assert result.success, result.errors


def test_tables_are_adopted_without_what_is_left_out(tmp_path: Path, database_url: str) -> None:
    """The models' own tables are exactly there; the excluded ones are another team's business."""
    team = _team(tmp_path, database_url, HOOKS["object"])
    Toy(tmp_path, database_url, 2).metadata().create_all(team.engine())
    result = team.initializer().initialize()
    assert result.success, result.errors
    assert "schema_adopted" in team.types()
