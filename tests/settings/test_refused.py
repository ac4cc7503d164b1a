"""The error for a wrong setting: where it is, what was given, what is allowed, and no secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.settings import load_settings

Refuse = Callable[..., InitError]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"toml": "lock_timout = 5"},
            "lock_timout in {project}/initdb.toml is not a setting; did you mean lock_timeout?",
        ),
        (
            {"toml": "lock-timeout = 5"},
            "lock-timeout in {project}/initdb.toml is not a setting; did you mean lock_timeout?",
        ),
        ({"environ": {"INITDB_MOED": "work"}}, "INITDB_MOED is not a setting; did you mean INITDB_MODE?"),
        (
            {"environ": {"INITDB_ADMIN_PASSWD": "x"}},
            "INITDB_ADMIN_PASSWD is not a setting; did you mean INITDB_ADMIN_PASSWORD?",
        ),
        ({"environ": {"INITDB_MOED": ""}}, "INITDB_MOED is not a setting; did you mean INITDB_MODE?"),
        ({"options": {"databse_url": "x"}}, "--databse-url is not a setting; did you mean --database-url?"),
        ({"toml": "colour = 1"}, "colour in {project}/initdb.toml is not a setting"),
        (
            {"toml": "[tool.initdb]\nattempts = 1"},
            "tool in {project}/initdb.toml is not a setting; "
            "in initdb.toml the settings are at the top, outside any table",
        ),
    ],
)
def test_an_unknown_name(given: dict[str, object], said: str, refuse: Refuse, project: Path) -> None:
    """A name that is not a setting is refused with the nearest one, written as in its place."""
    error = refuse(**given)
    assert ("unknown-setting", said.format(project=project)) == (error.reference, *error.context)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"toml": 'mode = "wrok"'},
            "mode in {project}/initdb.toml is 'wrok'; allowed: work, wait, check, off",
        ),
        (
            {"toml": "attempts = true"},
            "attempts in {project}/initdb.toml is true; allowed: a whole number from 1 to 1000",
        ),
        (
            {"toml": f"attempts = 0x{'f' * 5000}"},
            "attempts in {project}/initdb.toml is a number too large; allowed: a whole ",
        ),
        ({"toml": "mode = 2024-01-01"}, "mode in {project}/initdb.toml is of type date; allowed: work, "),
        (
            {"toml": "seeds = [1]"},
            "seeds in {project}/initdb.toml is a list with something else in it; allowed: a list of ",
        ),
        ({"toml": "[app]\nx = 1"}, 'app in {project}/initdb.toml is a table; allowed: "module:attribute"'),
        ({"environ": {"INITDB_REPAIR": "yes"}}, "INITDB_REPAIR is 'yes'; allowed: safe, never"),
        (
            {"options": {"lock_timeout": "soon"}},
            "--lock-timeout is 'soon'; allowed: seconds, or a text such as ",
        ),
        (
            {"environ": {"DATABASE_URL": "hunter2"}},
            "DATABASE_URL is wrong (it is not shown, since it may hold a password); ",
        ),
        (
            {"toml": 'work_url = ["hunter2"]'},
            "work_url in {project}/initdb.toml is a list; allowed: a database URL, such as ",
        ),
        (
            {"toml": 'schema_from = "base"'},
            'schema_from is "base", but base is not given',
        ),
    ],
)
def test_a_bad_value(given: dict[str, object], said: str, refuse: Refuse, project: Path) -> None:
    """A value that is not allowed is shown with its place and with what is allowed."""
    error = refuse(**given)
    assert error.reference == "bad-setting"
    (line,) = error.context
    assert line.startswith(said.format(project=project))
    assert "hunter2" not in str(error)


def test_a_url_in_the_wrong_place_loses_its_password(refuse: Refuse) -> None:
    """A secret that was given for something else is not shown either."""
    assert "hunter2" not in str(refuse('mode = "postgresql://shop:hunter2@db/shop"'))
    assert "hunter2" not in str(refuse('"postgresql://shop:hunter2@db/shop" = 1'))


def test_all_that_is_wrong_is_said_at_once(refuse: Refuse) -> None:
    """A line each, from every source; a bad value counts although a stronger source gives another."""
    error = refuse('mode = "x"\nattempts = 0', {"INITDB_REPAIR": "x"}, {"mode": "work"})
    assert len(error.context) == 3
    assert len(refuse("a = 1", {"INITDB_B": "1"}).context) == 2


def test_our_table_must_be_a_table(refuse: Refuse, project: Path) -> None:
    """[tool] initdb = 3 is refused; a file whose tool is not a table at all is not ours."""
    (project / "pyproject.toml").write_text("[tool]\ninitdb = 3", encoding="utf-8")
    assert (
        "bad-setting",
        f"tool.initdb in {project}/pyproject.toml is no table; allowed: [tool.initdb]",
    ) == refuse().args
    (project / "pyproject.toml").write_text("tool = 3", encoding="utf-8")
    assert load_settings(environ={}).sources == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"mode = 'work'\n\nattempts = \n", "initdb.toml: Invalid value (at line 3, column 12)"),
        (b"# a\n# \xff\n", "initdb.toml, line 2: not UTF-8"),
        (
            b"a = " + b"9" * 5000,
            "initdb.toml: a number with too many digits, or too many nested brackets",
        ),
        (
            b"a = " + b"[" * 5000,
            "initdb.toml: a number with too many digits, or too many nested brackets",
        ),
    ],
    ids=["syntax", "encoding", "digits", "brackets"],
)
def test_a_file_that_is_not_toml(content: bytes, said: str, refuse: Refuse, project: Path) -> None:
    """The file and the line are named."""
    (project / "initdb.toml").write_bytes(content)
    error = refuse()
    assert ("settings-file-unreadable", f"{project}/{said}") == error.args


def test_a_file_that_cannot_be_read(refuse: Refuse, project: Path) -> None:
    """A link that leads round in a circle is an error; a folder of that name is no file of ours."""
    (project / "initdb.toml").mkdir()
    assert load_settings(environ={}).sources == ()
    (project / "pyproject.toml").symlink_to("pyproject.toml")
    error = refuse()
    assert error.reference == "settings-file-unreadable"
    assert "pyproject.toml: Too many levels of symbolic links" in error.context[0]


def test_a_working_directory_that_is_gone(refuse: Refuse, project: Path) -> None:
    """The error says that the process's folder was deleted."""
    (project / ".git").rmdir()
    project.rmdir()
    assert refuse().args == ("settings-file-unreadable", "the working directory is gone")


def test_a_folder_that_cannot_be_followed(project: Path) -> None:
    """A folder given by a caller that is no path is an error of ours too."""
    with pytest.raises(InitError, match="settings-file-unreadable"):
        load_settings(folder=Path("a\0b"), environ={})
