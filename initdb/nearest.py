"""The nearest known name to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a mistyped name probably means; None if none is near.

    Upper case, hyphens and underscores do not count.

    Args:
        name: What was typed.
        known: The names that there are.

    Example:
        >>> nearest("lock-timout", ["lock_timeout", "wait_limit"])
        'lock_timeout'
    """
    from difflib import get_close_matches

    plain = {_plain(candidate): candidate for candidate in known}
    found = get_close_matches(_plain(name[:100]), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The text "; did you mean …?" with the nearest name; empty if none is near."""
    found = nearest(name, known)
    return f"; did you mean {found}?" if found else ""


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
