"""How files are read: forms, conversions, and errors that name file, line and column but no value."""

from __future__ import annotations

import csv
import io
import sys
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Interval, MetaData, Numeric, Table, Time

from initdb.errors import InitError
from initdb.steps.seeds.checking import check
from initdb.steps.seeds.model import SeedSource
from initdb.steps.seeds.reading import first_columns, read_rows, refuse_changed
from initdb.steps.seeds.sources import discover
from tests.seeds.support import kinds, members, metadata, roles


def source_of(folder: Path, content: str | bytes, name: str = "01_kinds.csv") -> SeedSource:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return discover(path, folder=folder)[0]


def test_values_become_what_their_columns_hold(tmp_path: Path) -> None:
    """Texts of a CSV file, by the column's type."""
    content = (
        "code,flag,count,price,ratio,day,moment,instant,data,blob,uid,mood,size\n"
        'a,Yes, 7 ,1.10,0.5,2026-11-23,2026-11-23T08:06:41,2026-11-23 09:06:41+01:00,"{""k"": [1]}",'
        "aGk=,12345678-1234-5678-1234-567812345678,glad,small\n"
    )
    (row,) = read_rows(source_of(tmp_path, content), 0, kinds)
    assert row == {
        "code": "a",
        "flag": True,
        "count": 7,
        "price": Decimal("1.10"),
        "ratio": 0.5,
        "day": date(2026, 11, 23),
        "moment": datetime(2026, 11, 23, 8, 6, 41),
        "instant": datetime(2026, 11, 23, 8, 6, 41, tzinfo=UTC),
        "data": {"k": [1]},
        "blob": b"hi",
        "uid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
        "mood": "glad",
        "size": "small",
    }
    assert row.place == "01_kinds.csv line 2"


def test_times_and_spans(tmp_path: Path) -> None:
    """A time is ISO, a span is a number of seconds."""
    table = Table(
        "spans",
        MetaData(),
        Column("at", Time),
        Column("span", Interval),
        Column("n", Numeric(asdecimal=False)),
    )
    rows = list(read_rows(source_of(tmp_path, "at,span,n\n08:06:41,1.5,2.5\n", "01_spans.csv"), 0, table))
    assert rows == [{"at": time(8, 6, 41), "span": timedelta(seconds=1.5), "n": 2.5}]
    for column in ("at", "span", "n"):
        with pytest.raises(InitError):
            list(read_rows(source_of(tmp_path, f"{column}\nsoon\n", "01_spans.csv"), 0, table))


def test_documents_and_functions_are_converted_too(tmp_path: Path) -> None:
    """JSON has no dates, YAML guesses numbers, and a function may yield anything."""
    json = '[{"code": 5, "day": "2026-11-23", "price": 1.1, "moment": "2026-11-23", "data": {"a": null}}]'
    (one,) = read_rows(source_of(tmp_path, json, "01_kinds.json"), 0, kinds)
    assert one["code"] == "5"
    assert (one["price"], one["day"]) == (Decimal("1.1"), date(2026, 11, 23))
    assert one["data"] == {"a": None}
    yaml = "- code: 007\n  moment: 2026-11-23\n  flag: 1\n"
    (two,) = read_rows(source_of(tmp_path, yaml, "02_kinds.yaml"), 0, kinds)
    assert two == {"code": "7", "moment": datetime(2026, 11, 23), "flag": True}
    script = "import datetime as d\ndef rows():\n    yield {'code': 'x', 'day': d.datetime(2026, 1, 2, 3)}\n"
    (three,) = read_rows(source_of(tmp_path, script, "03_kinds.py"), 0, kinds)
    assert three == {"code": "x", "day": date(2026, 1, 2)}


def test_nothing_between_commas(tmp_path: Path) -> None:
    """It is NULL where the column may be NULL, else the empty text, else the column's default."""
    (row,) = read_rows(source_of(tmp_path, "name,label,rank,id\n,,,\n", "01_roles.csv"), 0, roles)
    assert row == {"name": "", "label": None}
    (row,) = read_rows(source_of(tmp_path, "code,data\na,\n"), 0, kinds)
    assert row == {"code": "a"}, "a JSON column left out is NULL, not JSON's null"
    (row,) = read_rows(source_of(tmp_path, "email\n\n \n", "01_members.csv"), 0, members)
    assert row == {"email": " "}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("flag", "maybe"),
        ("count", "seven"),
        ("count", "1_000"),
        ("price", "1,1"),
        ("ratio", "half"),
        ("day", "23.11.2026"),
        ("moment", "noon"),
        ("instant", "9999-12-31T23:59:59-14:00"),
        ("data", "{"),
        ("blob", "?"),
        ("uid", "secret"),
        ("mood", "bored"),
        ("size", "medium"),
    ],
)
def test_a_value_that_its_column_cannot_hold(tmp_path: Path, column: str, value: str) -> None:
    """The error names line and column, and not the value, which may be a secret."""
    content = io.StringIO()
    csv.writer(content).writerows([["code", column], ["a", ""], ["b", value]])
    with pytest.raises(InitError) as caught:
        list(read_rows(source_of(tmp_path, content.getvalue()), 0, kinds))
    assert caught.value.reference == "seed-rejected"
    assert f"01_kinds.csv line 3: the value of {column} is" in caught.value.context[0]
    assert value not in caught.value.context[0].split(" is ", 1)[1].replace("2026-11-23T08:06:41", "")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("01_roles.csv", b"name\n\xff\n", "01_roles.csv line 2: it is not UTF-8"),
        ("01_roles.csv", "name\na\n".encode("utf-16"), "it is not UTF-8"),
        ("01_roles.csv", b'name\n"open\n', "01_roles.csv line 2: unexpected end of data"),
        ("01_roles.csv", b"name,label\na\n", "line 2: it has 1 values, and the header names 2 columns"),
        ("01_roles.csv", b"name,name\na,b\n", "line 1: the column name stands there twice"),
        ("01_roles.csv", b"name,\na,b\n", "line 1: column 2 has no name"),
        ("01_roles.json", b'[{"name": "a",}]', "01_roles.json line 1 column"),
        ("01_roles.json", b'[\n{"name" "a"}]', "01_roles.json line 2 column 9"),
        ("01_roles.json", b'"name"', "the rows are not a list"),
        ("01_roles.json", b"[1]", "01_roles.json row 1: it is not a mapping"),
        ("01_roles.json", b'{"row": []}', "a document has no row; did you mean rows?"),
        ("01_roles.json", b'{"table": "roles"}', 'the document has no "rows"'),
        ("01_roles.yaml", b"- name: 'a\n", "01_roles.yaml line 2"),
        ("01_roles.yaml", b"- !!python/object:os.system {}\n", "01_roles.yaml line 1"),
    ],
)
def test_a_malformed_file_is_refused_by_the_check(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """A fault of encoding, quotes, widths or syntax is found, with its place, before a run begins."""
    with pytest.raises(InitError) as caught:
        check(source_of(tmp_path, content, name), metadata)
    assert caught.value.reference == "seed-file-unreadable"
    assert said in caught.value.context[0]


@pytest.mark.parametrize(
    ("name", "content", "reference", "said"),
    [
        ("01_rols.csv", "name\na\n", "seed-table-unknown", "did you mean roles?"),
        (
            "01_roles.csv",
            "name,lable\na,b\n",
            "seed-column-unknown",
            "roles has no column lable; did you mean label?",
        ),
        ("01_roles.csv", "label\nb\n", "seed-column-missing", "roles.name must have a value"),
        ("01_roles.json", '[{"name": "a"}, {"label": "b"}]', "seed-column-missing", "01_roles.json row 2"),
        ("01_roles.yaml", "- name: a\n  lable: b\n", "seed-column-unknown", "01_roles.yaml row 1"),
        ("01_loose.csv", "note\na\n", "seed-key-missing", "loose"),
        ("01_x.py", "TABLE = 'loose'\ndef rows(): ...\n", "seed-key-missing", "loose"),
        ("01_x.py", "KEY = 'x'\nTABLE = 'roles'\ndef rows(): ...\n", "seed-column-unknown", "no column x"),
        ("01_roles.csv", "name,rank\na,b\n", "seed-rejected", "01_roles.csv line 2: the value of rank"),
    ],
)
def test_a_seed_that_does_not_fit_the_models(
    tmp_path: Path, name: str, content: str, reference: str, said: str
) -> None:
    """The check reports it, with the place and the nearest name."""
    with pytest.raises(InitError) as caught:
        check(source_of(tmp_path, content, name), metadata)
    assert caught.value.reference == reference
    assert said in caught.value.context[0]


@pytest.mark.parametrize("content", ["", "\n\n", "name\n", "\ufeffname,label\na,\n\n\nb,\n"])
def test_what_passes_the_check(tmp_path: Path, content: str) -> None:
    """An empty file, a header alone, a mark of UTF-8, blank lines."""
    check(source_of(tmp_path, content, "01_roles.csv"), metadata)
    check(source_of(tmp_path, "", "01_roles.json"), metadata)
    check(source_of(tmp_path, "[]", "01_roles.json"), None)
    check(SeedSource("f", "python callable", None, "d"), metadata)


def test_the_lines_of_quoted_newlines(tmp_path: Path) -> None:
    """A row's place is the line on which it begins; blank lines are no rows."""
    source = source_of(tmp_path, 'name,label\n\n"a","x\ny"\n\nb,z\n', "01_roles.csv")
    assert [row.place for row in read_rows(source)] == ["01_roles.csv line 3", "01_roles.csv line 6"]
    assert [row["name"] for row in read_rows(source, 1)] == ["b"]
    assert first_columns(source) == ("name", "label")


def test_rows_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    """What comes before a mistake in a CSV file is read."""
    rows = read_rows(source_of(tmp_path, "name\na\nb,c\n", "01_roles.csv"))
    assert next(rows) == {"name": "a"}
    with pytest.raises(InitError):
        next(rows)


def test_yaml_without_pyyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    source = source_of(tmp_path, "- name: a\n", "01_roles.yaml")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(InitError) as caught:
        list(read_rows(source))
    assert "initdb-journal[yaml]" in caught.value.rendered().fix


def test_a_file_that_changes_under_a_run(tmp_path: Path) -> None:
    """It would be recorded under the digest of its old content."""
    source = source_of(tmp_path, "name\na\n", "01_roles.csv")
    refuse_changed(source)
    script = source_of(tmp_path, "def rows():\n    yield {'name': 'a'}\n", "02_roles.py")
    assert list(read_rows(script)) == [{"name": "a"}]
    for path in (source.file, script.file):
        path.write_text(path.read_text().replace("a", "b", 1))
    with pytest.raises(InitError):
        refuse_changed(source)
    with pytest.raises(InitError) as caught:
        list(read_rows(script))
    assert "has changed" in caught.value.context[0]
    assert not list(tmp_path.glob("**/*.pyc"))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("def rows():\n    yield {}\n    1 / 0\n", "after row 1 it raised ZeroDivisionError"),
        ("def rows():\n    yield 3\n", "row 1: it is a int, not a dict"),
        ("1 / 0\ndef rows(): ...\n", "running the file raised ZeroDivisionError"),
        ("def rows(): return None\n", "after row 0 it raised TypeError"),
    ],
)
def test_a_function_that_fails(tmp_path: Path, script: str, said: str) -> None:
    """The error says how far it came and what it raised."""
    with pytest.raises(InitError) as caught:
        list(read_rows(source_of(tmp_path, script, "01_x.py")))
    assert caught.value.reference == "seed-callable-failed"
    assert said in caught.value.context[0]


TEXTS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=20), st.sampled_from(["\r\n", "\n"]), st.integers(0, 25))
def test_any_text_survives_a_csv_file(
    tmp_path: Path, pairs: list[tuple[str, str]], ending: str, start: int
) -> None:
    """Quotes, commas, newlines of every kind and unicode come out as they went in."""
    content = io.StringIO(newline="")
    writer = csv.writer(content, quoting=csv.QUOTE_ALL, lineterminator=ending)
    writer.writerows([("a", "b"), *pairs])
    source = source_of(tmp_path, content.getvalue(), "01_loose.csv")
    assert [(row["a"], row["b"]) for row in read_rows(source, start)] == pairs[start:]
