"""Wrong usage with --json: one document, as of any other failure; without it, click's words."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from flask.cli import FlaskGroup

from initdb.cli.output.contract import FAILED
from tests.cli.console import Console

WRONG = [
    ("run --json --nonsense", "run", "No such option '--nonsense'."),
    ("run --nonsense --json", "run", "No such option '--nonsense'."),
    ("--json run --nonsense", "run", "No such option '--nonsense'."),
    ("--nonsense --json run", "", "No such option '--nonsense'."),
    ("--json", "", "Missing command."),
    ("--json admin", "admin", "Missing command."),
    ("admin --json", "admin", "No such option '--json'."),
    ("--json nonsense", "", "No such command 'nonsense'"),
    ("nonsense --json", "", "No such command 'nonsense'"),
    ("journal nonsense --json", "journal", "No such command 'nonsense'."),
    ("journal verify --json superfluous", "journal verify", "Got unexpected extra argument (superfluous)"),
    ("journal --json --last none", "journal", "Invalid value for '--last': 'none'"),
    ("journal --json --since sometime", "journal", "Invalid value for '--since': neither a time"),
    ("journal --json --type nonsense", "journal", "Invalid value for --type: there is no 'nonsense'"),
    ("rollback --json --to", "rollback", "Option '--to' requires an argument."),
    ("run --json --mode off", "run", "--mode off leaves nothing to do"),
    ("explain --json --database oracle", "explain", "Invalid value for '--database': 'oracle'"),
]


def one_document(done: Result, command: str) -> dict[str, object]:
    """The error of the one document on stdout, which has the fields and the code of a failure."""
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found.keys() == FAILED.keys()
    assert (found["command"], found["outcome"], found["exit_code"]) == (command, "failed", done.exit_code)
    error: dict[str, object] = found["error"]
    return error


@pytest.mark.parametrize(("line", "command", "said"), WRONG)
def test_one_document_is_printed(console: Console, line: str, command: str, said: str) -> None:
    """Wherever --json is, and however far the words could be read; nothing is made."""
    done = console(*line.split())
    error = one_document(done, command)
    assert (done.exit_code, error["reference"], error["exit_code"]) == (2, "bad-usage", 2)
    context = error["context"]
    assert isinstance(context, list) and context[0].startswith(said), context
    assert said in done.stderr or said == "Missing command."
    assert error["fix"] == f"See what the command takes: {' '.join(filter(None, ('initdb', command)))} --help"
    fix = str(error["fix"]).rpartition(": initdb ")[2]
    assert console(*fix.split()).exit_code == 0
    assert not any(console.folder.iterdir())


def test_without_json_only_click_speaks(console: Console) -> None:
    """Also where --json is behind the two dashes, as an argument."""
    for line in ("run --nonsense", "explain one two -- --json"):
        done = console(*line.split())
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith("Usage: initdb ")


def test_what_was_typed_is_harmless_in_json(console: Console) -> None:
    """It may be a password."""
    done = console("postgresql://app:hunter2@db/shop", "--json")
    assert "hunter2" not in done.output
    assert one_document(done, "")["reference"] == "bad-usage"


def test_postgresqls_initdb_is_missing(console: Console) -> None:
    """Its options lead to it before any of ours is read."""
    done = console.process("-D", "data", "--json", PATH="/nowhere")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["reference"]) == (2, "postgresql-initdb-missing")


def flask(console: Console, monkeypatch: pytest.MonkeyPatch, *words: str, **environ: str) -> Result:
    """`flask …` in the console's folder."""
    monkeypatch.chdir(console.folder)
    return CliRunner().invoke(
        FlaskGroup(add_version_option=False), list(words), env={**console.environ, **environ}
    )


def test_flask_initdb(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same document, with the commands as one types them there."""
    for words, command in ((("run", "--nonsense"), "run"), (("nonsense",), ""), ((), "")):
        done = flask(console, monkeypatch, "initdb", "--json", *words)
        error = one_document(done, command)
        assert (done.exit_code, error["reference"]) == (2, "bad-usage")
        assert f"initdb {command}".strip() + " --help" in str(error["fix"])
        assert "flask initdb --help" in str(error["advice"])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (None, "Could not import 'shop_of_usage'."),
        ("import not_there", "it raised ModuleNotFoundError: not_there ("),
        ("raise ValueError('no stock')", "it raised ValueError ("),
        ("stock = 1", "Failed to find Flask application or factory in module 'shop_of_usage'."),
    ],
)
def test_an_application_that_flask_cannot_load(
    console: Console, monkeypatch: pytest.MonkeyPatch, code: str | None, said: str
) -> None:
    """Its own error, not one of initdb; the fix is typed where it was printed."""
    monkeypatch.syspath_prepend(console.folder)
    if code:
        (console.folder / "shop_of_usage.py").write_text(code + "\n")
    done = flask(console, monkeypatch, "initdb", "status", "--json", FLASK_APP="shop_of_usage")
    error = one_document(done, "status")
    assert (done.exit_code, error["reference"]) == (2, "bad-app")
    context = error["context"]
    assert isinstance(context, list) and context[0].startswith(said), context
    assert str(error["fix"]).endswith("name another one in FLASK_APP, then: flask initdb run")
    assert "Traceback" not in done.output
