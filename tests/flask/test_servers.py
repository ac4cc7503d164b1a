"""Boots under common servers: one run for a database, with any number of processes."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.support.flask_site import READY, FlaskSite, free_port
from tests.support.waiting import wait_until

FIRST_BOOT = ["journal_created", "run_started", *READY]
QUIETLY = ("--without-gossip", "--without-mingle", "--without-heartbeat")


def test_flask_run(site: FlaskSite) -> None:
    """`flask run` makes an empty database ready before it serves, and says how far it is."""
    port = free_port()
    with site.serving("flask", "--app", "site_app", "run", "-p", str(port), port=port) as served:
        status, body, _ = served.get()
    assert (status, body.split()[1]) == (200, "tea")
    assert site.events() == FIRST_BOOT
    assert re.search(r"initdb\[\d+\]: created 1 table: product", served.log)
    assert re.search(r"initdb\[\d+\]: the database is ready \(\d+ ms\)", served.log)


def test_flask_run_with_the_reloader(sqlite_site: FlaskSite) -> None:
    """The reloader's parent leaves the database alone; the child works, and finds it ready when restarted."""
    site, port = sqlite_site, free_port()
    command = ("flask", "--app", "site_app", "run", "--debug", "-p", str(port))
    with site.serving(*command, port=port) as served:
        first = served.get()[1]
        assert site.events() == FIRST_BOOT
        assert f"initdb[{served.process.pid}]" not in served.log
        path = site.folder / "site_app.py"
        path.write_text(path.read_text().replace('return f"{os', 'return f"again {os'))
        assert served.comes_to("again"), served.log
    assert first.split()[1] == "tea"
    assert site.events()[: len(FIRST_BOOT)] == FIRST_BOOT
    assert site.events().count("schema_created") == 1


def test_the_reloader_ends_with_a_boot_that_cannot_succeed(sqlite_site: FlaskSite) -> None:
    """Exit code 3 would make the reloader start the same again for ever."""
    port = free_port()
    command = ("flask", "--app", "site_app", "run", "--debug", "-p", str(port))
    with sqlite_site.serving(*command, INITDB_MODE="check") as served:
        assert served.ends() == 1
    assert served.log.count("error: pending-work") == 1


@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["workers", "preload"])
def test_gunicorn(site: FlaskSite, preload: list[str]) -> None:
    """Four workers boot at once, or their master before them: one run, and every worker serves."""
    port = free_port()
    command = ("gunicorn", "-w", "4", "-b", f"127.0.0.1:{port}", *preload, "site_app:create_app()")
    with site.serving(*command, port=port, STOCKING="0.5") as served:
        answers = [served.get() for _ in range(20)]
    assert {(status, body.split()[1]) for status, body, _ in answers} == {(200, "tea")}
    assert site.events() == FIRST_BOOT
    assert site.names() == ["tea"]
    if not preload:
        assert "waiting: site_app on" in served.log


def test_after_preload_no_connection_is_shared_by_the_workers(site: FlaskSite) -> None:
    """gunicorn forks after the boot: the master has no connection that its workers could inherit."""
    port = free_port()
    command = ("gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "--preload", "site_app:create_app()")
    with site.serving(*command, port=port) as served:
        open_files = [str(link.readlink()) for link in Path(f"/proc/{served.process.pid}/fd").iterdir()]
        if site.url.startswith("postgresql"):
            others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            assert site.sql(f"{others} AND pid <> pg_backend_pid()") == [(0,)]
        assert not [path for path in open_files if "test.db" in path]


def test_gunicorn_ends_where_the_workers_cannot_boot(site: FlaskSite) -> None:
    """A failed boot halts the master with code 3 instead of making it start workers for ever."""
    port = free_port()
    command = ("gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "site_app:create_app()")
    with site.serving(*command, SPOILT="1") as served:
        assert served.ends() == 3
    assert "error: seed-callable-failed" in served.log
    assert "Traceback" not in served.log
    assert site.events().count("step_failed") == 1


def test_gunicorn_preload_ends_with_the_error(sqlite_site: FlaskSite) -> None:
    """The master itself boots and exits 1."""
    port = free_port()
    command = ("gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "--preload", "site_app:create_app()")
    with sqlite_site.serving(*command, SPOILT="1") as served:
        assert served.ends() == 1
    assert served.log.count("error: seed-callable-failed") == 1


def test_work_may_take_longer_than_gunicorns_timeout(sqlite_site: FlaskSite) -> None:
    """The worker that works and those that wait report to the master meanwhile, and are not killed."""
    port = free_port()
    bind = ("-b", f"127.0.0.1:{port}", "--timeout", "1")
    command = ("gunicorn", "-w", "2", *bind, "site_app:create_app()")
    with sqlite_site.serving(*command, port=port, STOCKING="3.5") as served:
        assert served.get()[0] == 200
    assert "WORKER TIMEOUT" not in served.log
    assert sqlite_site.events() == FIRST_BOOT


def test_a_celery_worker(site: FlaskSite) -> None:
    """The worker boots before it takes tasks; `celery call` and `celery report` leave the database alone."""
    result = site.folder / "names.txt"
    assert site.run("celery", "-A", "tasks", "report").returncode == 0
    assert site.tables() == []
    with site.serving("celery", "-A", "tasks", "worker", "-c", "2", "-l", "INFO", *QUIETLY) as served:
        assert wait_until(lambda: " ready." in served.log or served.process.poll() is not None), served.log
        called = site.run("celery", "-A", "tasks", "call", "tasks.write_names", "-a", f'["{result}"]')
        assert called.returncode == 0, called.stderr
        assert wait_until(lambda: result.exists() and result.read_text() != ""), served.log
        served.kill()  # it would take its time to stop by itself
    assert result.read_text() == "tea"
    assert site.events() == FIRST_BOOT


def test_a_celery_worker_ends_where_it_could_only_answer_503(sqlite_site: FlaskSite) -> None:
    """It would take tasks on a database that is not ready."""
    ran = sqlite_site.run("celery", "-A", "tasks", "worker", SPOILT="1", INITDB_ON_FAILURE="serve-503")
    assert ran.returncode == 1
    assert "error: seed-callable-failed" in ran.stderr


def test_gunicorn_serves_503_where_so_configured(sqlite_site: FlaskSite) -> None:
    """Every worker says why, and the log has the whole error."""
    port = free_port()
    command = ("gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "site_app:create_app()")
    with sqlite_site.serving(*command, port=port, SPOILT="1", INITDB_ON_FAILURE="serve-503") as served:
        answers = [served.get(Accept="application/json") for _ in range(6)]
    assert {status for status, _, _ in answers} == {503}
    assert json.loads(answers[0][1])["reference"] == "seed-callable-failed"
    assert answers[0][2]["Retry-After"] == "10"
    assert re.search(r"stock.py line \d+\): ValueError", served.log)
    assert "the stock is spoilt" not in served.log


def test_a_plain_script(site: FlaskSite) -> None:
    """`python -c` that makes the application makes its database ready."""
    ran = site.run("site_app")
    assert ran.returncode == 0
    (site.folder / "script.py").write_text("import site_app\nsite_app.create_app()\n")
    ran = site.run("script")
    assert ran.returncode == 0, ran.stderr
    assert site.events() == FIRST_BOOT


@pytest.mark.parametrize("command", [("routes",), ("shell",), ("--help",)])
def test_other_flask_commands_leave_the_database_alone(
    sqlite_site: FlaskSite, command: tuple[str, ...]
) -> None:
    """They make the application, but do not serve."""
    ran = sqlite_site.run("flask", "--app", "site_app", *command)
    assert ran.returncode == 0, ran.stderr
    assert sqlite_site.tables() == []


def test_gunicorn_check_config_leaves_the_database_alone(sqlite_site: FlaskSite) -> None:
    """It loads the application and ends."""
    ran = sqlite_site.run("gunicorn", "--check-config", "site_app:create_app()")
    assert ran.returncode == 0, ran.stderr
    assert sqlite_site.tables() == []


def test_a_boot_that_waits_stops_on_a_signal(sqlite_site: FlaskSite) -> None:
    """SIGTERM ends a boot that works: the step is rolled back, and the code is 143.

    The journal says so, unless the seed sleeps already: then the process ends after 8 s, as if killed.
    """
    (sqlite_site.folder / "script.py").write_text("import site_app\nsite_app.create_app()\n")
    with sqlite_site.serving("script", STOCKING="30") as served:
        assert wait_until(lambda: "created 1 table" in served.log)
        served.process.send_signal(signal.SIGTERM)
        assert served.ends() == 128 + signal.SIGTERM
    assert "error: stopped" in served.log
    asleep = "ended as if killed, without an event" in served.log
    assert sqlite_site.events()[-1] == ("schema_created" if asleep else "run_stopped")
    assert sqlite_site.names() == []
