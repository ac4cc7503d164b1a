"""The command `initdb`, and `python -m initdb`."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command that the arguments name, and end the process."""
    try:
        _main()
    except KeyboardInterrupt:  # while modules are imported, which is why that happens in here
        sys.exit(INTERRUPTED)


def _main() -> None:
    from initdb.cli.handover import is_for_postgresql
    from initdb.cli.root import make_group

    _speak_any_text()
    group = make_group()
    words = sys.argv[1:]
    if is_for_postgresql(words, group.commands):
        _hand_over(words)
    group.main(prog_name="initdb")


def _hand_over(words: list[str]) -> None:
    from initdb.cli.calling.call import Call
    from initdb.cli.calling.usage import asks_for_json
    from initdb.cli.handover import hand_over
    from initdb.cli.output.screen import Screen
    from initdb.errors import InitError

    try:
        hand_over(words)
    except InitError as error:
        call = Call("", {}, debug=False, screen=Screen(as_json=asks_for_json(words)))
        call.screen.fail(error.rendered())
        call.fail(error, error.exit_code)
        sys.exit(error.exit_code)


def _speak_any_text() -> None:
    """Let no output fail: escape characters that the encoding lacks, and swallow all for a closed stream."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - kept open
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
