"""A tutorial as a script: files to write, files to change, and commands with what they print."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "tutorial.md"
HOME, HOST = "/home/ada/shop", "ada"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "--- printed ---"


@dataclass
class Place:
    """The folder that the tutorial works in, and the shell's environment, which its commands change."""

    folder: Path
    environment: dict[str, str]
    fixed: Mapping[str, str] = field(default_factory=dict)

    def write(self, text: str) -> None:
        """Write a file whose first line is a comment with its name."""
        first, _, rest = text.partition("\n")
        path = self.folder / first.removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rest)

    def change(self, text: str) -> None:
        """Apply a diff. Each of its parts must fit exactly once."""
        head, name, *lines = text.splitlines()
        assert head[4:] == name[4:], head
        path = self.folder / name[4:]
        for part in "\n".join(lines).split("\n@@\n"):
            old = "".join(f"{line[1:]}\n" for line in part.splitlines() if line[:1] != "+")
            new = "".join(f"{line[1:]}\n" for line in part.splitlines() if line[:1] != "-")
            content = path.read_text()
            assert content.count(old) == 1, f"{name}: {old}"
            path.write_text(content.replace(old, new))

    def type(self, command: str) -> str:
        """Run one command in a shell, and return what it prints."""
        done = subprocess.run(
            ["bash", "-c", f"{command}\necho '{_END}'; env -0"],
            cwd=self.folder,
            env={**self.environment, **self.fixed},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        printed, _, after = done.stdout.decode().rpartition(f"{_END}\n")
        self.environment = dict(pair.split("=", 1) for pair in after.split("\0") if "=" in pair)
        return printed


def blocks(text: str) -> Iterator[re.Match[str]]:
    """The fenced blocks: group 1 is the language, group 2 the content."""
    return _BLOCK.finditer(text)


def commands(content: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with what the page says that it prints."""
    parts = re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]
    return [(command, printed) for command, _, printed in (part.partition("\n") for part in parts)]


def as_on_the_page(printed: str, folder: Path) -> str:
    """What a command printed, as the page shows it: another folder, another host."""
    import pwd
    import socket

    text = printed.replace(str(folder), HOME)
    text = re.sub(r"bash: line \d+: +\d+ Killed .*", "Killed", text)
    text = re.sub(rf"\buser {re.escape(pwd.getpwuid(os.geteuid()).pw_name)}\b", f"user {HOST}", text)
    return re.sub(rf"\b{re.escape(socket.gethostname())}\b", HOST, text)


_VOLATILE = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+Z?", "<time>"),
    (r"\d\d:\d\d:\d\d\.\d+", "<time>"),
    (r"[\d,.]+ (ms|s)\b", "<duration>"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22,}", "<id>"),
    (r"\b[0-9a-f]{40,64}\b", "<hash>"),
    (r"\(process \d+\)|/\d+\b|\[\d+\]:", "<process>"),
    (r"sqlite \d+\.\d+\.\d+", "sqlite"),
    (r"initdb \d+\.\d+\.\w+(\.\w+)?", "initdb"),
    (r"[ ]+", " "),
)


def settled(text: str) -> str:
    """A text without what differs from run to run."""
    for pattern, instead in _VOLATILE:
        text = re.sub(pattern, instead, text)
    return text.strip()


def fresh_environment(programs: Path) -> dict[str, str]:
    """The environment of a person's shell: no setting of initdb, the programs of this environment first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INITDB_", "FLASK_"))}
    kept.pop("DATABASE_URL", None)
    return kept | {"PATH": f"{programs}:{kept['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
