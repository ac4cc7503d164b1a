"""Who writes an event: this process, its user, its container, and its role in the database."""

from __future__ import annotations

import functools
import os
import pwd
import re
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from initdb.events.statements import AnyConnection, run

MOUNTS = Path("/proc/self/mountinfo")
"""Linux's list of this process's mounts."""

LONGEST = 253
"""The longest name of a pod, and so of anything that the environment says, in characters."""

_DIGITS = 12
"""How many digits of a container's id its tools print."""

_ID = re.compile(r"/([0-9a-f]{64})/")


def this_process(app: str, environment: Mapping[str, str] = os.environ) -> dict[str, object]:
    """Name this process, for the journal. What is not known is left out.

    Args:
        app: The application, for people.
        environment: The environment variables.
    """
    from initdb import __version__

    uid = os.geteuid()
    more = {"user": user_of(uid), "pod": pod_of(environment), "container": _container()}
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "app": app,
        "initdb": __version__,
        "python": sys.version.split()[0],
        "uid": uid,
        **{name: said for name, said in more.items() if said},
    }


@functools.cache
def user_of(uid: int) -> str:
    """The name of a user of this system; empty if it has none, as a random user in a container."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def pod_of(environment: Mapping[str, str]) -> str:
    """The name of the Kubernetes pod of this process; empty outside of one.

    It is that of POD_NAME, which a pod's specification can set by the downward API. Else it is HOSTNAME, if
    Kubernetes has started the container: this is the pod's name, unless it uses the network of its node.

    Args:
        environment: The environment variables.

    Example:
        >>> pod_of({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "shop-5d9f-x2x"})
        'shop-5d9f-x2x'
    """
    inside = "KUBERNETES_SERVICE_HOST" in environment
    return (environment.get("POD_NAME") or (inside and environment.get("HOSTNAME")) or "")[:LONGEST]


@functools.cache
def _container() -> str:
    """The id of this process's container; empty outside of one. A process never moves to another."""
    try:
        with MOUNTS.open(encoding="utf-8", errors="replace") as lines:
            return container_in(lines)
    except OSError:
        return ""


def container_in(mounts: Iterable[str]) -> str:
    """The first digits of a container's id, by the place of its /etc/hostname on the host.

    Docker, Podman, CRI-O and containerd mount that file from a folder of the container. In a pod, it is the
    folder of the pod's sandbox, whose id `crictl pods` lists.

    Args:
        mounts: The lines of mountinfo (proc_pid_mountinfo(5)): the fourth field is the path on the host's
            file system, the fifth that of this process.

    Returns:
        Twelve digits, as Docker prints them; empty if there is no such mount.
    """
    for line in mounts:
        fields = line.split(" ")
        if len(fields) > 4 and fields[4] == "/etc/hostname":
            found = _ID.search(fields[3])
            return found[1][:_DIGITS] if found else ""
    return ""


def in_database(connection: AnyConnection, name: str) -> tuple[int | None, dict[str, object]]:
    """Name the session of this process at a server, in one statement.

    Args:
        connection: In a transaction.
        name: The database: "postgresql" or "sqlite".

    Returns:
        The server's process, None if there is no server; and the role that logged in, with the one
        as which it works if that is another one.
    """
    if name != "postgresql":
        return None, {}
    said = "SELECT pg_catalog.pg_backend_pid(), session_user, current_user"
    backend, role, acting = run(connection, said)[0]
    return int(backend), {"role": role, **({"acting_as": acting} if acting != role else {})}
