"""Which processes serve, and which only load the application."""

from __future__ import annotations

import click
import pytest
from flask import Flask
from flask.cli import FlaskGroup, ScriptInfo

from initdb.flask.serving import command_line_serves, serves


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/venv/bin/gunicorn -w 4 shop:app", True),
        ("/venv/bin/gunicorn --check-config shop:app", False),
        ("/venv/bin/uvicorn shop:asgi", True),
        ("/venv/bin/waitress-serve --call shop:create_app", True),
        ("serve.py", True),
        ("/venv/bin/pytest -q", True),
        ("/venv/bin/flask --app shop run", True),
        ("/venv/bin/flask --app shop db upgrade", False),
        ("/venv/lib/python3/site-packages/flask/__main__.py routes", False),
        ("/venv/bin/celery -A shop worker", True),
        ("/venv/bin/celery -A shop beat", True),
        ("/venv/bin/celery -A shop inspect ping", False),
        ("/venv/bin/alembic upgrade head", False),
        ("/venv/lib/python3/site-packages/alembic/__main__.py upgrade head", False),
        ("", True),
    ],
)
def test_by_the_command_line(line: str, expected: bool) -> None:
    """Where click is not at work, the program and its words tell."""
    assert command_line_serves(line.split(" ")) is expected


class TestByClick:
    """Where click is at work, its contexts tell, whatever the program is called."""

    @pytest.fixture
    def seen(self) -> list[bool]:
        return []

    @pytest.fixture
    def group(self, seen: list[bool]) -> FlaskGroup:
        """A project's own `manage.py`."""

        def create_app() -> Flask:
            seen.append(serves())
            return Flask("shop")

        group = FlaskGroup(name="manage", create_app=create_app)

        @group.command("run")
        @click.option("--reload/--no-reload", default=None)
        @click.pass_obj
        def _run(info: ScriptInfo, reload: bool | None) -> None:
            info.load_app()

        return group

    def call(self, group: FlaskGroup, *words: str) -> None:
        group.main(list(words), prog_name="manage.py", standalone_mode=False)

    def test_run_serves(self, group: FlaskGroup, seen: list[bool]) -> None:
        self.call(group, "run")
        assert seen == [True]

    def test_another_command_does_not(self, group: FlaskGroup, seen: list[bool]) -> None:
        self.call(group, "routes")
        assert seen == [False]

    def test_looking_for_a_command_of_the_application_does_not(
        self, group: FlaskGroup, seen: list[bool]
    ) -> None:
        with pytest.raises(click.UsageError):
            self.call(group, "unheard-of")
        assert seen == [False]

    def test_the_reloaders_parent_does_not_and_its_child_does(
        self, group: FlaskGroup, seen: list[bool], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.call(group, "run", "--reload")
        self.call(group, "--debug", "run")
        self.call(group, "--debug", "run", "--no-reload")
        monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
        self.call(group, "run", "--reload")
        assert seen == [False, False, True, True]

    def test_a_server_that_uses_click_serves(self) -> None:
        """uvicorn's command, or a project's own."""
        seen = []

        @click.command("uvicorn")
        def serve() -> None:
            seen.append(serves())

        serve.main([], standalone_mode=False)
        assert seen == [True]
