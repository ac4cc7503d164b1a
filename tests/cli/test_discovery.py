"""What is read in a folder: applications, models and directories, in the forms in which people write them."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.cli.discovery import reading
from initdb.cli.discovery.boot_line import with_boot_line
from initdb.cli.discovery.folder import Folder, look_into
from initdb.cli.discovery.proposal import propose
from initdb.cli.discovery.reading import Contents, project_folder, read_contents
from initdb.cli.discovery.toml_text import with_settings
from tests.errors.plain_user import as_plain_user

FLASK = "from flask import Flask\n"
BASE = "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass\n"
TABLE = "class T(Base):\n    __tablename__ = 't'\n"


def found_in(files: Mapping[str, str], **environ: str) -> Folder:
    """What is in a folder with these files, which need not exist: it is a function of their contents."""
    python = {path: text.encode() for path, text in files.items() if path.endswith(".py")}
    inis = {path: text.encode() for path, text in files.items() if path.endswith(".ini")}
    dotenv = {path: text.encode() for path, text in files.items() if path in (".env", ".flaskenv")}
    pyproject = files.get("pyproject.toml")
    return look_into(
        Contents(Path("/p"), python, inis, pyproject.encode() if pyproject else None, dotenv, environ)
    )


@pytest.mark.parametrize(
    ("files", "best"),
    [
        ({"app.py": FLASK + "app = Flask(__name__)\n"}, ["app:app"]),
        ({"app.py": "import flask\nserver = flask.Flask('x')\n"}, ["app:server"]),
        ({"app.py": FLASK + "class Own(Flask): pass\napplication = Own('x')\n"}, ["app:application"]),
        (
            {
                "app.py": "def create_app():\n    from flask import Flask\n"
                "    app = Flask('x')\n    return app\n"
            },
            ["app:create_app"],
        ),
        ({"app.py": FLASK + "def create_app():\n    return Flask('x')\n"}, ["app:create_app"]),
        (
            {
                "app.py": FLASK + "def create_app():\n    app: Flask = Flask('x')\n"
                "    return init_app(app, db)\n"
            },
            ["app:create_app"],
        ),
        (
            {
                "shop/__init__.py": "from .factory import create_app\n",
                "shop/factory.py": FLASK + "def _make(c): return Flask(c)\n"
                "def create_app(): return _make(1)\n",
                "wsgi.py": "from shop import create_app\napp = create_app()\n",
            },
            ["shop.factory:create_app"],
        ),
        (
            {
                "shop/__init__.py": FLASK + "def create_app(config):\n    app = Flask('x')\n    return app\n",
                "flasky.py": "import os\nfrom shop import create_app\n"
                "app = create_app(os.getenv('CONFIG') or 'x')\n",
            },
            ["flasky:app"],
        ),
        ({"app.py": FLASK + "if __name__ == '__main__':\n    app = Flask('x')\n"}, []),
        ({"app.py": FLASK + "def helper():\n    app = Flask('x')\n    return 1\n"}, []),
        ({"a.py": FLASK + "app = Flask('a')\n", "b.py": FLASK + "app = Flask('b')\n"}, ["a:app", "b:app"]),
        (
            {
                "a.py": FLASK + "app = Flask('a')\n",
                "b.py": FLASK + "app = Flask('b')\n",
                ".env": "FLASK_APP='b.py'",
            },
            ["b:app"],
        ),
        ({"src/shop/__init__.py": FLASK + "app = Flask('a')\n"}, ["shop:app"]),
    ],
)
def test_flask_applications(files: Mapping[str, str], best: list[str]) -> None:
    """Objects, factories, factories of factories, calls with arguments, FLASK_APP."""
    assert [one.name for one in found_in(files).best] == best


@pytest.mark.parametrize(
    ("value", "best"),
    [
        ("b.py", "b:create_app"),
        ("./b.py", "b:create_app"),
        ("b", "b:create_app"),
        ("b:create_app", "b:create_app"),
        ("b:create_app()", "b:create_app"),
        ("b:create_app('x')", None),
        ("elsewhere:app", None),
    ],
)
def test_flask_app_as_flask_reads_it(value: str, best: str | None) -> None:
    """A file, a module, an attribute, a call; what it does not settle is left open."""
    factory = FLASK + "def create_app():\n    return Flask('x')\n"
    found = found_in({"a.py": factory, "b.py": factory}, FLASK_APP=value)
    assert [one.name for one in found.best] == ([best] if best else ["a:create_app", "b:create_app"])


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"m.py": BASE + TABLE}, ["m:Base"]),
        (
            {
                "m.py": "from sqlalchemy.ext.declarative import declarative_base\n"
                "Base = declarative_base()\n" + TABLE
            },
            ["m:Base"],
        ),
        ({"m.py": "import sqlalchemy.orm as orm\nBase = orm.declarative_base()\n" + TABLE}, ["m:Base"]),
        (
            {
                "m.py": "from sqlalchemy.orm import as_declarative\n"
                "@as_declarative()\nclass Base: pass\n" + TABLE
            },
            ["m:Base"],
        ),
        (
            {
                "m.py": "from sqlalchemy.orm import registry\nr = registry()\n"
                "Base = r.generate_base()\n" + TABLE
            },
            ["m:Base"],
        ),
        ({"m.py": "import sqlalchemy as sa\nmeta = sa.MetaData()\nt = sa.Table('t', meta)\n"}, ["m:meta"]),
        ({"m.py": "from sqlmodel import SQLModel\nclass Form(SQLModel): pass\n"}, []),
        (
            {
                "m.py": "from sqlmodel import SQLModel\nclass A(SQLModel): pass\n"
                "class B(A, table=True): pass\n"
            },
            ["m:SQLModel"],
        ),
        ({"m.py": BASE}, []),
        ({"m.py": BASE + "class Abstract(Base):\n    __abstract__ = True\n"}, []),
        (
            {"m.py": BASE + "class Abstract(Base):\n    __abstract__ = True\nclass T(Abstract): pass\n"},
            ["m:Base"],
        ),
        ({"b.py": BASE, "m.py": "from b import *\n" + TABLE}, ["m:Base"]),
        ({"b.py": BASE, "m.py": "import b\nclass T(b.Base): pass\n"}, [""]),
        ({"b.py": BASE, "m.py": "import b\nBase = b.Base\nclass T(Base): pass\n"}, ["m:Base"]),
        (
            {
                "s/__init__.py": "",
                "s/b.py": BASE,
                "s/a.py": "from .b import Base\n" + TABLE,
                "s/all.py": "from s.b import Base\nfrom s import a\n",
            },
            ["s.a:Base"],
        ),
        (
            {"s/__init__.py": "from s import t\n", "s/b.py": BASE, "s/t.py": "from .b import Base\n" + TABLE},
            ["s.b:Base"],
        ),
        (
            {
                "s/b.py": BASE + TABLE,
                "s/c.py": "from .b import Base\n" + TABLE,
                "s/d.py": "from .b import Base\n" + TABLE,
                "s/testing/all.py": "from s.b import Base\nimport s.c, s.d\n",
            },
            [""],
        ),
    ],
)
def test_models(files: Mapping[str, str], names: list[str]) -> None:
    """Each kind of base, and the shortest name of a module whose import loads all tables."""
    assert [one.name for one in found_in(files).models] == names


def test_the_models_of_env_py_are_taken_if_they_are_all() -> None:
    """Of two bases the one that is compared; of two names the one that env.py uses."""
    env = "from alembic import context\nfrom s.all import Base\ntarget_metadata = [Base.metadata]\n"
    files = {
        "s/b.py": BASE,
        "s/a.py": "from .b import Base\n" + TABLE,
        "s/all.py": "from s.a import Base\n",
        "s/other.py": BASE + TABLE,
        "migrations/env.py": env,
    }
    assert propose(found_in(files), ()).settings == {"metadata": "s.all:Base", "migrations": "migrations"}
    undecided = propose(found_in({**files, "migrations/env.py": "import alembic"}), ()).undecided
    assert undecided == [
        "Which models are they? initdb init --metadata s.a:Base; or: initdb init --metadata s.other:Base"
    ]


def test_a_circle_of_imports_ends() -> None:
    """Names that only refer to each other mean nothing."""
    circle = {
        "a.py": "from b import app\nfrom b import *\n",
        "b.py": "from a import app\nfrom a import *\nx = x\n",
    }
    found = found_in({**circle, "c.py": "from a import app, Base\nclass T(Base): pass\nz = app()\n"})
    assert (found.best, found.models) == ((), ())


def test_the_limits_of_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large and many files, links, pipes: it ends, and says that there is more."""
    (tmp_path / "large.py").write_bytes(b"#" * 2_000)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self.py").symlink_to("self.py")
    os.mkfifo(tmp_path / "pipe.py")
    for number in range(5):
        (tmp_path / f"m{number}.py").write_text("import flask\n")
    monkeypatch.setattr(reading, "LARGEST_FILE", 1_000)
    monkeypatch.setattr(reading, "MOST_FILES", 3)
    contents = read_contents(tmp_path, {})
    assert list(contents.python) == ["m0.py", "m1.py", "m2.py"]
    assert look_into(contents).wrong == (
        "large.py: it cannot be read",
        "there are more files, which were not looked at",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '[tool.initdb]\nnew = "x"\n'),
        ("[a]\nb = 1", '[a]\nb = 1\n\n[tool.initdb]\nnew = "x"\n'),
        ("[a]\r\nb = 1\r\n", '[a]\r\nb = 1\r\n\r\n[tool.initdb]\r\nnew = "x"\r\n'),
        ("[tool.initdb]\n# none\n\n# of a\n[a]\n", '[tool.initdb]\nnew = "x"\n# none\n\n# of a\n[a]\n'),
        (
            '[tool.initdb.databases]\nb = "c"\n',
            '[tool.initdb.databases]\nb = "c"\n\n[tool.initdb]\nnew = "x"\n',
        ),
        ('[tool]\ninitdb.app = "a"\n', None),
        ("[tool]\ninitdb = {}\n", None),
        ("tool = 1\n", None),
        (
            '[a]\nb = """\n[tool.initdb]\n"""\n',
            '[a]\nb = """\n[tool.initdb]\n"""\n\n[tool.initdb]\nnew = "x"\n',
        ),
        (
            '[ tool . initdb ] # x\nb = """\n[c]\n"""\n',
            '[ tool . initdb ] # x\nnew = "x"\nb = """\n[c]\n"""\n',
        ),
    ],
)
def test_a_table_of_pyproject(text: str, expected: str | None) -> None:
    """Its place, the ends of lines, what looks like a table and is none."""
    assert with_settings(text, ("tool", "initdb"), {"new": "x"}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# ours\na = 1\n\n# others\n[databases]\n", '# ours\na = 1\nnew = "x"\n\n# others\n[databases]\n'),
        ('a = """\n[b]\n"""\n', 'new = "x"\na = """\n[b]\n"""\n'),
    ],
)
def test_the_top_of_a_file(text: str, expected: str) -> None:
    """Before the first table, or at the very beginning."""
    assert with_settings(text, (), {"new": "x"}) == expected


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
)
def test_any_value_is_written_so_that_it_is_read_again(text: str, items: list[str]) -> None:
    """Quotes, backslashes, control characters."""
    written = with_settings("", (), {"a": text, "b": items})
    assert written is not None
    assert tomllib.loads(written) == {"a": text, "b": items}


DB = {"x.py": "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            '"""App."""\nfrom flask import Flask\nfrom x import db\n\ndef create_app():\n'
            '    app = Flask("a")\n    return app\n',
            '"""App."""\nfrom flask import Flask\nfrom x import db\nfrom initdb import init_app\n\n'
            "def create_app():\n"
            '    app = Flask("a")\n    init_app(app, db)\n    return app\n',
        ),
        (
            "from flask import Flask\nfrom x import db as store\n"
            'app = Flask("a")\n\nif __name__ == "__main__":\n'
            "    app.run()",
            "from flask import Flask\nfrom x import db as store\n"
            'from initdb import init_app\napp = Flask("a")\n\n'
            'init_app(app, store)\nif __name__ == "__main__":\n    app.run()\n',
        ),
        (
            'from flask import Flask\napp = Flask("a")\nfrom x import db\n',
            "from flask import Flask\nfrom initdb import init_app\n"
            'app = Flask("a")\nfrom x import db\ninit_app(app, db)\n',
        ),
        (
            "def create_app():\n    from flask import Flask\n"
            '    app = Flask("a")\n    def view():\n        return 1\n'
            "    return app\n",
            "from initdb import init_app\nfrom x import db\ndef create_app():\n    from flask import Flask\n"
            '    app = Flask("a")\n    def view():\n        return 1\n'
            "    init_app(app, db)\n    return app\n",
        ),
        (
            "from flask import Flask\ndef create_app():\n"
            '    if x: return None\n    app = Flask("a")\n'
            "    return app\n",
            None,
        ),
        ('from flask import Flask\ndef create_app(): app = Flask("a"); return app\n', None),
        ('from flask import Flask\nfrom q import init_app\napp = Flask("a")\n', None),
    ],
)
def test_the_line_that_boots(source: str, expected: str | None) -> None:
    """Before the only return of a factory, or at the end of a module; where it is not clear, nowhere."""
    found = found_in({**DB, "app.py": source})
    (application,) = found.applications
    assert with_boot_line(source, application, found.names, "x.db") == expected


def test_a_folder_of_somebody_else() -> None:
    """What this user may not look into is passed over."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("closed", "open"):
            (place / name).mkdir()
            (place / name / "app.py").write_text("import flask\n")
        (place / "closed").chmod(0o700)
        place.chmod(0o755)
        assert list(as_plain_user(lambda: read_contents(place, {})).python) == ["open/app.py"]


def test_a_user_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs with any number as its user."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 4_242_424)
    assert project_folder(tmp_path) == tmp_path
