"""Folders with settings files, and a way to load them without this process's environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.settings import Settings, load_settings

Load = Callable[..., Settings]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that ends the search for files, and is the working directory."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def load(project: Path) -> Load:
    """Loads settings in the project from a text for initdb.toml, an environment and options."""

    def load(
        toml: str | None = None,
        environ: Mapping[str, str] | None = None,
        options: Mapping[str, object] | None = None,
    ) -> Settings:
        if toml is not None:
            (project / "initdb.toml").write_text(toml, encoding="utf-8")
        return load_settings(environ=environ or {}, options=options)

    return load


@pytest.fixture
def refuse(load: Load) -> Callable[..., InitError]:
    """Loads settings that must be refused, and gives the error."""

    def refuse(*given: object, **named: object) -> InitError:
        with pytest.raises(InitError) as caught:
            load(*given, **named)
        return caught.value

    return refuse
