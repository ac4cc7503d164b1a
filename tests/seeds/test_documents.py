"""JSON and YAML are read piece by piece: the values and errors of the whole text, in constant memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initdb.errors import InitError
from initdb.steps.seeds import json_rows
from initdb.steps.seeds.checking import check
from initdb.steps.seeds.documents import document_rows, stated
from initdb.steps.seeds.sources import discover
from tests.seeds.support import metadata

ODD = st.sampled_from(["},{", '"}, ', "]", "\\", "\u2028", "é", "x" * 70, "[", '{"a": 1},'])
TEXTS = st.one_of(st.text(st.characters(blacklist_categories=("Cs",)), max_size=5), ODD)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([2**63, 2**64, 10**18, 10**19]),
    st.floats(allow_nan=False),
    TEXTS,
)
VALUES = st.recursive(
    PLAIN, lambda of: st.lists(of, max_size=3) | st.dictionaries(TEXTS, of, max_size=3), max_leaves=5
)
ROWS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=12)


@pytest.fixture(params=[16, 64, 1 << 16])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """How much of a JSON file is read at once: so little that every value is cut somewhere, or all."""
    monkeypatch.setattr(json_rows, "_SIZE", request.param)
    yield request.param


def read(path: Path) -> list[Any]:
    """The rows of a file; what its error says, if it has one."""
    try:
        return list(chain.from_iterable(document_rows(path.name, path)))
    except InitError as error:
        return [error.reference, *error.context]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(ROWS, st.sampled_from([None, 0, 2]), st.booleans(), st.booleans())
def test_rows_of_json_are_those_of_the_whole_text(
    window: int, tmp_path: Path, rows: list[dict[str, Any]], indent: int | None, ascii: bool, member: bool
) -> None:
    """Whatever the values are, and wherever the window ends."""
    path = tmp_path / "01_t.json"
    whole = {"table": "t", "rows": rows, "key": ["a"]} if member else rows
    path.write_text(json.dumps(whole, indent=indent, ensure_ascii=ascii), encoding="utf-8")
    # Numbers that are equal may differ in their type.
    assert repr(read(path)) == repr(rows)
    assert stated(path.name, path) == ({"table": "t", "key": ["a"]} if member else {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from("ab"), st.one_of(st.integers(0, 9), TEXTS), max_size=2), max_size=5
    ),
    st.integers(0, 200),
    st.sampled_from(["", ",", "]", "}", '"', "{", "x", "\n", ":", "[]", "null"]),
    st.booleans(),
)
def test_what_is_no_json_is_refused_as_the_whole_text_is(
    window: int, tmp_path: Path, rows: list[Any], at: int, what: str, cuts: bool
) -> None:
    """One character too many or the end too early: the same line, column and words as Python's own reader."""
    text = json.dumps(rows, indent=1, ensure_ascii=False)
    at = min(at, len(text))
    text = text[:at] + what + ("" if cuts else text[at:])
    path = tmp_path / "01_t.json"
    path.write_text(text, encoding="utf-8")
    found = read(path)
    try:
        whole = json.loads(text) if text.strip() else []
    except json.JSONDecodeError as error:
        place = f"01_t.json line {error.lineno} column {error.colno}: {error.msg}"
        assert found == ["seed-file-unreadable", place]
        return
    if isinstance(whole, list) and all(isinstance(row, dict) for row in whole):
        assert found == whole
    else:
        assert whole is None or found[0] == "seed-file-unreadable"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            TEXTS,
            st.one_of(
                PLAIN, VALUES, st.dates(), st.datetimes(), st.sampled_from(["1_000", "0o7", "yes", "~", "="])
            ),
            max_size=4,
        ),
        max_size=8,
    ),
    st.booleans(),
    st.sampled_from([None, True, False]),
)
def test_rows_of_yaml_are_those_of_safe_load(
    tmp_path: Path, rows: list[dict[str, Any]], member: bool, flow: bool | None
) -> None:
    """All that YAML guesses from plain texts."""
    path = tmp_path / "01_t.yaml"
    text = yaml.safe_dump(
        {"table": "t", "rows": rows} if member else rows, default_flow_style=flow, allow_unicode=True
    )
    path.write_text(text, encoding="utf-8")
    whole = yaml.safe_load(text)
    assert repr(read(path)) == repr(whole["rows"] if member else whole)


@pytest.mark.parametrize(
    "text",
    [
        "- &a {name: x}\n- {name: y, <<: *a}\n- *a\n",
        "- name: 1\n- name: &n two\n- name: *n\n- other: *n\n",
        "- {name: !!str 5}\n",
        "- name: a\n- {<<: {name: b}, label: c}\n",
        "rows:\n- name: a\n- name: &x b\n- label: *x\ntable: roles\n",
        "[{a: 1, a: 2}]\n",
        "--- \n- name: 1\n...\n",
        "",
        "# nothing\n",
        "null\n",
        "- {d: 2026-11-23, t: 2026-11-23T08:06:41Z, n: 1:30, h: 0x1F, f: .5, i: .inf}\n",
    ],
)
def test_what_yaml_can_do_besides(tmp_path: Path, text: str) -> None:
    """Anchors, aliases, merge keys and tags: no row is lost or given twice where reading begins anew."""
    path = tmp_path / "01_t.yaml"
    path.write_text(text)
    whole = yaml.safe_load(text)
    assert repr(read(path)) == repr((whole["rows"] if isinstance(whole, dict) else whole) or [])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("01_t.json", '{"rows": [], "rows": []}', "the member rows stands there twice"),
        ("01_t.json", "{}", 'the document has no "rows"'),
        ("01_t.yaml", "{}", 'the document has no "rows"'),
        ("01_t.json", '{"rows": {"a": 1}}', "the rows are not a list"),
        ("01_t.json", "[]]", "line 1 column 3: Extra data"),
        ("01_t.json", '[{"a": 1}, 2]', "row 2: it is not a mapping"),
        ("01_t.yaml", "- a: 1\n- {1: 2}\n", "row 2: it is not a mapping"),
        ("01_t.yaml", "- a: 1\n- [2]\n", "row 2: it is not a mapping"),
        ("01_t.yaml", "- a: 1\n- d: 2026-02-30\n", "ValueError"),
        ("01_t.yaml", "- a: 1\n--- \n- b: 2\n", "line 2 column 1"),
        ("01_t.yaml", "- a: *x\n", "line 1 column 6"),
        ("01_t.yaml", "- a: =\n", "line 1 column 6"),
        ("01_t.yaml", "- a: 1\n- 'b\n", "line 3"),
        ("01_t.json", b'[\n{"a": "\xff"}]', "line 2: it is not UTF-8"),
        ("01_t.yaml", b"- a: 1\n- a: \xff\n", "line 2: it is not UTF-8"),
        ("01_t.json", "[" * 100_000, "RecursionError"),
        ("01_t.json", '[{"a": ' + "9" * 5000 + "}]", "ValueError"),
    ],
)
def test_what_is_refused(tmp_path: Path, name: str, text: str | bytes, said: str) -> None:
    """With its place where there is one, and without a value."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    reference, context = read(path)
    assert reference == "seed-file-unreadable"
    assert said in context


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    """Its digest is compared when it was read to its end."""
    for name, text in (("01_t.json", '[{"a": 1}]'), ("01_t.yaml", "- a: 1\n"), ("02_t.yaml", "- a: &x 1\n")):
        (tmp_path / name).write_text(text)
        with pytest.raises(InitError) as caught:
            list(document_rows(name, tmp_path / name, "0" * 64))
        assert "has changed" in caught.value.context[0]


@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """Neither when it is found, nor when it is checked."""
    monkeypatch.setattr("initdb.steps.seeds.yaml_rows._REMEMBERED", 200)
    monkeypatch.setattr(json_rows, "_SIZE", 4096)
    peaks = []
    for number, many in enumerate((100, 3_000, 9_000)):
        path = tmp_path / f"{number}_roles.{ending}"
        rows = [{"name": f"name {n}", "rank": n % 50} for n in range(many)]
        path.write_text(json.dumps(rows) if ending == "json" else yaml.dump(rows, Dumper=yaml.CSafeDumper))
        tracemalloc.start()
        for source in discover(path, folder=tmp_path):
            check(source, metadata)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.3 * peaks[1]
