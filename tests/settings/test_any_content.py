"""Whatever a file, the environment or options contain: settings or an InitError, and never a secret."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import tomlkit
from hypothesis import example, given
from hypothesis import strategies as st

from initdb.errors import InitError
from initdb.settings import SETTINGS, Settings, load_settings

SECRET = "hunter2hunter2"

NAMES = st.sampled_from([setting.name for setting in SETTINGS]) | st.text(max_size=12).filter(
    lambda name: "\r" not in name
)
TEXTS = st.one_of(
    st.text(max_size=20).filter(lambda text: "\r" not in text),
    st.sampled_from(
        ["work", "safe", "500ms", "shop:app", "sqlite:///x.db", "sqlite://", "a\x1b[31m", "0.5", "\u0661"]
    ),
    st.sampled_from([f"postgresql://u:{SECRET}@h/d", f"postgresql://u:{SECRET}@", f"{SECRET}"]).map(str),
)
SCALARS = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.datetimes(),
    st.dates(),
    st.times(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=2)
    ),
)


def outcome(folder: Path, environ: Mapping[str, str], options: Mapping[str, object]) -> str:
    """All that a user may see of loading these."""
    try:
        settings = load_settings(folder=folder, environ=environ, options=options)
    except InitError as error:
        assert error.reference in {"unknown-setting", "bad-setting", "settings-file-unreadable"}
        return f"{error} {error!r} {error.rendered()!r}"
    assert isinstance(settings, Settings)
    assert settings.work_fingerprint()
    return repr(settings)


def secret_is_where_it_belongs(table: Mapping[str, object]) -> dict[str, object]:
    """The table with the bare secret only in secret settings; a URL with it may stand anywhere."""
    secret = {setting.name for setting in SETTINGS if setting.secret}
    return {
        name: "other" if value == SECRET and name not in secret else value for name, value in table.items()
    }


@example(table={"migrations": f"postgresql://u:{SECRET}@h/d"})
@given(table=st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_table_in_a_file(table: dict[str, object]) -> None:
    """A TOML table of any keys and values is settings or an InitError, whose text holds no secret."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".git").mkdir()
        content = tomlkit.dumps(secret_is_where_it_belongs(table))
        (folder / "initdb.toml").write_bytes(content.encode())
        assert SECRET not in outcome(folder, {}, {})


@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_in_a_file(content: bytes) -> None:
    """A file of any bytes is settings or an InitError."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pyproject.toml").write_bytes(b"[tool.initdb]\n" + content)
        outcome(folder, {}, {})


@given(
    environ=st.dictionaries(
        st.sampled_from([setting.variable for setting in SETTINGS] + ["DATABASE_URL", "INITDB_X"]),
        (TEXTS | st.binary(max_size=9).map(os.fsdecode)).filter(lambda text: text != SECRET),
        max_size=5,
    ),
    options=st.dictionaries(NAMES, VALUES | st.none() | st.binary() | st.complex_numbers(), max_size=5),
)
def test_any_environment_and_options(environ: dict[str, str], options: dict[str, object]) -> None:
    """So are variables and options, also of types that no file can hold."""
    with TemporaryDirectory() as name:
        outcome(Path(name), environ, options)
