"""Applications that make or migrate their tables themselves when they start, as `initdb init` reads them."""

from __future__ import annotations

import json

import pytest

from tests.cli.console import Console
from tests.cli.test_discovery import found_in

FACTORY = (
    "from flask import Flask\n{head}\ndef create_app():\n    app = Flask(__name__)\n{body}\n    return app\n"
)
COMMAND = "    @app.cli.command()\n    def deploy():\n        upgrade()\n        db.create_all()"
SETUP = (
    "from flask_migrate import upgrade as up\ndef setup(app):\n    with app.app_context():\n        up('m')\n"
)
AT_IMPORT = """from flask import Flask
from s.db import db
app = Flask('s')
with app.app_context():
    db.create_all()
"""


def factory(body: str, head: str = "") -> str:
    """An application module."""
    return FACTORY.format(body=body, head=head)


@pytest.mark.parametrize(
    ("files", "rivals"),
    [
        ({"s.py": factory("    upgrade()", "from flask_migrate import upgrade")}, ["s.py 5 upgrade"]),
        ({"s.py": factory("    import flask_migrate\n    flask_migrate.upgrade()")}, ["s.py 6 upgrade"]),
        (
            {"s.py": factory("    command.upgrade(config, 'head')", "from alembic import command")},
            ["s.py 5 upgrade"],
        ),
        (
            {"s/__init__.py": factory("    setup(app)", "from .up import setup"), "s/up.py": SETUP},
            ["s/up.py 4 upgrade"],
        ),
        ({"s/app.py": AT_IMPORT, "s/db.py": "import x\ndb = x.Y()\n"}, ["s/app.py 5 create_all"]),
        ({"s.py": factory(COMMAND, "from flask_migrate import upgrade")}, []),
        (
            {"s.py": factory("    setup(app)", "from flask_migrate import upgrade\ndef setup(a): setup(a)")},
            [],
        ),
        ({"s.py": factory("    pass"), "t.py": SETUP}, []),
    ],
)
def test_the_calls_at_the_start(files: dict[str, str], rivals: list[str]) -> None:
    """From the module and its function on, through others; not in what is only defined there."""
    assert [f"{one.path} {one.line} {one.call}" for one in found_in(files).rivals] == rivals


def test_they_are_to_be_taken_out(console: Console) -> None:
    """`initdb init` says it, on the screen and in JSON; without the call it does not."""
    module = console.folder / "shop.py"
    (console.folder / "db.py").write_text("from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n")
    module.write_text(factory("    upgrade()", "from flask_migrate import upgrade"))
    line = "shop.py, line 5: upgrade() applies the revisions whenever the application starts. Take it out"
    assert line in console("init").output
    assert line in str(json.loads(console("init", "--json").output)["needed"])
    module.write_text(factory("    pass"))
    assert "Take it out" not in console("init").output
