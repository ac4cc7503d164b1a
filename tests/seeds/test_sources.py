"""What `discover` finds, in which order, under which names, and what it refuses."""

from __future__ import annotations

import hashlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import initdb.steps.seeds.sources as sources
from initdb.errors import InitError
from initdb.steps.seeds.functions import function_digest
from initdb.steps.seeds.sources import discover, ignored
from tests.seeds.support import write


def rows_of_nothing() -> list[dict[str, object]]:
    return []


def fill(connection: object) -> None:
    del connection


def test_files_come_by_number_then_by_name(tmp_path: Path) -> None:
    """2 comes before 10, equal numbers go by the whole name."""
    write(
        tmp_path,
        _10_members__csv="x\n",
        _2_roles__csv="x\n",
        _01_b__csv="x\n",
        _1_a__json="[]",
        _01_c__yml="[]",
    )
    found = [source.name for source in discover(tmp_path, folder=tmp_path)]
    assert found == ["01_b.csv", "01_c.yml", "1_a.json", "2_roles.csv", "10_members.csv"]


def test_a_file_is_known_by_its_name_table_and_content(tmp_path: Path) -> None:
    """The table is the name without its number; the digest is that of the bytes."""
    write(tmp_path, _01_auth__roles__csv="name\nadmin\n")
    (source,) = discover("01_auth.roles.csv", folder=tmp_path)
    assert (source.kind, source.table) == ("rows", "auth.roles")
    assert source.digest == hashlib.sha256(b"name\nadmin\n").hexdigest()
    assert source.path == tmp_path / "01_auth.roles.csv"


def test_other_files_are_left_out_with_a_reason(tmp_path: Path) -> None:
    """A file of another kind, a module without a seed, or a folder is no source, and `ignored` says why."""
    write(tmp_path, _01_notes__txt="", _01_roles__csv="x\n", _shared__py="NAMES = ['a']\n", _init__py="")
    (tmp_path / "02_sub.csv").mkdir()
    for name in (".gitkeep", "__init__.py"):
        (tmp_path / name).touch()
    assert [source.name for source in discover(tmp_path, folder=tmp_path)] == ["01_roles.csv"]
    reasons = {path.name: reason for path, reason in ignored(tmp_path, folder=tmp_path)}
    assert set(reasons) == {"01_notes.txt", "02_sub.csv", "shared.py", "init.py"}
    assert reasons["shared.py"].startswith("it defines neither rows() nor seed(connection)")
    assert "does not end in .csv" in reasons["01_notes.txt"]


def test_files_with_and_without_a_number(tmp_path: Path) -> None:
    """By number, with any separator, then by name; a name without a number says nothing of its place."""
    write(tmp_path, _item__csv="x\n", _10_b__csv="x\n", _2_c__json="[]", _say__py="def rows(): yield {}\n")
    (tmp_path / "01-a.csv").write_text("x\n")
    found = discover(tmp_path, folder=tmp_path)
    assert [(one.name, one.table, one.free) for one in found] == [
        ("item.csv", "item", True),
        ("say.py", "say", True),
        ("01-a.csv", "a", False),
        ("2_c.json", "c", False),
        ("10_b.csv", "b", False),
    ]


def test_a_document_states_its_table_key_and_conflict(tmp_path: Path) -> None:
    """What a JSON or YAML document says counts before the file's name."""
    json = '{"table": "roles", "key": ["name"], "on_conflict": "update", "rows": []}'
    write(
        tmp_path,
        _01_x__json=json,
        _02_y__yaml="table: roles\nkey: name\nrows: []\n",
        _03_roles__yaml="- name: a\n",
    )
    one, two, three = discover(tmp_path, folder=tmp_path)
    assert (one.table, one.key, one.on_conflict) == ("roles", ("name",), "update")
    assert (two.table, two.key, two.on_conflict) == ("roles", ("name",), "skip")
    assert (three.table, three.key) == ("roles", ())


def test_a_python_file_is_read_without_being_run(tmp_path: Path) -> None:
    """Its kind and constants are known although running it would fail."""
    write(
        tmp_path,
        _01_first__py='TABLE: str = "roles"\nKEY = ("name",)\nON_CONFLICT = "update"\n'
        "def rows(): yield {}\n1 / 0\n",
        _02_roles__py="from elsewhere import rows\n",
        _03_more__py="def seed(connection): ...\n",
    )
    one, two, three = discover(tmp_path, folder=tmp_path)
    assert (one.kind, one.table, one.key, one.on_conflict) == ("python rows", "roles", ("name",), "update")
    assert (two.kind, two.table) == ("python rows", "roles")
    assert (three.kind, three.table) == ("python callable", None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("def rows(:\n", "01_a.py line 1"),
        ("x = 1\n", "neither rows() nor seed(connection)"),
        ("def rows(): ...\ndef seed(connection): ...\n", "both"),
        ("def rows(): ...\nTABLE = name()\n", "line 2: TABLE must be a literal"),
        ("def rows(): ...\nKEY = 3\n", "its key must be"),
        ("def rows(): ...\nON_CONFLICT = 'replace'\n", "on_conflict"),
    ],
)
def test_a_python_file_that_cannot_be_understood(tmp_path: Path, content: str, said: str) -> None:
    """The error has the file and the line."""
    write(tmp_path, _01_a__py=content)
    with pytest.raises(InitError) as caught:
        discover(tmp_path, folder=tmp_path)
    assert caught.value.reference == "seed-file-unreadable"
    assert said in caught.value.context[0]


def test_a_function_is_known_by_module_and_name() -> None:
    """One without a parameter yields rows, one with a parameter works on the connection."""
    rows, filling = discover([rows_of_nothing, fill], folder=Path())
    assert (rows.kind, rows.name) == ("python rows", f"{__name__}.rows_of_nothing")
    assert (filling.kind, filling.name) == ("python callable", f"{__name__}.fill")
    assert rows.digest == hashlib.sha256(inspect.getsource(rows_of_nothing).encode()).hexdigest()
    assert rows.digest != filling.digest


def test_a_function_declares_what_it_fills() -> None:
    """The decorator sets table, key, conflict and name, and returns the function itself."""

    def given() -> list[dict[str, object]]:
        return [{}]

    assert sources.seed(table="roles", key="name", on_conflict="update", name="first roles")(given) is given
    (source,) = discover(given, folder=Path())
    assert (source.name, source.table, source.key, source.on_conflict) == (
        "first roles",
        "roles",
        ("name",),
        "update",
    )


def test_a_function_of_the_main_module_has_the_name_it_is_imported_by(tmp_path: Path) -> None:
    """`python app.py` and `flask --app app` know the same source."""
    script = tmp_path / "shop.py"
    script.write_text(
        "from pathlib import Path\nfrom initdb.steps.seeds.sources import discover\n"
        "def fill(connection): ...\n"
        "if __name__ == '__main__': print(discover(fill, folder=Path())[0].name)\n"
    )
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "shop.fill"


def test_code_without_a_file_has_a_digest_of_its_own() -> None:
    """A function made from text is hashed by its code, the same in every process."""
    one: dict[str, object] = {}
    two: dict[str, object] = {}
    exec("def f(x): return x in {'a', 'b', 'c'}", one)
    exec("def f(x): return x in {'a', 'b', 'd'}", two)
    assert function_digest(one["f"]) != function_digest(two["f"])  # type: ignore[arg-type]
    program = (
        "from initdb.steps.seeds.functions import function_digest\nscope = {}\n"
        "exec(\"def f(x): return x in {'a', 'b', 'c'}\", scope)\nprint(function_digest(scope['f']))"
    )
    for hash_seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed},
        )
        assert run.stdout.strip() == function_digest(one["f"])  # type: ignore[arg-type]


def test_a_setting_names_a_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "module:function" is imported, "package:folder" is a folder in a package."""
    package = tmp_path / "seedshop"
    (package / "first").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "demo.py").write_text("def fill(connection): ...\n")
    write(package / "first", _01_roles__csv="name\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = discover(["seedshop.demo:fill", "seedshop:first"], folder=tmp_path)
    assert [source.name for source in found] == ["seedshop.demo.fill", "01_roles.csv"]


def test_nothing_configured_is_no_source() -> None:
    """No setting, no seeds."""
    assert discover(None, folder=Path()) == ()


@pytest.mark.parametrize("seeds", ["missing", "01_roles.csv", "nowhere.to:be", Path("/missing"), 3])
def test_what_is_not_there_is_refused(tmp_path: Path, seeds: str) -> None:
    """No such folder, file or function, or an object that is none of them."""
    with pytest.raises(InitError) as caught:
        discover([seeds], folder=tmp_path)
    assert caught.value.reference == "seeds-not-found"


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    """The ledger could not tell them apart."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, _01_roles__csv="name\n")
    with pytest.raises(InitError) as caught:
        discover(["a", "b"], folder=tmp_path)
    assert caught.value.reference == "seed-name-twice"
    assert str(tmp_path / "b" / "01_roles.csv") in caught.value.context[0]


def test_the_identity_schema_has_a_source_of_its_own() -> None:
    """Its digest is the same at every call; its tables are those that it fills."""
    source = sources.identity_source()
    assert source == sources.identity_source()
    assert source.kind == "identity"
    assert {"tenants", "users"} <= set((source.table or "").split(", "))
