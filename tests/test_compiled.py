"""What an engine has compiled serves the next one of its kind, and no other (tests/support/compiled.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, NullPool, Table, create_engine, select

TABLE = Table("one", MetaData(), Column("id", Integer), Column("other", Integer))


def compiled_for(url: str, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[str]:
    """What a new engine compiles for a query that is equal to that of the engine before."""
    engine = create_engine(url, poolclass=NullPool, **options)
    found: list[str] = []
    compiler: Any = engine.dialect.statement_compiler

    class Noting(compiler):  # type: ignore[misc]
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            found.append(self.string)

    with engine.connect() as connection:
        monkeypatch.setattr(engine.dialect, "statement_compiler", Noting)
        assert connection.execute(select(TABLE).where(TABLE.c.id > 1)).all() == [(2, 3)]
    return found


def test_the_next_of_its_kind_compiles_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one, whose statements have another form, compiles its own."""
    engine = create_engine(database_url, poolclass=NullPool)
    TABLE.create(engine)
    with engine.begin() as connection:
        connection.execute(TABLE.insert(), {"id": 2, "other": 3})
    compiled_for(database_url, monkeypatch)
    assert compiled_for(database_url, monkeypatch) == []
    assert len(compiled_for(database_url, monkeypatch, label_length=6)) == 1
    assert compiled_for(database_url, monkeypatch, label_length=6) == []


def test_another_database_of_its_kind_is_asked_itself(tmp_path: Path) -> None:
    """The rows come from the engine's own database, whoever compiled the query."""
    for number in (1, 2):
        engine = create_engine(f"sqlite:///{tmp_path / str(number)}.db", poolclass=NullPool)
        TABLE.create(engine)
        with engine.begin() as connection:
            connection.execute(TABLE.insert(), {"id": number})
            assert connection.scalars(select(TABLE.c.id)).all() == [number]
