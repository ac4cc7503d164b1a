"""Who writes an event: what a process says of itself, and what it is in the database."""

from __future__ import annotations

import os
import pwd
import socket
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from initdb import __version__
from initdb.events.sessions import session
from initdb.statemachine import author
from initdb.statemachine.author import LONGEST, container_in, in_database, pod_of, this_process, user_of
from initdb.statemachine.render.sentences import place, who, writer
from tests.statemachine.stages import Stage, either

__all__ = ["either"]

ID = "3f2a9c" + "0" * 58
ROOT = "22 1 8:1 / / rw - ext4 /dev/sda1 rw"


def test_a_process_outside_of_a_container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is said of what it has not."""
    monkeypatch.setattr(author, "MOUNTS", tmp_path / "none")
    author._container.cache_clear()
    assert this_process("shop", {}) == {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "app": "shop",
        "initdb": __version__,
        "python": sys.version.split()[0],
        "uid": os.geteuid(),
        "user": pwd.getpwuid(os.geteuid()).pw_name,
    }


def test_a_process_in_a_container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its container and its pod are named. A user without a name is its number alone."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"9 1 8:1 /x/containers/{ID}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n")
    monkeypatch.setattr(author, "MOUNTS", mounts)
    monkeypatch.setattr(author, "user_of", lambda uid: "")
    author._container.cache_clear()
    by = this_process("shop", {"POD_NAME": "shop-1"})
    author._container.cache_clear()
    assert (by["pod"], by["container"]) == ("shop-1", ID[:12])
    assert "user" not in by and by["uid"] == os.geteuid()


def test_a_user_without_an_entry() -> None:
    """The name is empty."""
    assert not user_of(2_000_000_011)


@pytest.mark.parametrize(
    ("environment", "pod"),
    [
        ({}, ""),
        ({"HOSTNAME": "web-1"}, ""),
        ({"HOSTNAME": "shop-1", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "shop-1"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, ""),
        ({"HOSTNAME": "node-1", "POD_NAME": "shop-1", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "shop-1"),
        ({"POD_NAME": "p" * 9000}, "p" * LONGEST),
    ],
)
def test_the_name_of_a_pod(environment: dict[str, str], pod: str) -> None:
    """POD_NAME has it; else HOSTNAME, in a container of Kubernetes."""
    assert pod_of(environment) == pod


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (f"/var/lib/docker/containers/{ID}/hostname", ID[:12]),
        (f"/var/lib/containers/storage/overlay-containers/{ID}/userdata/hostname", ID[:12]),
        (f"/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/{ID}/hostname", ID[:12]),
        ("/etc/hostname", ""),
    ],
)
def test_the_id_of_a_container(where: str, found: str) -> None:
    """It is the folder of the file that is mounted at /etc/hostname."""
    mount = f"736 729 8:1 {where} /etc/hostname rw,relatime - ext4 /dev/sda1 rw"
    other = f"735 729 8:1 /lib/{'1' * 64}/volume /data rw - ext4 /dev/sda1 rw"
    assert container_in([ROOT, "", other, mount]) == found
    assert not container_in([ROOT, other])


def test_every_event_of_a_run_names_the_role(either: Stage) -> None:
    """It is known from the first event on. SQLite has no roles."""
    either.go()
    roles = {entry.by.get("role") for entry in either.entries()}
    assert roles == ({"postgres"} if either.engine.dialect.name == "postgresql" else {None})


def test_a_role_that_acts_as_another(either: Stage) -> None:
    """Both are named."""
    with session(either.engine) as connection:
        name = either.engine.dialect.name
        if name == "sqlite":
            assert in_database(connection, name) == (None, {})
            return
        connection.execute(text("SET LOCAL ROLE pg_monitor"))
        backend, role = in_database(connection, name)
        assert role == {"role": "postgres", "acting_as": "pg_monitor"} and isinstance(backend, int)


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ({}, "?, initdb ?"),
        ({"app": "shop", "initdb": "0.1.0", "host": "web-1", "pid": 4}, "shop, initdb 0.1.0"),
        (
            {"app": "shop", "initdb": "1", "user": "deploy", "uid": 7, "role": "shop_owner"},
            "shop, initdb 1, user deploy, role shop_owner",
        ),
        ({"app": "shop", "initdb": "1", "uid": 7}, "shop, initdb 1, user 7"),
        ({"app": "a", "initdb": "1", "role": "r", "acting_as": "o"}, "a, initdb 1, role r acting as o"),
        ({"app": "a", "initdb": "1", "pod": "p-1", "container": "3f"}, "a, initdb 1, pod p-1"),
        ({"app": "a", "initdb": "1", "container": "3f\x1b[2J"}, "a, initdb 1, container 3f\\x1b[2J"),
        ({"app": ["{}"], "initdb": {"{uid}": 1}, "user": None, "role": "{pod}"}, None),
    ],
)
def test_the_journal_names_the_writer(by: dict[str, object], said: str | None) -> None:
    """Entries of older versions say less, and an entry may say anything."""
    assert place(by) and who(by)
    assert writer(by) == said if said else "role {pod}" in writer(by)
