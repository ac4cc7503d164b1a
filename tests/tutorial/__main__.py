"""Runs the tutorial, and writes what its commands print into the page: `python -m tests.tutorial`."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from tests.tutorial.script import DOCUMENT, Place, as_on_the_page, commands, fresh_environment


def written(text: str, folder: Path) -> str:
    """The page with what its commands print."""
    place = Place(folder, fresh_environment(Path(sys.executable).parent))

    def block(found: re.Match[str]) -> str:
        language, content = found[1], found[2]
        if language == "python":
            place.write(content)
        elif language == "diff":
            place.change(content)
        elif language == "console":
            printed = [(line, as_on_the_page(place.type(line), folder)) for line, _ in commands(content)]
            content = "".join(f"$ {line}\n{said}" for line, said in printed)
        return f"```{language}\n{content}```"

    return re.sub(r"^```(\w+)\n(.*?)^```$", block, text, flags=re.MULTILINE | re.DOTALL)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        DOCUMENT.write_text(written(DOCUMENT.read_text(), Path(name)))
